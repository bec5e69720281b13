import { beforeEach, expect, test } from 'vitest';
import { Deliverer } from '../../../src/dash/deliver';
import { OwnPropWatcher } from '../../../src/dash/own-prop-watcher';
import { FakeDashStore } from '../support/fake-dash-store';

const FIRST = { n: 1 };
const SECOND = { n: 2 };

let deliverer: Deliverer;
let watcher: OwnPropWatcher;

beforeEach(async () => {
    const store = new FakeDashStore();
    store.add('StreamSubscribe', { id: 'a' });
    const slot = { store, id: 'a', setProps: (props: any) => store.setProps('a', props) };
    deliverer = new Deliverer('status', () => slot);
    watcher = new OwnPropWatcher(deliverer);
    for (const value of [FIRST, SECOND]) {
        await deliverer.deliver(value);
        expect(watcher.look({ status: value }, true, true)).toBeUndefined();
    }
});

test('what somebody writes is seen once', () => {
    const written = { n: 2 };
    expect(watcher.look({ status: written }, true, true)).toBe(written);
    expect(watcher.look({ status: written, other: 1 }, true, true)).toBeUndefined();
});

test('a copy that a layout brings is not written, also when another prop is later', () => {
    const copy = { ...FIRST };
    expect(watcher.look({ status: copy }, false, true)).toBeUndefined();
    expect(watcher.look({ status: copy, other: 1 }, true, true)).toBeUndefined();
});

test('a value of a component that is new was written by its author', () => {
    const written = { ...FIRST };
    expect(watcher.look({ status: written }, false, false)).toBe(written);
});

test('a prop without a value was not written', () => {
    expect(watcher.look({}, true, true)).toBeUndefined();
    expect(watcher.look({ status: null }, true, true)).toBeUndefined();
});
