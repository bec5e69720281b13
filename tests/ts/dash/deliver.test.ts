// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deliverer, type Slot } from '../../../src/dash/deliver';
import { AnswerLost, watchAnswers } from '../../../src/dash/lost-answers';
import type { Delivery } from '../../../src/dash/triggered-runs';
import { FakeDashStore } from '../support/fake-dash-store';

let store: FakeDashStore;
let slot: Slot | undefined;
let deliverer: Deliverer;
let ended: unknown[];
let deliveries: Map<unknown, Delivery>;
let warnings: string[];
let serverAnswer: Response;

// Before anything observes it.
window.fetch = async () => serverAnswer;

beforeEach(() => {
    store = new FakeDashStore();
    watchAnswers(store);
    store.add('MethodRegister', { id: 'm' });
    store.add('Div', { id: 'out' });
    slot = { store, id: 'm', setProps: (props) => store.setProps('m', props) };
    warnings = [];
    deliverer = new Deliverer(
        'invoke',
        () => slot,
        (message) => warnings.push(message),
    );
    ended = [];
    deliveries = new Map();
});

afterEach(() => deliverer.end());

async function flush(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
        await Promise.resolve();
    }
}

/** Dash sends the request of the callback with this output, and reads the answer. */
async function readAnswer(output: string, answer: Response): Promise<unknown> {
    serverAnswer = answer;
    const [id, property] = output.split('.');
    const body = JSON.stringify({ output, outputs: { id, property } });
    const response = await window.fetch('/app/_dash-update-component?endId=1', { body });
    return response.json().catch(() => 'unreadable');
}

function deliver(...values: unknown[]): void {
    for (const value of values) {
        deliverer.deliver(value).then((delivery) => {
            ended.push(value);
            deliveries.set(value, delivery);
        });
    }
}

/** The values that were set, in order. */
function set(): unknown[] {
    return store.updates.map(({ props }) => props.invoke);
}

describe('without a callback that listens', () => {
    test('values are set in order, and nothing is waited for', async () => {
        deliver('one', 'two', 'three');
        await flush();
        expect(set()).toEqual(['one', 'two', 'three']);
        expect(ended).toEqual(['one', 'two', 'three']);
        expect(deliveries.get('one')).toEqual({ callbacks: new Set() });
        expect(store.subscriberCount).toBe(0);
    });

    test('callbacks that listen to something else are not waited for', async () => {
        store.callback({ inputs: ['m.error'] });
        store.callback({ inputs: ['out.children'] });
        store.write('m', { error: 'e' });
        deliver('one', 'two');
        await flush();
        expect(ended).toEqual(['one', 'two']);
    });

    test('the first value is set in the turn in which it is given', () => {
        deliver('one');
        expect(set()).toEqual(['one']);
    });
});

test('what a user did can be undone, and not what was delivered', async () => {
    store.setProps('out', { value: 'typed' });
    const before = structuredClone(store.undoable);
    deliver('one', 'two', 'three');
    await flush();
    expect(set()).toEqual([undefined, 'one', 'two', 'three']);
    expect(store.undoable).toEqual(before);
});

test('a component that fails does not stop the values after that one', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const works = slot as Slot;
    slot = {
        ...works,
        setProps: () => {
            throw new Error('render');
        },
    };
    deliver('one');
    slot = works;
    deliver('two');
    await flush();
    expect(deliveries.get('one')?.failure).toBeDefined();
    expect(set()).toEqual(['two']);
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
});

