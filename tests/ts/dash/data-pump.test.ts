import { describe, expect, test } from 'vitest';
import { DataPump } from '../../../src/dash/data-pump';
import { DataQueue, type Datum } from '../../../src/dash/data-queue';

const EVERY = {
    delivery: 'every',
    key: undefined,
    maxRate: Number.POSITIVE_INFINITY,
    maxWaiting: 1000,
    paused: false,
} as const;

/** Takes that long, as a callback in the page may. */
function work(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end) {
        // The page can do nothing else.
    }
}

const datum = (sequence: number): Datum => ({ data: {}, sequence });

describe('the pump', () => {
    test('lets the page do something else while it has data', async () => {
        const delivered: number[] = [];
        const all = new Promise<void>((resolve) => {
            const queue = new DataQueue(EVERY);
            const pump = new DataPump(queue, async (value) => {
                work(2);
                if (delivered.push((value as Datum).sequence) === 100) {
                    resolve();
                }
            });
            for (let n = 1; n <= 100; n += 1) {
                queue.add(datum(n));
                pump.run();
            }
        });
        // As the handler of a click.
        const meanwhile = new Promise<number>((resolve) => {
            setTimeout(() => resolve(delivered.length), 0);
        });
        expect(await meanwhile).toBeLessThan(100);
        await all;
        expect(delivered).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    });

    test('delivers nothing once it is stopped', async () => {
        const delivered: number[] = [];
        const queue = new DataQueue(EVERY);
        const pump = new DataPump(queue, async (value) => {
            delivered.push((value as Datum).sequence);
        });
        queue.add(datum(1));
        queue.add(datum(2));
        pump.run();
        pump.stop();
        await new Promise((resolve) => setTimeout(resolve, 0));
        expect(delivered).toEqual([1]);
    });
});
