import { expect, test } from 'vitest';
import { entriesOf } from '../../../src/dash/entries';

test('a list has an entry for each of its values', () => {
    expect(entriesOf('push', [1, 2])).toEqual([
        ['push[0]', 1],
        ['push[1]', 2],
    ]);
    expect(entriesOf('push', { data: {} })).toEqual([['push', { data: {} }]]);
    expect(entriesOf('push', [])).toEqual([]);
});
