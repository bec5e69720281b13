import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ContextConflict } from '../../../src/client/context-errors';
import type { ContextChange } from '../../../src/client/contexts';
import { LibraryContexts } from '../../../src/client/library-contexts';
import { FakeLibraryPage } from '../support/fake-library-contexts';
import { outcome } from '../support/promises';

let page: FakeLibraryPage;
let contexts: LibraryContexts;

beforeEach(() => {
    vi.useFakeTimers();
    page = new FakeLibraryPage();
    contexts = new LibraryContexts(page);
});

afterEach(() => {
    vi.useRealTimers();
});

function flush(): Promise<unknown> {
    return vi.advanceTimersByTimeAsync(0);
}

function listen(name = 'Market') {
    const changes: ContextChange[] = [];
    const stop = contexts.subscribe(name, (change) => changes.push({ ...change }));
    return { changes, stop };
}

describe('a subscription', () => {
    test('hears the value first, then each change with its writer', async () => {
        page.write('Market', { px: 1 });
        const { changes, stop } = listen();
        await flush();
        page.write('Market', { px: 2 });
        await contexts.update('Market', { px: 3 });
        stop();
        await flush();
        page.write('Market', { px: 4 });
        const rest = { removed: [], version: undefined, isDestroyed: false };
        expect(changes).toEqual([
            { ...rest, data: { px: 1 }, delta: {}, updaterId: undefined, isMine: false },
            { ...rest, data: { px: 2 }, delta: { px: 2 }, updaterId: 'other', isMine: false },
            { ...rest, data: { px: 3 }, delta: { px: 3 }, updaterId: 'own', isMine: true },
        ]);
    });

    test('that has ended hears nothing, however late the library is', async () => {
        const { changes, stop } = listen();
        stop();
        page.write('Market', { px: 1 });
        await flush();
        expect(changes).toEqual([]);
    });

    test('outlives its context', async () => {
        page.write('Market', { px: 1 });
        const { changes } = listen();
        await flush();
        page.destroy('Market');
        await flush();
        expect(changes[1]).toMatchObject({ data: {}, removed: ['px'], isDestroyed: true });
        page.write('Market', { px: 2 });
        page.write('Market', { px: 3 });
        expect(changes.slice(2)).toMatchObject([
            { data: { px: 2 }, delta: {}, isDestroyed: false },
            { data: { px: 3 }, delta: { px: 3 } },
        ]);
    });

    test('outlives a context that goes before its value is told', async () => {
        const { changes } = listen();
        await flush();
        await page.comeAndGo('Market');
        await flush();
        page.write('Market', { px: 2 });
        expect(changes).toMatchObject([{ data: { px: 2 }, delta: {}, isDestroyed: false }]);
    });
});

