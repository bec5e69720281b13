import { describe, expect, test } from 'vitest';
import { readNotification } from '../../../src/client/notification-settings';

const ACTION = { action: 'review', title: 'Review' };

function problem(settings: unknown): string {
    try {
        readNotification(settings, 'raise');
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error('it was taken');
}

test('what is not given is left out, as None is in Python', () => {
    const settings = { title: 'New', body: null, clickInterop: undefined, data: { a: null } };
    expect(readNotification(settings, 'raise')).toEqual({ title: 'New', data: { a: null } });
});

test('all that io.Connect knows is taken', () => {
    const settings = {
        title: 'New',
        body: 'text',
        severity: 'High',
        requireInteraction: true,
        showInPanel: false,
        clickInterop: { method: 'Show', arguments: { id: 1 }, target: 'all' },
        actions: [ACTION, { action: 'x', title: 'X', icon: '/x.png', interop: { method: 'X' } }],
    };
    expect(readNotification(settings, 'raise')).toEqual(settings);
});

describe('what is wrong is said', () => {
    test.each([
        ['New', 'raise has to be a dict, not "New"'],
        [[], 'raise has to be a dict, not []'],
        [{ body: 'x' }, 'raise needs a title, a non-empty string'],
        [{ title: 'New', text: 'x' }, 'raise has an unknown key "text"'],
        [{ title: 'New', boddy: 'x' }, 'did you mean "body"?'],
        [{ title: 'New', body: 5 }, 'raise.body has to be a string, not 5'],
        [{ title: 'New', silent: 'yes' }, 'raise.silent has to be True or False, not "yes"'],
        [{ title: 'New', severity: 'high' }, 'severity cannot be "high": did you mean "High"?'],
        [{ title: 'New', renotify: true }, 'renotify needs a tag'],
        [{ title: 'New', clickInterop: 'Show' }, 'raise.clickInterop has to be a dict'],
        [{ title: 'New', clickInterop: {} }, 'raise.clickInterop needs a method'],
        [
            { title: 'New', clickInterop: { method: 'Show', arguments: [1] } },
            'raise.clickInterop.arguments have to be a dict, not [1]',
        ],
        [
            { title: 'New', clickInterop: { method: 'Show', target: 'skipMine' } },
            'raise.clickInterop.target cannot be "skipMine"',
        ],
        [{ title: 'New', actions: ACTION }, 'raise.actions has to be a list of dicts'],
        [{ title: 'New', actions: [{ action: 'a' }] }, 'raise.actions[0] needs title'],
        [{ title: 'New', actions: [ACTION, ACTION] }, 'two actions are called "review"'],
        [
            { title: 'New', actions: [{ ...ACTION, interop: { metod: 'x' } }] },
            'raise.actions[0].interop has an unknown key "metod": did you mean "method"?',
        ],
        [
            {
                title: 'New',
                actions: Array.from({ length: 11 }, (_, index) => ({
                    ...ACTION,
                    action: `${index}`,
                })),
            },
            'a notification has 10 actions at most, not 11',
        ],
    ])('%j', (settings, said) => {
        expect(problem(settings)).toContain(said);
    });
});
