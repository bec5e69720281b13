import { describe, expect, test } from 'vitest';
import { readSending, readTunnelAnswer } from '../../../src/dash/tunnel-writes';

describe('send', () => {
    test.each([
        ['text', { data: 'text' }],
        ['', { data: '' }],
        [0, { data: 0 }],
        [false, { data: false }],
        [{ data: { a: 1 } }, { data: { a: 1 } }],
        [{ data: null }, { data: null }],
        [{ data: [1], version: null }, { data: [1] }],
        [
            { data: 'x', version: 0 },
            { data: 'x', version: 0 },
        ],
    ])('%j is read', (written, read) => {
        expect(readSending(written, 'send')).toEqual(read);
    });

    test.each([
        [null, 'send holds no message; None is sent as {"data": None}'],
        [[1], 'send is a list in a list; a list is sent as {"data": [...]}'],
        [{}, 'send has no "data"; a dict is sent as {"data": {...}}'],
        [{ lat: 1 }, 'send has no "data"; a dict is sent as {"data": {...}}'],
        [{ data: 1, versions: 2 }, 'unknown key "versions": did you mean "version"?'],
        [{ data: 1, version: 1.5 }, 'a version is a whole number, 0 or more, not 1.5'],
        [{ data: 1, version: '1' }, 'a version is a whole number, 0 or more, not "1"'],
    ])('%j is refused', (written, words) => {
        expect(() => readSending(written, 'send')).toThrow(words);
    });
});

describe('answer', () => {
    test.each([
        [
            { requestId: 'r', data: null },
            { requestId: 'r', data: null },
        ],
        [
            { requestId: null, version: 3, data: [1] },
            { version: 3, data: [1] },
        ],
        [
            { requestId: 'r', data: 1, error: null },
            { requestId: 'r', data: 1 },
        ],
        [
            { requestId: 'r', error: 'no' },
            { requestId: 'r', error: { message: 'no' } },
        ],
        [
            { version: 3, error: { type: 'KeyError', message: 'x' } },
            { version: 3, error: { type: 'KeyError', message: 'x' } },
        ],
        [
            { version: 3, error: {} },
            { version: 3, error: { message: 'The receiver failed without saying why' } },
        ],
    ])('%j is read', (written, read) => {
        expect(readTunnelAnswer(written, 'answer')).toEqual(read);
    });

    test.each([
        ['text', 'answer has to be a dict, not "text"'],
        [{ data: 1 }, 'answer needs the requestId of the request, or the version of the message'],
        [{ requestId: 'r', version: 1, data: 1 }, 'answer needs the requestId of the request, or'],
        [{ requestId: 5, data: 1 }, 'answer: a requestId is a string, not 5'],
        [{ version: -1, data: 1 }, 'answer: a version is a whole number, 0 or more, not -1'],
        [{ requestId: 'r' }, 'answer needs data or an error'],
        [{ requestId: 'r', dat: 1 }, 'answer has an unknown key "dat": did you mean "data"?'],
    ])('%j is refused', (written, words) => {
        expect(() => readTunnelAnswer(written, 'answer')).toThrow(words);
    });
});