describe('a write', () => {
    test('is not lost when somebody else was first to make the context', async () => {
        page.overtakenBy = { name: 'Market', data: { px: 0, size: 5 } };
        const writes = [1, 2, 3].map((px) => contexts.update('Market', { px }));
        await Promise.all(writes);
        expect(page.values.get('Market')).toEqual({ px: 3, size: 5 });
        expect(page.updates.map(([, { px }]: any) => px)).toEqual([1, 1, 2, 3]);
    });

    test('that replaces all is not lost, either', async () => {
        page.overtakenBy = { name: 'Market', data: { size: 5 } };
        await contexts.set('Market', { px: 1 });
        expect(page.values.get('Market')).toEqual({ px: 1 });
    });

    test('that makes the context is sent once', async () => {
        await contexts.update('Market', { px: 1 });
        expect(page.updates).toEqual([['Market', { px: 1 }]]);
    });

    test('does not wait for a value that goes while it is read, and what is behind it is done', async () => {
        page.goesWhileRead = true;
        const first = contexts.update('Market', { px: 1 });
        const second = contexts.update('Market', { size: 2 });
        await flush();
        page.goesWhileRead = false;
        page.destroy('Market');
        await Promise.all([first, second]);
        expect(page.values.get('Market')).toEqual({ size: 2 });
    });

    test('that the library never answers holds up the next one for its time only', async () => {
        page.write('Market', { px: 1 });
        page.neverAnswers = true;
        const first = contexts.update('Market', { px: 2 }, { timeoutMs: 1000 });
        const second = contexts.update('Market', { px: 3 });
        const { error } = await outcome(
            first.catch((reason) => {
                page.neverAnswers = false;
                throw reason;
            }),
            1000,
        );
        expect(error).toMatchObject({ message: expect.stringContaining('could not be written') });
        await second;
        expect(page.values.get('Market')).toEqual({ px: 3 });
    });

    test('may make a context after it could not be made', async () => {
        page.refusal = { reason: 'no more contexts', reason_uri: 'global.errors.failure' };
        const { error } = await outcome(contexts.update('Market', { px: 1 }));
        expect(error).toEqual(new Error('no more contexts'));
        page.refusal = undefined;
        await contexts.update('Market', { px: 2 });
        expect(page.values.get('Market')).toEqual({ px: 2 });
    });

    test('for a version is refused, as such a gateway has none', async () => {
        const { error } = await outcome(contexts.update('Market', {}, { ifVersion: 1 }));
        expect(error.message).toBe(
            'ifVersion needs a gateway of dash_interop, so the context Market was not written',
        );
    });

    test('of nonsense is refused before the library sees it', async () => {
        const { error } = await outcome(contexts.update('Market', { 'a.b': 1 }));
        expect(error.message).toContain('update cannot set the key "a.b"');
        expect(page.updates).toEqual([]);
    });

    test('that fails says why in an Error', async () => {
        const { error } = await outcome(contexts.destroy('Market'));
        expect(error).toEqual(new Error('context with Market does not exist'));
    });

    test('to the path of all replaces all', async () => {
        page.write('Market', { px: 1 });
        await contexts.setPath('Market', '', { size: 2 });
        await contexts.setPath('Market', 'px', 3);
        expect(await contexts.get('Market')).toEqual({ size: 2, px: 3 });
    });

    test('that makes a context finds one that is there already', async () => {
        page.write('Market', { px: 1 });
        await expect(contexts.create('Market', {})).rejects.toBeInstanceOf(ContextConflict);
        await contexts.create('News', { n: 1 });
        expect([...page.values]).toEqual([
            ['Market', { px: 1 }],
            ['News', { n: 1 }],
        ]);
    });
});

describe('an outage', () => {
    function lose(cache: Record<string, object>): void {
        page.contexts._bridge._contextsTempCache = cache;
        page.connection.say('disconnected');
    }

    async function comeBack(): Promise<void> {
        page.connection.say('announced', { name: 'interop' });
        page.connection.say('announced', { name: 'contexts' });
        await flush();
    }

    test('brings no old value back over a newer one', async () => {
        page.write('Market', { px: 1 });
        lose({ Market: { px: 1 } });
        expect(page.contexts._bridge._contextsTempCache).toEqual({});
        page.write('Market', { px: 2 });
        await comeBack();
        expect(page.updates).toEqual([]);
        expect(page.values.get('Market')).toEqual({ px: 2 });
    });

    test('after which the gateway knows nothing brings the values back', async () => {
        page.write('Market', { px: 1 });
        lose({ Market: { px: 1 }, Empty: {} });
        page.values.clear();
        await comeBack();
        expect(page.updates).toEqual([['Market', { px: 1 }]]);
    });

    test('is not the end of the contexts, as the library may think', async () => {
        page.write('Market', { px: 1 });
        await flush();
        const { changes } = listen();
        const told: string[][] = [];
        contexts.onNames((names) => told.push(names));
        await flush();
        lose({ Market: { px: 1 } });
        page.values.clear();
        page.connection.say('context-added');
        await flush();
        page.values.set('Market', { px: 1 });
        await comeBack();
        expect(changes).toHaveLength(1);
        expect(told).toEqual([['Market']]);
    });
});

describe('the names', () => {
    test('are told now and at each change', async () => {
        page.write('Market', {});
        contexts = new LibraryContexts(page);
        const told: string[][] = [];
        const stop = contexts.onNames((names) => told.push(names));
        page.write('News', {});
        await flush();
        page.destroy('Market');
        await flush();
        stop();
        page.write('Third', {});
        await flush();
        expect(told).toEqual([['Market'], ['Market', 'News'], ['News']]);
        expect(contexts.all()).toEqual(['News', 'Third']);
    });
});

test('a library without contexts is named when somebody asks for one', async () => {
    contexts = new LibraryContexts({ interop: {}, connection: page.connection });
    const words = 'This page has no contexts: its library was started without them';
    expect((await outcome(contexts.get('Market'))).error.message).toBe(words);
    expect((await outcome(contexts.update('Market', {}))).error.message).toBe(words);
    expect(() => contexts.subscribe('Market', () => {})).toThrow(words);
});
