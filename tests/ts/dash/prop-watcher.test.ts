import { beforeEach, describe, expect, test } from 'vitest';
import { PropWatcher } from '../../../src/dash/prop-watcher';

let watcher: PropWatcher;
let seen: unknown[];

beforeEach(() => {
    watcher = new PropWatcher('invoke');
    seen = [];
});

function look(value: unknown, isWrite: boolean, isCopy: boolean): void {
    const written = watcher.look({ id: 'a', invoke: value }, isWrite, isCopy);
    if (written !== undefined) {
        seen.push(written);
    }
}

/** Somebody writes to the prop. */
function write(value: unknown): void {
    look(value, true, true);
}

/** A callback returns a layout with a component that was made anew. */
function returnNew(value: unknown): void {
    look(value, false, false);
}

/** A callback returns a layout that it got as State. */
function returnCopy(value: unknown): void {
    look(value, false, true);
}

describe('a value that is written', () => {
    test('is seen once, however often it is looked at', () => {
        const value = { n: 1 };
        write(value);
        write(value);
        returnCopy(value);
        expect(seen).toEqual([{ n: 1 }]);
    });

    test('is seen again as another object, though it is equal', () => {
        write({ n: 1 });
        write({ n: 1 });
        write(null);
        write({ n: 1 });
        expect(seen).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    });

    test('is not seen again when it comes back as the same object', () => {
        const value = { n: 1 };
        write(value);
        write({ n: 2 });
        write(value);
        expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    });

    test('may be text or a number, which are seen when they change', () => {
        for (const value of ['text', 'text', 7, 'text']) {
            write(value);
        }
        expect(seen).toEqual(['text', 7, 'text']);
    });

    test('is not a write when it is null or undefined', () => {
        write(null);
        write(undefined);
        expect(seen).toEqual([]);
    });
});

describe('a layout that is returned', () => {
    test('with a component that was made anew has a new value, though it is equal', () => {
        returnNew({ n: 1 });
        returnNew({ n: 1 });
        expect(seen).toEqual([{ n: 1 }, { n: 1 }]);
    });

    test('with a copy has none, however old it is', () => {
        for (let n = 0; n < 100; n += 1) {
            write({ n });
        }
        seen = [];
        for (const n of [0, 50, 99]) {
            returnCopy({ n });
        }
        expect(seen).toEqual([]);
    });

    test('with a copy whose keys the server has sorted has none', () => {
        write({ definition: 'Sum', argumentObj: { b: [1, { d: null, c: 'é' }], a: 1.5 } });
        seen = [];
        returnCopy({ argumentObj: { a: 1.5, b: [1, { c: 'é', d: null }] }, definition: 'Sum' });
        expect(seen).toEqual([]);
    });

    test('with a copy that the callback has changed has a new one', () => {
        write({ n: 1 });
        returnCopy({ n: 2 });
        returnCopy({ n: 2 });
        expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    });

    test('without a value, and then with the same one again, has a new one', () => {
        returnNew({ n: 1 });
        returnNew(undefined);
        returnNew({ n: 1 });
        expect(seen).toEqual([{ n: 1 }, { n: 1 }]);
    });

    test('with a list is told from one with a dict', () => {
        write(['a']);
        returnCopy({ 0: 'a' });
        expect(seen).toHaveLength(2);
    });
});

test('only so many values are remembered', () => {
    for (let n = 0; n <= 1_000; n += 1) {
        write({ n });
    }
    seen = [];
    returnCopy({ n: 1 });
    returnCopy({ n: 0 });
    expect(seen).toEqual([{ n: 0 }]);
});
