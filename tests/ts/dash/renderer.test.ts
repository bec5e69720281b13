// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
    callbacksWithInput,
    callbacksWithOutput,
    layoutEntry,
    pendingCallbacks,
    type Store,
    setQuietly,
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
    return { getState: () => state, subscribe: () => () => {}, dispatch: () => undefined };
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
        const found = triggeredBy(store, 'a.value').map(({ callback }) => callback);
        expect(found).toEqual([both, value]);
        expect(triggeredBy(store, 'a.size')).toEqual([]);
        expect(triggeredBy(store, 'b.value')).toEqual([]);
    });

    test('callbacks that have started were triggered by an earlier write', () => {
        const store = new FakeDashStore();
        store.add('Input', { id: 'a' });
        store.callback({ inputs: ['a.value'] });
        store.write('a', { value: 1 });
        store.runs[0].start();
        expect(triggeredBy(store, 'a.value')).toEqual([]);
    });

    test('knows components by dict ids', () => {
        const pending = { changedPropIds: { '{"index":1,"type":"m"}.invoke': 1 } };
        const store = storeWith({ callbacks: { requested: [pending] } });
        expect(triggeredBy(store, '{"index":1,"type":"m"}.invoke')).toEqual([pending]);
        expect(triggeredBy(store, '{"index":2,"type":"m"}.invoke')).toEqual([]);
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

    const ALL = { wild: 'ALL', multi: 1 };
    const MATCH = { wild: 'MATCH' };
    const patternOf = (id: Record<string, unknown>, ...callbacks: unknown[]) => ({
        keys: Object.keys(id),
        values: Object.values(id),
        callbacks,
    });

    test('finds the patterns that mean a dict id', () => {
        const outputPatterns = {
            'index,type': {
                result: [
                    patternOf({ index: MATCH, type: 'm' }, first),
                    patternOf({ index: ALL, type: ALL }, second),
                    patternOf({ index: MATCH, type: 'n' }, third),
                ],
            },
            type: { result: [patternOf({ type: 'm' }, third)] },
        };
        const store = storeWith({ graphs: { outputMap: {}, outputPatterns } });
        expect(callbacksWithOutput(store, '{"type":"m","index":1}', 'result')).toEqual([
            first,
            second,
        ]);
        expect(callbacksWithOutput(store, '{"other":"m"}', 'result')).toEqual([]);
    });

    test.each([
        ['outputs', callbacksWithOutput, 'outputMap', 'outputPatterns', 'partialOutputPatterns'],
        ['inputs', callbacksWithInput, 'inputMap', 'inputPatterns', 'partialInputPatterns'],
    ] as const)('finds partial patterns that mean an id with more keys: %s', (...names) => {
        const [, callbacksWith, byId, byKeys, partialByKeys] = names;
        const whole = { 'index,type': { result: [patternOf({ index: ALL, type: 'm' }, first)] } };
        const partial = {
            index: { result: [patternOf({ index: 2 }, third)] },
            type: { result: [patternOf({ type: 'm' }, second)], other: [] },
            'other,type': { result: [patternOf({ other: ALL, type: ALL }, third)] },
        };
        // Dash lists each partial pattern among the others, too.
        const graphs = { [byId]: {}, [byKeys]: { ...whole, ...partial }, [partialByKeys]: partial };
        const store = storeWith({ graphs });
        expect(callbacksWith(store, '{"index":1,"type":"m"}', 'result')).toEqual([first, second]);
        expect(callbacksWith(store, '{"type":"m"}', 'result')).toEqual([second]);
        expect(callbacksWith(store, '{"type":"n","x":1}', 'result')).toEqual([]);
    });

    test('has a counterpart for inputs', () => {
        const inputMap = { a: { result: [first] } };
        const inputPatterns = { index: { result: [patternOf({ index: ALL }, second)] } };
        const store = storeWith({ graphs: { inputMap, inputPatterns } });
        expect(callbacksWithInput(store, 'a', 'result')).toEqual([first]);
        expect(callbacksWithInput(store, 'a', 'invoke')).toEqual([]);
        expect(callbacksWithInput(store, '{"index":1}', 'result')).toEqual([second]);
    });
});

test('a component without an id is no output', () => {
    const store = storeWith({ graphs: {} });
    expect(callbacksWithOutput(store, undefined, 'result')).toEqual([]);
});

describe('layoutEntry', () => {
    const dict = { props: { id: { type: 'm', index: 1 } } };
    const nameless = { props: { children: 'text' } };
    const layout = { props: { children: [{ props: { id: 'a' } }, nameless, dict] } };
    const at = (index: number) => ['props', 'children', index];
    const dictId = '{"index":1,"type":"m"}';
    const layoutHashes = { 'props,children,0': { hash: 3 } };
    const objs = { 'index,type': [{ values: [1, 'm'], path: at(2) }] };
    const store = storeWith({ layout, layoutHashes, paths: { strs: { a: at(0) }, objs } });

    beforeEach(installStringifyId);

    test('is found by the id, wherever the component was rendered last', () => {
        const { props } = layout.props.children[0];
        expect(layoutEntry(store, 'a', at(1))).toEqual({ path: at(0), props, writes: 3 });
        expect(layoutEntry(store, dictId, at(0))?.props).toBe(dict.props);
    });

    test('counts writes as Dash 3.0 does, too', () => {
        const state = { ...store.getState(), layoutHashes: { 'props,children,0': 3 } };
        expect(layoutEntry(storeWith(state), 'a', at(0))?.writes).toBe(3);
    });

    test('without an id is found by the place', () => {
        const entry = { path: at(1), props: nameless.props, writes: 0 };
        expect(layoutEntry(store, undefined, at(1))).toEqual(entry);
    });

    test('of a component that is not in the layout is undefined', () => {
        expect(layoutEntry(store, 'b', at(0))).toBeUndefined();
        expect(layoutEntry(store, '{"index":2,"type":"m"}', at(2))).toBeUndefined();
        expect(layoutEntry(store, undefined, at(3))).toBeUndefined();
        expect(layoutEntry(store, undefined, [...at(7), 'props', 'children'])).toBeUndefined();
    });
});

describe('setQuietly', () => {
    test('sets props and requests nothing', () => {
        const store = new FakeDashStore();
        const path = store.add('Input', { id: 'a', size: 2 });
        store.callback({ inputs: ['a.value'] });
        setQuietly(store, path, { value: 1 });
        expect(store.props('a')).toEqual({ id: 'a', size: 2, value: 1 });
        expect(store.requested).toEqual([]);
    });
});

describe('stringifyId', () => {
    test('a string is itself, a dict is what Dash makes of it', () => {
        installStringifyId();
        expect(stringifyId('a')).toBe('a');
        expect(stringifyId({ type: 'm', index: 1 })).toBe('{"index":1,"type":"m"}');
    });
});
