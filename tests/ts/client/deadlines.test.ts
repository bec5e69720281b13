import { expect, test } from 'vitest';
import { readTimeout, readWaitTimeout } from '../../../src/client/deadlines';

const response = (value: unknown) => readTimeout('responseMs', value, 30_000);
const wait = (value: unknown) => readWaitTimeout('waitMs', value, 30_000);

test('a positive number is taken', () => {
    for (const read of [response, wait]) {
        expect(read(20_000)).toBe(20_000);
        expect(read(0.5)).toBe(0.5);
    }
});

test('what no timer can hold is the longest that one can', () => {
    expect(response(3_000_000_000)).toBe(2_147_483_647);
    expect(wait(3_000_000_000)).toBe(2_147_483_647);
});

test.each([[null], [undefined]])('%s is the default', (value) => {
    expect(response(value)).toBe(30_000);
    expect(wait(value)).toBe(30_000);
});

test('a wait may be 0, a time for an answer may not', () => {
    expect(wait(0)).toBe(0);
    expect(() => response(0)).toThrow(
        'responseMs has to be a positive number of milliseconds, not 0',
    );
});

test.each([
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['20000', '"20000"'],
    ['soon', '"soon"'],
    [true, 'true'],
    [[1], '[1]'],
    [{}, '{}'],
])('%j is refused, by its name', (value, described) => {
    expect(() => response(value)).toThrow(
        `responseMs has to be a positive number of milliseconds, not ${described}`,
    );
    expect(() => wait(value)).toThrow(
        `waitMs has to be a number of milliseconds, 0 or more, not ${described}`,
    );
});
