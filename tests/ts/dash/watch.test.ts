import { beforeEach, expect, test } from 'vitest';
import { propWatcher } from '../../../src/dash/watch';
import { FakeDashStore } from '../support/fake-dash-store';

let store: FakeDashStore;
let seen: unknown[];
let objects: WeakSet<object>;

beforeEach(() => {
    store = new FakeDashStore();
    store.add('MethodInvoke', { id: 'a' });
    seen = [];
    objects = new WeakSet();
});

/** Watches from now on, as a component does that is mounted; returns how to stop. */
function watch(onWrite: (value: any) => void = (value) => seen.push(value)): () => void {
    const check = propWatcher(() => store.props('a'), 'invoke', onWrite, objects);
    check();
    return store.subscribe(check);
}

function write(value: unknown): void {
    store.write('a', { invoke: value });
}

test('twenty writes in one turn are all seen, in order', () => {
    watch();
    for (let n = 0; n < 20; n += 1) {
        write({ n });
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
});

test('the value that is there already is seen', () => {
    write({ n: 1 });
    watch();
    expect(seen).toEqual([{ n: 1 }]);
});

test('the value that is there already is seen once, however often it is watched anew', () => {
    write({ n: 1 });
    watch()();
    watch()();
    watch();
    expect(seen).toEqual([{ n: 1 }]);
    write({ n: 2 });
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
});

test('a value that was written while nobody watched is seen by the next', () => {
    watch()();
    write({ n: 1 });
    watch();
    expect(seen).toEqual([{ n: 1 }]);
});

test('the same value is not seen twice', () => {
    watch();
    const value = { n: 1 };
    write(value);
    write({ n: 2 });
    write(value);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
});

test('an equal value that is another object is seen', () => {
    watch();
    write({ n: 1 });
    write(null);
    write({ n: 1 });
    expect(seen).toEqual([{ n: 1 }, { n: 1 }]);
});

test('null and undefined are no values', () => {
    write(null);
    watch();
    write(undefined);
    write({ n: 1 });
    write(null);
    expect(seen).toEqual([{ n: 1 }]);
});

test('strings and numbers are seen when they change', () => {
    watch();
    write('text');
    write('text');
    write(7);
    write('text');
    expect(seen).toEqual(['text', 7, 'text']);
});

test('other props and other components do not matter', () => {
    store.add('Input', { id: 'b' });
    watch();
    store.write('a', { result: { n: 1 } });
    store.write('b', { invoke: { n: 2 } });
    expect(seen).toEqual([]);
});

test('a component that is not in the layout for a while is waited for', () => {
    let props: { invoke: unknown } | undefined = { invoke: null };
    const check = propWatcher(
        () => props,
        'invoke',
        (value) => seen.push(value),
        objects,
    );
    check();
    props = undefined;
    check();
    props = { invoke: { n: 1 } };
    check();
    expect(seen).toEqual([{ n: 1 }]);
});

test('a write out of the listener is seen after the one it reacts to', () => {
    watch(({ n }) => {
        seen.push(n);
        if (n < 3) {
            write({ n: n + 1 });
        }
    });
    write({ n: 1 });
    expect(seen).toEqual([1, 2, 3]);
});
