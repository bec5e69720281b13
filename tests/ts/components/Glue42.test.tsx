// @vitest-environment jsdom

import { act, cleanup, type RenderResult, render } from '@testing-library/react';
import React, { StrictMode, useSyncExternalStore } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPageGlobals } from '../../../src/client/page-globals';
import Glue42 from '../../../src/components/Glue42';
import { useInterop } from '../../../src/dash/interop-context';
import { FakeDashStore } from '../support/fake-dash-store';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let store: FakeDashStore;
let path: (string | number)[];
let io: FakePage;
let factory: ReturnType<typeof vi.fn>;
let made: (io: any) => void;
let failed: (reason: unknown) => void;
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    (globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;
    tests += 1;
    id = `glue42-${tests}`;
    store = new FakeDashStore();
    path = store.add('Glue42', { id });
    window.dash_component_api = {
        useDashContext: () => ({ componentPath: path, useStore: () => store }),
    };
    io = new FakeGateway().connect({ application: 'own' });
    factory = vi.fn(
        () =>
            new Promise((resolve, reject) => {
                made = resolve;
                failed = reject;
            }),
    );
    createPageGlobals();
    (window.glue42dash as any).libSettings = { web: { factory } };
});

afterEach(() => {
    cleanup();
    vi.useRealTimers();
    vi.restoreAllMocks();
    window.glue42dash = undefined;
    window.dash_component_api = undefined;
    delete (window as any).iodesktop;
});

/** What a component below sees of the connection. */
function Child() {
    const interop = useInterop();
    if (interop === undefined) {
        return <p>connecting</p>;
    }
    return <p>{typeof interop === 'string' ? interop : 'connected'}</p>;
}

/** Dash around the component: renders it again when its props change. */
function Root({ more }: { more: Record<string, any> }) {
    const props = useSyncExternalStore(
        (onChange) => store.subscribe(onChange),
        () => store.props(id),
    );
    return (
        <Glue42 {...props} {...more} setProps={(changed) => store.setProps(id, changed)}>
            <Child />
        </Glue42>
    );
}

function tree(more: Record<string, any>) {
    return (
        <StrictMode>
            <Root more={more} />
        </StrictMode>
    );
}

async function show(more: Record<string, any> = {}): Promise<RenderResult> {
    const shown = render(tree(more));
    await settle();
    return shown;
}

async function settle(): Promise<void> {
    await act(() => vi.advanceTimersByTimeAsync(0));
}

async function connect(): Promise<void> {
    made(io);
    await settle();
}

/** The values that a prop had, in order. */
function given(prop: string): any[] {
    return store.changes.filter((change) => change.prop === prop).map(({ value }) => value);
}

describe('while connecting', () => {
    test('the children are shown, or the fallback instead', async () => {
        const { container, unmount } = await show();
        expect(container.innerHTML).toBe('<p>connecting</p>');
        unmount();
        const { container: second } = await show({ fallback: <b>wait</b> });
        expect(second.innerHTML).toBe('<b>wait</b>');
        await connect();
        expect(second.innerHTML).toBe('<p>connected</p>');
    });

    test('the props say so', async () => {
        await show();
        expect(store.props(id)).toMatchObject({
            glueReady: false,
            isEnterprise: false,
            connectionState: 'connecting',
        });
    });

    test('one connection is made, in StrictMode and on every render', async () => {
        const { rerender } = await show();
        rerender(tree({}));
        await settle();
        await connect();
        rerender(tree({}));
        await settle();
        expect(factory).toHaveBeenCalledTimes(1);
    });

    test('the settings are those of the first render', async () => {
        const settings = (application: string) => ({ web: { config: { application } } });
        const { rerender } = await show({ settings: settings('first') });
        rerender(tree({ settings: settings('second') }));
        await settle();
        expect(factory.mock.calls).toEqual([[{ application: 'first', libraries: [] }]]);
    });
});