describe('with a callback that listens', () => {
    test('the next value waits until the callback has ended', async () => {
        const callback = store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        deliver('one', 'two', 'three');
        await flush();
        expect(set()).toEqual(['one']);
        store.runs[0].start();
        await flush();
        expect(set()).toEqual(['one']);
        expect(ended).toEqual([]);
        await store.runs[0].finish({ 'out.children': 1 });
        await flush();
        expect(ended).toEqual(['one']);
        expect(set()).toEqual(['one', 'two']);
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two', 'three']);
        await store.runs[2].preventUpdate();
        await flush();
        expect(ended).toEqual(['one', 'two', 'three']);
        expect(deliveries.get('two')).toEqual({ callbacks: new Set([callback]) });
        expect(store.subscriberCount).toBe(0);
    });

    test('a value is not set before the outputs of the one before it are applied', async () => {
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        deliver('one', 'two');
        const applied: unknown[] = [];
        slot = {
            store,
            id: 'm',
            setProps: (props) => {
                applied.push(store.props('out').children);
                store.setProps('m', props);
            },
        };
        await store.runs[0].finish({ 'out.children': 'of one' });
        await flush();
        expect(applied).toEqual(['of one']);
    });

    test('every stage on the way counts', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        const stages = ['prioritized', 'blocked', 'executing', 'watched', 'executed'] as const;
        for (const stage of stages) {
            store.runs[0].move(stage);
            await flush();
            expect(set()).toEqual(['one']);
        }
        store.runs[0].move('stored');
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });

    test('a callback that Dash drops has ended', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        store.runs[0].move('gone');
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });

    test('all callbacks that listen are waited for', async () => {
        const fast = store.callback({ inputs: ['m.invoke'] });
        const slow = store.callback({ inputs: ['m.invoke', 'out.children'] });
        deliver('one', 'two');
        await store.runs[0].finish();
        await flush();
        expect(set()).toEqual(['one']);
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
        expect(deliveries.get('one')?.callbacks).toEqual(new Set([fast, slow]));
    });

    test('a hundred values come out as a hundred runs', async () => {
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        const values = Array.from({ length: 100 }, (_, n) => ({ n }));
        deliver(...values);
        const handled: unknown[] = [];
        for (let n = 0; n < 100; n += 1) {
            handled.push(store.props('m').invoke);
            await store.runs[n].finish({ 'out.children': n });
            await flush();
        }
        expect(handled).toEqual(values);
        expect(ended).toHaveLength(100);
        expect(store.runs).toHaveLength(100);
    });

    test('another callback that runs at the same time is not waited for', async () => {
        store.add('Button', { id: 'b' });
        store.callback({ inputs: ['b.n_clicks'] });
        store.callback({ inputs: ['m.invoke'] });
        store.write('b', { n_clicks: 1 });
        store.runs[0].start();
        deliver('one', 'two');
        await store.runs[1].finish();
        await flush();
        expect(store.runs[0].stage).toBe('watched');
        expect(set()).toEqual(['one', 'two']);
    });

    test('a run of the same definition for another component is not waited for', async () => {
        const callback = store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        const other = {
            callback,
            resolvedId: 'of another component',
            changedPropIds: {},
            getInputs: () => [[{ id: 'another', property: 'invoke' }]],
        };
        store.getState().callbacks.watched.push(other);
        await store.runs[0].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });
});

describe('a callback that listens to more than the prop', () => {
    beforeEach(() => {
        store.add('Button', { id: 'b' });
        store.callback({ inputs: ['m.invoke', 'b.n_clicks'] });
    });

    test('is not requested again while it runs for something else', async () => {
        store.write('b', { n_clicks: 1 });
        store.runs[0].start();
        deliver('one');
        await flush();
        expect(set()).toEqual([]);
        await store.runs[0].finish();
        await flush();
        expect(set()).toEqual(['one']);
        expect(ended).toEqual([]);
    });

    test('serves the values of two props one after the other', async () => {
        store.add('MethodRegister', { id: 'n' });
        store.callback({ inputs: ['m.result', 'n.result'] });
        const props = ['m', 'n'].map((id) => {
            const other: Slot = { store, id, setProps: (given) => store.setProps(id, given) };
            return new Deliverer('result', () => other);
        });
        for (const [index, each] of props.entries()) {
            each.deliver(index);
        }
        await flush();
        expect(store.updates).toEqual([{ id: 'm', props: { result: 0 } }]);
        await store.runs[0].finish();
        await flush();
        expect(store.updates[1]).toEqual({ id: 'n', props: { result: 1 } });
    });

    test('is not waited for any more when the value is given up', async () => {
        store.write('b', { n_clicks: 1 });
        store.runs[0].start();
        deliver('one');
        deliverer.abandon();
        await flush();
        expect(ended).toEqual(['one']);
        await store.runs[0].finish();
        await flush();
        expect(set()).toEqual([]);
        expect(store.subscriberCount).toBe(0);
    });

    test('is requested again for the next value when the one it runs for is given up', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        await flush();
        deliverer.abandon();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });
});

