import { describe, expect, test } from 'vitest';
import { DataQueue, type DataSettings, type Datum } from '../../../src/dash/data-queue';

function make(settings: Partial<DataSettings> = {}): DataQueue {
    return new DataQueue(settingsOf(settings));
}

function settingsOf(settings: Partial<DataSettings>): DataSettings {
    return {
        delivery: 'every',
        key: undefined,
        maxRate: Number.POSITIVE_INFINITY,
        maxWaiting: 1000,
        paused: false,
        ...settings,
    };
}

/** Adds data numbered from `first` to `last`. */
function fill(
    queue: DataQueue,
    first: number,
    last: number,
    keyOf = (_n: number): any => 'k',
): void {
    for (let n = first; n <= last; n += 1) {
        queue.add({ data: { n, symbol: keyOf(n) }, sequence: n });
    }
}

const sequenceOf = ({ sequence }: Datum) => sequence;

/** The numbers of all values that may be taken at this moment. */
function takeAll(queue: DataQueue, now = 0): any[] {
    const taken: any[] = [];
    while (queue.waitMs(now) === 0) {
        const value = queue.take(now);
        taken.push(Array.isArray(value) ? value.map(sequenceOf) : sequenceOf(value));
    }
    return taken;
}

describe('every', () => {
    test('gives each datum once, in order', () => {
        const queue = make();
        fill(queue, 1, 3);
        expect(queue.take(0)).toEqual({ data: { n: 1, symbol: 'k' }, sequence: 1 });
        fill(queue, 4, 5);
        expect(takeAll(queue)).toEqual([2, 3, 4, 5]);
        expect(queue.waitMs(0)).toBeUndefined();
    });

    test('over the bound loses the oldest, and counts them', () => {
        const queue = make({ maxWaiting: 3 });
        fill(queue, 1, 5);
        expect(queue.lost).toBe(2);
        expect(takeAll(queue)).toEqual([3, 4, 5]);
        fill(queue, 6, 9);
        expect(queue.lost).toBe(3);
        expect(takeAll(queue)).toEqual([7, 8, 9]);
    });
});

describe('batch', () => {
    test('gives all that wait', () => {
        const queue = make({ delivery: 'batch' });
        fill(queue, 1, 3);
        expect(takeAll(queue)).toEqual([[1, 2, 3]]);
        fill(queue, 4, 4);
        expect(takeAll(queue)).toEqual([[4]]);
    });
});

describe('latest', () => {
    test('gives the newest, and how many it replaced', () => {
        const queue = make({ delivery: 'latest' });
        fill(queue, 1, 1);
        expect(queue.take(0)).toMatchObject({ sequence: 1, replaced: 0 });
        fill(queue, 2, 5);
        expect(queue.take(0)).toEqual({
            data: { n: 5, symbol: 'k' },
            sequence: 5,
            replaced: 3,
        });
        expect(queue.waitMs(0)).toBeUndefined();
    });

    test('of each key gives what has come anew', () => {
        const queue = make({ delivery: 'latest', key: 'symbol' });
        fill(queue, 1, 6, (n) => ['a', 'b', 'a', 'a', 'c', 'b'][n - 1]);
        expect(queue.take(0)).toMatchObject([
            { sequence: 4, replaced: 2 },
            { sequence: 5, replaced: 0 },
            { sequence: 6, replaced: 1 },
        ]);
        fill(queue, 7, 7, () => 'b');
        expect(queue.take(0)).toMatchObject([{ sequence: 7, replaced: 0 }]);
    });

    test.each([
        [[1, '1'], 2],
        [[{ a: 1 }, { a: 1 }], 1],
        [[undefined, undefined], 1],
        [[null, undefined], 2],
    ])('keys %j are %d', (keys, count) => {
        const queue = make({ delivery: 'latest', key: 'symbol' });
        fill(queue, 1, 2, (n) => keys[n - 1]);
        expect(queue.take(0)).toHaveLength(count);
    });

    test('takes data that is not a dict for data without the key', () => {
        const queue = make({ delivery: 'latest', key: 'symbol' });
        queue.add({ data: null, sequence: 1 });
        queue.add({ data: 'text', sequence: 2 });
        expect(queue.take(0)).toMatchObject([{ sequence: 2, replaced: 1 }]);
    });

    test('over the bound loses the key that is silent the longest, with what it replaced', () => {
        const queue = make({ delivery: 'latest', key: 'symbol', maxWaiting: 2 });
        fill(queue, 1, 5, (n) => ['a', 'a', 'b', 'c', 'b'][n - 1]);
        expect(queue.lost).toBe(2);
        expect(takeAll(queue)).toEqual([[4, 5]]);
    });
});