describe('once connected', () => {
    test('the children are shown, and use the connection', async () => {
        const { container } = await show({ fallback: <b>wait</b> });
        await connect();
        expect(container.innerHTML).toBe('<p>connected</p>');
    });

    test('the props say so, in order', async () => {
        await show();
        await connect();
        expect(given('glueReady')).toEqual([false, true]);
        expect(given('connectionState')).toEqual(['connecting', 'connected']);
        expect(store.props(id).connectionError).toBeNull();
    });

    test('a callback sees every state, also those that come together', async () => {
        store.callback({ inputs: [`${id}.connectionState`] });
        await show();
        await connect();
        expect(given('connectionState')).toEqual(['connecting']);
        await act(() => store.runs[0].finish());
        await settle();
        expect(given('connectionState')).toEqual(['connecting', 'connected']);
    });

    test('the page is told as what others see it before it hears that it is connected', async () => {
        await show();
        expect(store.props(id).instance).toBeUndefined();
        await connect();
        const instance = { application: 'own', instance: 'instance of peer-1', peerId: 'peer-1' };
        expect(given('instance')).toEqual([instance]);
        const told = store.changes.map(({ prop, value }) => [prop, value]);
        const place = (prop: string, value: unknown) =>
            told.findIndex((one) => JSON.stringify(one) === JSON.stringify([prop, value]));
        expect(place('instance', instance)).toBeLessThan(place('connectionState', 'connected'));
        expect(place('instance', instance)).toBeLessThan(place('glueReady', true));
    });

    test('it stays the last one in an outage, and follows the next login', async () => {
        await show();
        await connect();
        await act(async () => io.connection.goAway());
        expect(store.props(id).instance.peerId).toBe('peer-1');
        io.interop.instance.peerId = 'peer-2';
        await act(async () => io.connection.comeBack());
        expect(given('instance').map(({ peerId }) => peerId)).toEqual(['peer-1', 'peer-2']);
    });

    test('the children stay when the connection is lost, and the props follow it', async () => {
        const { container } = await show();
        await connect();
        await act(async () => io.connection.goAway());
        expect(container.innerHTML).toBe('<p>connected</p>');
        expect(store.props(id)).toMatchObject({
            glueReady: true,
            connectionState: 'disconnected',
            connectionError: 'The connection to the gateway was lost',
        });
        await act(async () => io.connection.comeBack());
        expect(store.props(id)).toMatchObject({
            connectionState: 'connected',
            connectionError: null,
        });
    });

    test('a page inside the desktop says so', async () => {
        (window as any).iodesktop = {};
        (window.glue42dash as any).libSettings = { desktop: { factory } };
        await show();
        expect(store.props(id).isEnterprise).toBe(true);
    });
});

test('a page that does without shows its children, and is not ready', async () => {
    const { container } = await show();
    made({ skipInit: true });
    await settle();
    expect(container.textContent).toBe(
        'There is no connection: a factory of this page does without',
    );
    expect(store.props(id).glueReady).toBe(false);
});

test('a connection that cannot be made is told in the props and the console', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { container } = await show({ fallback: <b>wait</b> });
    failed(new Error('no licence'));
    await settle();
    expect(container.innerHTML).toBe('<b>wait</b>');
    expect((await show()).container.textContent).toBe('There is no connection: no licence');
    expect(store.props(id)).toMatchObject({
        glueReady: false,
        connectionState: 'disconnected',
        connectionError: 'no licence',
    });
    expect(logged.mock.calls).toEqual([[`dash_interop: Glue42 ${id}: no licence`]]);
});

describe('an outage', () => {
    let warnings: string[];

    beforeEach(async () => {
        warnings = [];
        vi.spyOn(console, 'warn').mockImplementation((text) => warnings.push(text));
        vi.stubGlobal('fetch', async () => Response.json({}));
        await show();
        await connect();
    });

    afterEach(() => {
        vi.unstubAllGlobals();
    });

    async function lasts(ms: number): Promise<void> {
        await act(async () => io.connection.goAway());
        await act(() => vi.advanceTimersByTimeAsync(ms));
        await act(async () => io.connection.comeBack());
    }

    test('is told in the console when it lasts a second, once', async () => {
        await lasts(999);
        await settle();
        expect(warnings).toEqual([]);
        await lasts(1_000);
        await lasts(5_000);
        expect(warnings).toEqual([
            `dash_interop: Glue42 ${id}: The connection to the gateway was lost`,
        ]);
    });
});

test('a component that is put back into the layout finds its connection', async () => {
    const { unmount } = await show();
    await connect();
    unmount();
    await act(async () => io.connection.goAway());
    store.write(id, { instance: null });
    const shown = await show();
    expect(factory).toHaveBeenCalledTimes(1);
    expect(shown.container.textContent).toBe('connected');
    expect(store.props(id)).toMatchObject({
        glueReady: true,
        connectionState: 'disconnected',
        instance: { application: 'own' },
    });
});

test('a connection that is made after the component has gone harms nobody', async () => {
    const { unmount } = await show();
    unmount();
    const before = store.updates.length;
    await connect();
    expect(store.updates).toHaveLength(before);
});