describe('chains of callbacks', () => {
    test('what the outputs of a callback trigger is waited for, at any depth', async () => {
        store.add('Div', { id: 'end' });
        const first = store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        const second = store.callback({ inputs: ['out.children'], outputs: ['end.children'] });
        const third = store.callback({ inputs: ['end.children'] });
        deliver('one', 'two');
        await store.runs[0].finish({ 'out.children': 1 });
        await flush();
        expect(set()).toEqual(['one']);
        await store.runs[1].finish({ 'end.children': 1 });
        await flush();
        expect(set()).toEqual(['one']);
        expect(ended).toEqual([]);
        await store.runs[2].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
        expect(deliveries.get('one')?.callbacks).toEqual(new Set([first, second, third]));
    });

    test('a failure in the chain is a failure', async () => {
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        store.callback({ inputs: ['out.children'] });
        deliver('one');
        await store.runs[0].finish({ 'out.children': 1 });
        await store.runs[1].fail();
        await flush();
        expect(deliveries.get('one')?.failure).toBeDefined();
    });

    test('a chain that began elsewhere is not waited for', async () => {
        store.add('Button', { id: 'b' });
        store.callback({ inputs: ['b.n_clicks'], outputs: ['out.children'] });
        store.callback({ inputs: ['out.children'] });
        store.callback({ inputs: ['m.invoke'] });
        store.write('b', { n_clicks: 1 });
        deliver('one', 'two');
        await store.runs[0].finish({ 'out.children': 1 });
        expect(store.runs[2].stage).toBe('requested');
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });
});

describe('failures', () => {
    test('an exception in the callback ends the delivery and is told', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        await store.runs[0].fail();
        await flush();
        expect(deliveries.get('one')?.failure).toBeDefined();
        expect(set()).toEqual(['one', 'two']);
    });

    test('a request that breaks is told in the same way', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one');
        await store.runs[0].breakOff();
        await flush();
        expect(deliveries.get('one')?.failure).toBeDefined();
    });

    test('one of several callbacks suffices', async () => {
        store.callback({ inputs: ['m.invoke'] });
        store.callback({ inputs: ['m.invoke'] });
        deliver('one');
        await store.runs[0].fail();
        await store.runs[1].finish();
        await flush();
        expect(deliveries.get('one')?.failure).toBeDefined();
    });

    test('the failure of one value is not that of the next', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        await store.runs[0].fail();
        await flush();
        await store.runs[1].finish();
        await flush();
        expect(deliveries.get('two')).not.toHaveProperty('failure');
    });

    test('tells what the first failure was', async () => {
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
        store.callback({ inputs: ['m.invoke'], outputs: ['out.title'] });
        deliver('one');
        const error = new Error('first');
        await store.runs[0].fail(error);
        await store.runs[1].fail();
        await flush();
        expect(deliveries.get('one')?.failure?.error).toBe(error);
    });
});

describe('an execution that never ends', () => {
    beforeEach(() => {
        vi.useFakeTimers();
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
    });

    afterEach(() => vi.useRealTimers());

    test('ends its delivery when Dash drops it', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        store.runs[0].move('gone');
        await flush();
        expect(ended).toEqual(['one']);
        expect(set()).toEqual(['one', 'two']);
    });

    test('goes on when Dash takes its request back and makes it anew in one turn', async () => {
        deliver('one', 'two');
        store.runs[0].move('gone');
        store.request(['m.invoke']);
        await flush();
        expect(ended).toEqual([]);
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });

    test('ends its delivery when a newer run of the callback has ended', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        store.request(['m.invoke']);
        store.runs[0].stage = 'gone';
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });

    test('is waited for five minutes; the warning names the callback', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        await vi.advanceTimersByTimeAsync(299_999);
        expect(set()).toEqual(['one']);
        await vi.advanceTimersByTimeAsync(1);
        expect(set()).toEqual(['one', 'two']);
        expect(warnings).toEqual([
            'invoke goes on without the callback of out.children: it has not ended within 300 s',
        ]);
    });

    test('of another trigger holds a value up no longer than that', async () => {
        store.request(['m.invoke']);
        store.runs[0].start();
        deliver('one');
        await vi.advanceTimersByTimeAsync(299_999);
        expect(set()).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        expect(set()).toEqual(['one']);
        expect(warnings).toHaveLength(1);
    });

    test('whose answer is no JSON has failed at once', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        expect(await readAnswer('out.children', new Response('<html>'))).toBe('unreadable');
        await flush();
        expect(deliveries.get('one')?.failure?.error).toBeInstanceOf(AnswerLost);
        expect(set()).toEqual(['one', 'two']);
        await store.runs[1].finish();
        await flush();
        expect(deliveries.get('two')).not.toHaveProperty('failure');
    });

    test('of another callback ends nothing here', async () => {
        deliver('one', 'two');
        store.runs[0].start();
        await readAnswer('out.title', new Response('<html>'));
        await flush();
        expect(ended).toEqual([]);
    });

    test('of another trigger, which came before any value, holds none up', async () => {
        store.request(['m.invoke']);
        store.runs[0].start();
        await readAnswer('out.children', new Response('<html>'));
        deliver('one');
        await flush();
        expect(set()).toEqual(['one']);
    });

    test('of another trigger holds a value up no longer than its answer', async () => {
        store.request(['m.invoke']);
        store.runs[0].start();
        deliver('one');
        await readAnswer('out.children', new Response('{"multi'));
        await flush();
        expect(set()).toEqual(['one']);
    });
});