describe('every datum is delivered, replaced or lost', () => {
    test.each(['every', 'batch', 'latest'] as const)('%s', (delivery) => {
        for (const key of delivery === 'latest' ? [undefined, 'symbol'] : [undefined]) {
            const queue = make({ delivery, key, maxWaiting: 7 });
            let counted = 0;
            for (let round = 0; round < 50; round += 1) {
                fill(queue, round * 20 + 1, round * 20 + 20, (n) => (n * 7) % 13);
                for (let taken = 0; taken < round % 4 && queue.waitMs(0) === 0; taken += 1) {
                    for (const { replaced = 0 } of [queue.take(0)].flat()) {
                        counted += 1 + replaced;
                    }
                }
            }
            while (queue.waitMs(0) === 0) {
                for (const { replaced = 0 } of [queue.take(0)].flat()) {
                    counted += 1 + replaced;
                }
            }
            expect(counted + queue.lost).toBe(1000);
        }
    });
});

describe('maxRate', () => {
    test('keeps values apart, and the first one does not wait', () => {
        const queue = make({ maxRate: 4 });
        fill(queue, 1, 3);
        expect(queue.waitMs(1000)).toBe(0);
        queue.take(1000);
        expect(queue.waitMs(1000)).toBe(250);
        expect(queue.waitMs(1200)).toBe(50);
        expect(queue.waitMs(1250)).toBe(0);
        expect(queue.waitMs(9000)).toBe(0);
    });
});

describe('paused', () => {
    test('keeps what comes, within the bound', () => {
        const queue = make({ paused: true, maxWaiting: 2 });
        fill(queue, 1, 3);
        expect(queue.waitMs(0)).toBeUndefined();
        queue.settings = settingsOf({ maxWaiting: 2 });
        expect(takeAll(queue)).toEqual([2, 3]);
        expect(queue.lost).toBe(1);
    });
});

describe('other settings', () => {
    test('are for what waits, too', () => {
        const queue = make();
        fill(queue, 1, 4);
        queue.settings = settingsOf({ delivery: 'latest' });
        expect(queue.take(0)).toMatchObject({ sequence: 4, replaced: 3 });
        fill(queue, 5, 8);
        queue.settings = settingsOf({ delivery: 'batch' });
        expect(takeAll(queue)).toEqual([[8]]);
        fill(queue, 9, 12);
        queue.settings = settingsOf({ delivery: 'batch', maxWaiting: 3 });
        expect(takeAll(queue)).toEqual([[10, 11, 12]]);
        expect(queue.lost).toBe(1);
    });
});

test('what is not wanted any more is neither delivered nor counted', () => {
    const queue = make({ maxWaiting: 2 });
    fill(queue, 1, 3);
    queue.clear();
    expect(queue.waitMs(0)).toBeUndefined();
    expect(queue.lost).toBe(0);
});

test('a long queue does not take longer for each datum', () => {
    const queue = make({ maxWaiting: Number.MAX_SAFE_INTEGER });
    fill(queue, 1, 300_000);
    expect(takeAll(queue)).toHaveLength(300_000);
});
