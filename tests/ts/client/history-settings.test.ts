import { expect, test } from 'vitest';
import { readHistory } from '../../../src/client/history-settings';

test.each([
    [undefined, undefined],
    [null, undefined],
    [100, { size: 100 }],
    [{ size: 5 }, { size: 5 }],
    [{ size: 5, key: null }, { size: 5 }],
    [
        { size: 5, key: 'symbol' },
        { size: 5, key: 'symbol' },
    ],
])('%j is read', (history, read) => {
    expect(readHistory(history)).toEqual(read);
});

test.each([
    [0, 'The size of the history has to be a whole number, 1 or more, not 0'],
    [1.5, 'not 1.5'],
    [{ size: '5' }, 'not "5"'],
    [{ key: 'symbol' }, 'not missing'],
    [{ size: 5, key: '' }, 'The key of the history has to be the name of a field, not ""'],
    [{ size: 5, keys: 'a' }, 'history has an unknown key "keys": did you mean "key"?'],
    [[5], 'history has to be a number of data or a dict with a size, not [5]'],
    ['5', 'not "5"'],
    [true, 'not true'],
    [50_001, 'A history keeps at most 50000 data of a branch, not 50001'],
])('%j is refused', (history, reason) => {
    expect(() => readHistory(history)).toThrow(reason);
});
