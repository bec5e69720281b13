import { afterEach, describe, expect, test } from 'vitest';
import {
    callbacksWithInput,
    callbacksWithOutput,
    layoutProps,
    pendingCallbacks,
    type Store,
    stringifyId,
    triggeredBy,
} from '../../../src/dash/renderer';
import { FakeDashStore } from '../support/fake-dash-store';

afterEach(() => {
    window.dash_component_api = undefined;
});

/** Dash gives dict ids as JSON with sorted keys. */
function installStringifyId(): void {
    const stringify = (id: Record<string, any>) =>
        JSON.stringify(Object.fromEntries(Object.entries(id).sort()));
    window.dash_component_api = { stringifyId: stringify } as any;
}

function storeWith(state: object): Store {
    return { getState: () => state, subscribe: () => () => {}, dispatch: () => {} };
}

describe('pendingCallbacks', () => {
    test('a callback is pending from its request until its outputs are applied', async () => {
        const store = new FakeDashStore();
        store.add('Input', { id: 'a' });
        const callback = store.callback({ inputs: ['a.value'] });
        const names = () => pendingCallbacks(store).map((pending) => pending.callback);
        expect(names()).toEqual([]);
        store.write('a', { value: 1 });
        expect(names()).toEqual([callback]);
        const [run] = store.runs;
        for (const stage of [
            'prioritized',
            'blocked',
            'executing',
            'watched',
            'executed',
        ] as const) {
            run.move(stage);
            expect(names()).toEqual([callback]);
        }
        run.move('stored');
        expect(names()).toEqual([]);
    });

    test('stages that a version of Dash does not have are none', () => {
        expect(pendingCallbacks(storeWith({ callbacks: { requested: ['one'] } }))).toEqual(['one']);
    });
});

describe('triggeredBy', () => {
    test('finds the callbacks that a write has just requested, and no others', () => {
        const store = new FakeDashStore();
        store.add('Input', { id: 'a' });
        const both = store.callback({ inputs: ['a.value', 'a.size'] });
        const value = store.callback({ inputs: ['a.value'] });
        store.callback({ inputs: ['a.size'] });
        store.write('a', { value: 1 });
        const found = triggeredBy(store, 'a', 'value').map(({ callback }) => callback);
        expect(found).toEqual([both, value]);
        expect(triggeredBy(store, 'a', 'size')).toEqual([]);
        expect(triggeredBy(store, 'b', 'value')).toEqual([]);
    });

    test('callbacks that have started were triggered by an earlier write', () => {
        const store = new FakeDashStore();
        store.add('Input', { id: 'a' });
        store.callback({ inputs: ['a.value'] });
        store.write('a', { value: 1 });
        store.runs[0].start();
        expect(triggeredBy(store, 'a', 'value')).toEqual([]);
    });

    test('knows components by dict ids', () => {
        const pending = { changedPropIds: { '{"index":1,"type":"m"}.invoke': 1 } };
        const store = storeWith({ callbacks: { requested: [pending] } });
        expect(triggeredBy(store, '{"index":1,"type":"m"}', 'invoke')).toEqual([pending]);
        expect(triggeredBy(store, '{"index":2,"type":"m"}', 'invoke')).toEqual([]);
    });
});

describe('callbacksWithOutput', () => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) => ({
        name,
        inputs: [],
        outputs: [],
    }));

    test('finds all callbacks that write to a prop', () => {
        const outputMap = {
            a: { result: [first, second], other: [third] },
            b: { result: [third] },
        };
        const store = storeWith({ graphs: { outputMap, outputPatterns: {} } });
        expect(callbacksWithOutput(store, 'a', 'result')).toEqual([first, second]);
        expect(callbacksWithOutput(store, 'a', 'error')).toEqual([]);
        expect(callbacksWithOutput(store, 'c', 'result')).toEqual([]);
    });

    test('sees outputs that allow duplicates', () => {
        const outputMap = { a: { result: [first], 'result@4f2a': [second], results: [third] } };
        const store = storeWith({ graphs: { outputMap, outputPatterns: {} } });
        expect(callbacksWithOutput(store, 'a', 'result')).toEqual([first, second]);
    });

    test('finds patterns with the same keys for a dict id', () => {
        const outputPatterns = {
            'index,type': { result: [{ keys: ['index', 'type'], callbacks: [first, second] }] },
            type: { result: [{ keys: ['type'], callbacks: [third] }] },
        };
        const store = storeWith({ graphs: { outputMap: {}, outputPatterns } });
        expect(callbacksWithOutput(store, '{"type":"m","index":1}', 'result')).toEqual([
            first,
            second,
        ]);
        expect(callbacksWithOutput(store, '{"other":"m"}', 'result')).toEqual([]);
    });

    test('has a counterpart for inputs', () => {
        const inputMap = { a: { result: [first] } };
        const inputPatterns = { index: { result: [{ keys: ['index'], callbacks: [second] }] } };
        const store = storeWith({ graphs: { inputMap, inputPatterns } });
        expect(callbacksWithInput(store, 'a', 'result')).toEqual([first]);
        expect(callbacksWithInput(store, 'a', 'invoke')).toEqual([]);
        expect(callbacksWithInput(store, '{"index":1}', 'result')).toEqual([second]);
    });
});

test('a component without an id triggers nothing and is no output', () => {
    const callbacks = { requested: [{ changedPropIds: { 'a.invoke': 1 } }] };
    const store = storeWith({ callbacks, graphs: {} });
    expect(triggeredBy(store, undefined, 'invoke')).toEqual([]);
    expect(callbacksWithOutput(store, undefined, 'result')).toEqual([]);
});

describe('layoutProps', () => {
    const dict = { props: { id: { type: 'm', index: 1 } } };
    const nameless = { props: { children: 'text' } };
    const layout = { props: { children: [{ props: { id: 'a' } }, nameless, dict] } };
    const store = storeWith({ layout });
    const at = (index: number) => ['props', 'children', index];

    test('are those of the component at the path', () => {
        installStringifyId();
        expect(layoutProps(store, at(0), 'a')).toBe(layout.props.children[0].props);
        expect(layoutProps(store, at(2), '{"index":1,"type":"m"}')).toBe(dict.props);
        expect(layoutProps(store, at(1), undefined)).toBe(nameless.props);
    });

    test('where there is another component, there are none', () => {
        expect(layoutProps(store, at(0), 'b')).toBeUndefined();
    });

    test('where there is no component, there are none', () => {
        expect(layoutProps(store, at(3), 'a')).toBeUndefined();
        expect(layoutProps(store, [...at(7), 'props', 'children'], 'a')).toBeUndefined();
        expect(layoutProps(storeWith({}), ['props'], undefined)).toBeUndefined();
    });
});

describe('stringifyId', () => {
    test('a string is itself, a dict is what Dash makes of it', () => {
        installStringifyId();
        expect(stringifyId('a')).toBe('a');
        expect(stringifyId({ type: 'm', index: 1 })).toBe('{"index":1,"type":"m"}');
    });
});
