import { describe, expect, test } from 'vitest';
import { ContextQueue, type ContextValue, MOST_CHANGES } from '../../../src/dash/context-queue';

let count = 0;

function change(data: object, delta: object, more: Partial<ContextValue> = {}): ContextValue {
    count += 1;
    return {
        data,
        delta,
        removed: [],
        extraData: { updaterId: `peer-${count}`, isMineUpdate: false, isMyUpdate: false },
        version: count,
        destroyed: false,
        sequence: count,
        ...more,
    };
}

describe('every change', () => {
    test('is handed over by itself, in order', () => {
        const queue = new ContextQueue();
        const changes = [1, 2, 3].map((n) => change({ n }, { n }));
        for (const each of changes) {
            expect(queue.add(each)).toBe(false);
        }
        expect([queue.take(), queue.take(), queue.take()]).toEqual(changes);
        expect(queue.waitMs()).toBeUndefined();
    });

    test('waits, and above the bound the oldest are merged', () => {
        const queue = new ContextQueue();
        for (let n = 0; n < MOST_CHANGES; n += 1) {
            expect(queue.add(change({ n }, { n, [`key-${n}`]: n }))).toBe(false);
        }
        for (let n = MOST_CHANGES; n < MOST_CHANGES + 3; n += 1) {
            expect(queue.add(change({ n }, { n }))).toBe(true);
        }
        expect(queue.take()).toMatchObject({ delta: { n: 3 }, replaced: 3 });
        expect(queue.take()).toMatchObject({ delta: { n: 4, 'key-4': 4 } });
        let rest = 0;
        while (queue.waitMs() === 0) {
            queue.take();
            rest += 1;
        }
        expect(rest).toBe(MOST_CHANGES - 2);
    });
});

describe('the latest', () => {
    test('stands for all that wait, and counts them', () => {
        const queue = new ContextQueue();
        queue.delivery = 'latest';
        queue.add(change({ a: 1 }, { a: 1 }));
        expect(queue.take()).toMatchObject({ delta: { a: 1 }, replaced: 0 });
        queue.add(change({ a: 2 }, { a: 2 }));
        queue.add(change({ a: 2, b: 1 }, { b: 1 }));
        const last = change({ a: 3, b: 1 }, { a: 3 });
        queue.add(last);
        expect(queue.take()).toEqual({ ...last, delta: { a: 3, b: 1 }, replaced: 2 });
        expect(queue.waitMs()).toBeUndefined();
    });

    test('is looked at when it is delivered, and not before', () => {
        const queue = new ContextQueue();
        queue.delivery = 'latest';
        const looks: number[] = [];
        for (const n of [1, 2, 3]) {
            queue.add(
                Object.defineProperty(change({}, { n }), 'data', {
                    get: () => {
                        looks.push(n);
                        return { n };
                    },
                    enumerable: true,
                }),
            );
        }
        expect(looks).toEqual([]);
        expect(queue.take()).toMatchObject({ data: { n: 3 }, delta: { n: 3 }, replaced: 2 });
        expect(looks).toEqual([3]);
    });

    test('stands for all that wait also where each is wanted from now on', () => {
        const queue = new ContextQueue();
        queue.delivery = 'latest';
        queue.add(change({ a: 1 }, { a: 1 }));
        queue.add(change({ a: 1, b: 1 }, { b: 1 }));
        queue.delivery = 'every';
        queue.add(change({ a: 1, b: 2 }, { b: 2 }));
        expect(queue.take()).toMatchObject({ delta: { a: 1, b: 1 }, replaced: 1 });
        expect(queue.take()).toMatchObject({ delta: { b: 2 } });
    });

    test('is not what belongs to a context that nobody wants any more', () => {
        const queue = new ContextQueue();
        queue.add(change({}, {}));
        queue.clear();
        expect(queue.waitMs()).toBeUndefined();
    });
});

/** What is delivered of two changes, of which only the latest is wanted. */
function merge(earlier: ContextValue, later: ContextValue): ContextValue {
    const queue = new ContextQueue();
    queue.delivery = 'latest';
    queue.add(earlier);
    queue.add(later);
    return queue.take();
}

describe('merged', () => {
    test('are the deltas of deeper levels, as far as they still hold', () => {
        const earlier = change({ a: { b: 1, c: 2 }, d: 1 }, { a: { b: 1 }, d: 1 });
        const later = change({ a: { b: 1, c: 3 }, d: 1 }, { a: { c: 3 } });
        expect(merge(earlier, later).delta).toEqual({ a: { b: 1, c: 3 }, d: 1 });
        const replacing = change({ a: { x: 1 }, d: 1 }, { a: { x: 1 } });
        expect(merge(earlier, replacing).delta).toEqual({ a: { x: 1 }, d: 1 });
    });

    test('is what was removed, unless it has come back', () => {
        const earlier = change({ c: 1 }, { a: null, b: null }, { removed: ['a', 'b'] });
        const later = change({ b: 2, d: 1 }, { b: 2, c: null, d: 1 }, { removed: ['c'] });
        const { delta, removed } = merge(earlier, later);
        expect(delta).toEqual({ a: null, b: 2, c: null, d: 1 });
        expect(removed).toEqual(['a', 'c']);
    });

    test('is not what a new value has replaced', () => {
        const earlier = change({ a: 1, b: 1 }, { a: 1 });
        const later = change({ c: 1 }, { c: 1 }, { removed: ['a', 'b'] });
        const { delta, removed } = merge(earlier, later);
        expect(delta).toEqual({ c: 1 });
        expect(removed).toEqual(['a', 'b']);
    });
});
