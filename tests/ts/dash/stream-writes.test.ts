import { describe, expect, test } from 'vitest';
import { readClose, readDecision, readPush, readSnapshot } from '../../../src/dash/stream-writes';

describe('push', () => {
    test.each([
        [{ data: { a: 1 } }, { data: { a: 1 } }],
        [{ data: {}, branch: null, subscriptionId: null }, { data: {} }],
        [
            { data: {}, branch: 'A' },
            { data: {}, branch: 'A' },
        ],
        [
            { data: {}, branch: ['A', 'B'] },
            { data: {}, branch: ['A', 'B'] },
        ],
        [
            { data: {}, branch: [] },
            { data: {}, branch: [] },
        ],
        [
            { data: {}, subscriptionId: 's' },
            { data: {}, subscriptionId: 's' },
        ],
    ])('%j is read', (written, read) => {
        expect(readPush(written, 'push')).toEqual(read);
    });

    test.each([
        [5, 'push has to be a dict, not 5'],
        [[], 'push has to be a dict, not []'],
        [{ dat: {} }, 'push has an unknown key "dat": did you mean "data"?'],
        [{}, 'The data of a stream have to be a dict, not nothing'],
        [{ data: [1] }, 'not a list'],
        [{ data: {}, branch: 5 }, 'push: the key of a branch is a non-empty string, not 5'],
        [{ data: {}, branch: '' }, 'not ""'],
        [{ data: {}, branch: ['A', null] }, 'not null'],
        [{ data: {}, subscriptionId: 5 }, 'push needs a subscriptionId, a string'],
        [
            { data: {}, branch: 'A', subscriptionId: 's' },
            'push goes to a branch or to a subscriptionId, not to both',
        ],
    ])('%j is refused', (written, reason) => {
        expect(() => readPush(written, 'push')).toThrow(reason);
    });
});

describe('decision', () => {
    test.each([
        [{ accept: true }, { branch: '' }],
        [{ accept: true, branch: 'A', reject: null }, { branch: 'A' }],
        [{ branch: 'A' }, { branch: 'A' }],
        [{ reject: 'why' }, { reason: 'why' }],
        [{ accept: false, reject: 'why' }, { reason: 'why' }],
        [{ accept: false }, { reason: 'The publisher gave no reason' }],
    ])('%j is read', (written, read) => {
        const decision = { requestId: 'r', ...written };
        expect(readDecision(decision, 'decision')).toEqual({ requestId: 'r', ...read });
    });

    test.each([
        ['r', 'decision has to be a dict, not "r"'],
        [{ accept: true }, 'decision needs the requestId of the request that it decides'],
        [{ requestId: 5, accept: true }, 'needs the requestId'],
        [
            { requestId: 'r' },
            'decision needs "accept": True, a "branch", or "reject" with a reason',
        ],
        [{ requestId: 'r', accept: 1 }, 'decision: accept has to be True or False, not 1'],
        [{ requestId: 'r', reject: true }, 'reject has to be a reason in words, not true'],
        [{ requestId: 'r', branch: '' }, 'the key of a branch is a non-empty string'],
        [{ requestId: 'r', branch: ['A'] }, 'not ["A"]'],
        [{ requestId: 'r', accept: true, reject: 'x' }, 'cannot accept and reject a request'],
        [{ requestId: 'r', branch: 'A', accept: false }, 'cannot accept and reject a request'],
        [{ requestId: 'r', acept: true }, 'unknown key "acept": did you mean "accept"?'],
    ])('%j is refused', (written, reason) => {
        expect(() => readDecision(written, 'decision')).toThrow(reason);
    });
});

test('a snapshot is read, or refused', () => {
    const snapshot = { subscriptionId: 's', data: { a: 1 } };
    expect(readSnapshot(snapshot, 'snapshot')).toEqual(snapshot);
    expect(() => readSnapshot({ data: {} }, 'snapshot')).toThrow(
        'snapshot needs a subscriptionId, a string',
    );
    expect(() => readSnapshot({ subscriptionId: 's' }, 'snapshot')).toThrow(
        'The data of a stream have to be a dict, not nothing',
    );
    expect(() => readSnapshot(null, 'snapshot')).toThrow('snapshot has to be a dict, not null');
});

test('what to close is read, or refused', () => {
    expect(readClose({ subscriptionId: 's' }, 'close')).toEqual({ subscriptionId: 's' });
    expect(readClose({ branch: 'A' }, 'close')).toEqual({ branch: 'A' });
    for (const wrong of [{}, { subscriptionId: 's', branch: 'A' }]) {
        expect(() => readClose(wrong, 'close')).toThrow(
            'close needs a subscriptionId or a branch, one of them',
        );
    }
    expect(() => readClose({ branch: 5 }, 'close')).toThrow('the key of a branch');
    expect(() => readClose('A', 'close')).toThrow('close has to be a dict, not "A"');
});