test('an answer that can be read is what it was', async () => {
    store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
    deliver('one');
    store.runs[0].start();
    expect(await readAnswer('out.children', Response.json({ multi: true }))).toEqual({
        multi: true,
    });
    await flush();
    expect(ended).toEqual([]);
});

describe('abandon', () => {
    test('lets the next value go while the callback still runs', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two');
        store.runs[0].start();
        deliverer.abandon();
        await flush();
        expect(ended).toEqual(['one']);
        expect(set()).toEqual(['one', 'two']);
    });

    test('leaves no listener behind', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one');
        expect(store.subscriberCount).toBe(1);
        deliverer.abandon();
        expect(store.subscriberCount).toBe(0);
    });

    test('what the abandoned callback does later ends no other delivery', async () => {
        const callback = store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two', 'three');
        store.runs[0].start();
        deliverer.abandon();
        await flush();
        expect(deliveries.get('one')?.callbacks).toEqual(new Set([callback]));
        // Dash has dropped the older run in favour of the newer one.
        store.runs[1].start();
        store.runs[0].stage = 'gone';
        store.notify();
        await flush();
        expect(ended).toEqual(['one']);
        await store.runs[1].finish();
        await flush();
        expect(set()).toEqual(['one', 'two', 'three']);
    });

    test('of a value that waits for another run takes it out', async () => {
        store.callback({ inputs: ['m.invoke'] });
        store.request(['m.invoke']);
        deliver('one', 'two');
        deliverer.abandon();
        await flush();
        expect(ended).toEqual(['one']);
        await store.runs[0].finish();
        await flush();
        expect(set()).toEqual(['two']);
    });

    test('changes nothing when nothing is under way', async () => {
        deliverer.abandon();
        deliver('one');
        await flush();
        deliverer.abandon();
        deliver('two');
        await flush();
        expect(ended).toEqual(['one', 'two']);
    });
});

describe('the component', () => {
    test('that is not mounted gets its values when it is mounted again', async () => {
        const mounted = slot;
        slot = undefined;
        deliver('one', 'two');
        await flush();
        expect(ended).toEqual([]);
        expect(deliverer.lastValue).toBeUndefined();
        slot = mounted;
        deliverer.resume();
        await flush();
        expect(set()).toEqual(['one', 'two']);
    });

    test('that is unmounted on the way gets the rest when it is mounted again', async () => {
        store.callback({ inputs: ['m.invoke'] });
        const mounted = slot;
        deliver('one', 'two');
        slot = undefined;
        await store.runs[0].finish();
        await flush();
        expect(ended).toEqual(['one']);
        expect(set()).toEqual(['one']);
        slot = mounted;
        deliverer.resume();
        expect(set()).toEqual(['one', 'two']);
    });

    test('that has gone for good gets nothing, and nobody waits for it', async () => {
        store.callback({ inputs: ['m.invoke'] });
        deliver('one', 'two', 'three');
        deliverer.end();
        await flush();
        expect(ended).toEqual(['one', 'two', 'three']);
        expect(set()).toEqual(['one']);
        expect(store.subscriberCount).toBe(0);
    });

    test('tells the value that was set last', async () => {
        const value = { n: 1 };
        expect(deliverer.lastValue).toBeUndefined();
        deliver(value);
        expect(deliverer.lastValue).toBe(value);
    });

    test('knows the value before callbacks and watchers see it', () => {
        const seen: unknown[] = [];
        store.subscribe(() => seen.push(deliverer.lastValue));
        const value = { n: 1 };
        deliver(value);
        expect(seen[0]).toBe(value);
    });
});

test('whoever waited for a delivery may react before the next value is set', async () => {
    store.callback({ inputs: ['m.invoke'] });
    const order: string[] = [];
    const setProps = (props: Record<string, unknown>) => {
        order.push(`set ${props.invoke}`);
        store.setProps('m', props);
    };
    slot = { store, id: 'm', setProps };
    deliverer.deliver('one').then(() => order.push('ended one'));
    deliverer.deliver('two').then(() => order.push('ended two'));
    await store.runs[0].finish();
    await flush();
    await store.runs[1].finish();
    await flush();
    expect(order).toEqual(['set one', 'ended one', 'set two', 'ended two']);
});
