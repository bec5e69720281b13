// @vitest-environment jsdom

import { act, render } from '@testing-library/react';
import React from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import { InvocationFrames } from '../../../src/client/invocation-frames';
import MethodInvoke from '../../../src/components/MethodInvoke';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let page: FakeDashPage;
let warnings: string[];
let client: InteropClient;
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(async () => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    tests += 1;
    id = `invoke-${tests}`;
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf);
    page = new FakeDashPage({ MethodInvoke });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
});

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('MethodInvoke', { id, ...props });
    return page.show(client);
}

async function offer(name: string, handler: (args: any) => any): Promise<void> {
    await gateway.connect({ application: 'server' }).interop.register({ name }, handler);
}

/** The calls, as they reached core. */
function calls(): any[] {
    return own.interop.invocations.map(({ args }) => args);
}

/** What the callbacks got as `result`, in order. */
function results(): any[] {
    return page.store.updates.map(({ props }) => props.result);
}

test('it shows nothing', async () => {
    expect((await show()).innerHTML).toBe('');
});

test('it leaves no listener behind when it goes', async () => {
    await show();
    expect(page.store.subscriberCount).toBeGreaterThan(0);
    page.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(page.store.subscriberCount).toBe(0);
});

test('it says which Dash it needs', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const silence = (event: ErrorEvent) => event.preventDefault();
    window.addEventListener('error', silence);
    window.dash_component_api = undefined;
    expect(() => render(<MethodInvoke id={id} setProps={() => {}} />)).toThrow(
        'dash_interop needs Dash 3.0 or newer',
    );
    window.removeEventListener('error', silence);
});

describe('one write, one call', () => {
    beforeEach(() => offer('Sum', ({ n }) => ({ twice: 2 * n })));

    const invoke = (n: number) => ({ invoke: { definition: 'Sum', argumentObj: { n } } });

    test('holds in StrictMode', async () => {
        await show();
        await page.write(id, invoke(1));
        expect(calls()).toEqual([{ n: 1 }]);
        expect(results()).toHaveLength(1);
    });

    test('holds for the value that is there at first', async () => {
        await show(invoke(1));
        expect(calls()).toEqual([{ n: 1 }]);
    });

    test('holds for twenty writes in one turn', async () => {
        await show();
        await page.write(id, ...Array.from({ length: 20 }, (_, n) => invoke(n)));
        expect(calls()).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
        expect(results().map(({ invocationResult }) => invocationResult.returned.twice)).toEqual(
            Array.from({ length: 20 }, (_, n) => 2 * n),
        );
    });

    test('holds when everything is rendered again', async () => {
        await show();
        await page.write(id, invoke(1));
        await page.renderAgain();
        await page.write(id, { title: 'another prop' });
        expect(calls()).toHaveLength(1);
    });

    test('holds when the component goes and comes back with the same value', async () => {
        await show();
        await page.write(id, invoke(1));
        const props = page.store.props(id);
        await page.remove(id);
        await page.putBack('MethodInvoke', props);
        expect(calls()).toHaveLength(1);
        await page.write(id, invoke(2));
        expect(calls()).toEqual([{ n: 1 }, { n: 2 }]);
    });

    test('holds when components change places, for writes before and after', async () => {
        const other = `${id}-other`;
        page.add('MethodInvoke', { id: other });
        await show();
        await page.write(id, invoke(1));
        await page.swap(id, other, () => page.store.write(id, invoke(2)));
        expect(calls()).toEqual([{ n: 1 }, { n: 2 }]);
        await page.write(other, invoke(3));
        await page.write(id, invoke(4));
        expect(calls()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
        const byId = page.store.updates.map((update) => update.id);
        expect(byId).toEqual([id, id, other, id]);
    });

    test('holds when the connection is made anew', async () => {
        await show();
        await page.write(id, invoke(1));
        await page.reconnect(new InteropClient(own, gateway.registrationOf));
        expect(calls()).toHaveLength(1);
    });

    test('holds for equal values that were written apart', async () => {
        await show();
        await page.write(id, invoke(1), { invoke: null }, invoke(1));
        expect(calls()).toEqual([{ n: 1 }, { n: 1 }]);
    });

    test('holds for one object that is written to two components', async () => {
        const second = `${id}-b`;
        page.add('MethodInvoke', { id: second });
        await show();
        const both = invoke(1);
        act(() => {
            page.store.write(id, both);
            page.store.write(second, both);
        });
        await page.settle();
        expect(calls()).toEqual([{ n: 1 }, { n: 1 }]);
    });

    test('holds before there is a connection', async () => {
        page.add('MethodInvoke', { id, ...invoke(1) });
        await page.show();
        await page.write(id, invoke(2), invoke(3));
        expect(calls()).toEqual([]);
        await page.reconnect(client);
        expect(calls()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    });

    test('ends in time where no connection comes', async () => {
        page.add('MethodInvoke', { id });
        await page.show();
        await page.write(id, { invoke: { definition: 'Count', options: { waitTimeoutMs: 500 } } });
        await page.settle(500);
        expect(page.store.props(id).result.error.message).toBe(
            'The page was not connected within 500 ms',
        );
    });

    test('ends in time, with the reason why no connection comes', async () => {
        page.add('MethodInvoke', { id });
        await page.show();
        page.status.tell({ state: 'disconnected', error: 'No gateway answers' });
        await page.write(id, { invoke: { definition: 'Count', options: { waitTimeoutMs: 500 } } });
        await page.settle(499);
        expect(page.store.props(id).result).toBeNull();
        await page.settle(1);
        const message = 'The page was not connected within 500 ms: No gateway answers';
        expect(page.store.props(id).result.error.message).toBe(message);
        expect(warnings).toEqual([`dash_interop: MethodInvoke ${id}: Count failed: ${message}`]);
    });

    test.each([
        ['before', 0],
        ['after', 100],
    ])('ends at once for a reason that stays, known %s the write', async (_when, afterMs) => {
        page.add('MethodInvoke', { id });
        await page.show();
        const status = { state: 'disconnected', error: 'Forbidden', isLasting: true } as const;
        if (afterMs === 0) {
            page.status.tell(status);
        }
        await page.write(id, invoke(1));
        if (afterMs > 0) {
            await page.settle(afterMs);
            expect(page.store.props(id).result).toBeNull();
            page.status.tell(status);
        }
        await page.settle();
        expect(page.store.props(id).result.error.message).toBe(
            'The page is not connected: Forbidden',
        );
    });

    test('tells the reason of an outage in which nobody was found', async () => {
        await show();
        page.status.tell({ state: 'disconnected', error: 'The gateway was stopped' });
        await page.write(id, { invoke: { definition: 'Sumo', options: { waitTimeoutMs: 100 } } });
        await page.settle(100);
        expect(page.store.props(id).result.error.message).toBe(
            'No server offers the method Sumo for target "best" (waited 100 ms). The page is not connected: The gateway was stopped',
        );
    });

    test('ends at once where there is none', async () => {
        page.add('MethodInvoke', { id, ...invoke(1) });
        await page.show('There is no connection: nowhere');
        expect(page.store.props(id).result.error.message).toBe('There is no connection: nowhere');
    });

    test('holds when a callback sends the component back that it got as State', async () => {
        page.add('MethodInvoke', { id });
        await page.show(client);
        await page.write(id, invoke(1));
        const copy = structuredClone(page.store.props(id));
        await page.replace('MethodInvoke', copy);
        expect(calls()).toEqual([{ n: 1 }]);
        await page.write(id, { invoke: null }, invoke(1));
        expect(calls()).toEqual([{ n: 1 }, { n: 1 }]);
    });
});

describe('the call', () => {
    test('has definition, arguments, target and options', async () => {
        await offer('Sum', () => ({}));
        await show();
        await page.write(id, {
            invoke: {
                definition: { name: 'Sum' },
                argumentObj: { a: 1 },
                target: { application: { regex: '^ser' } },
                options: { methodResponseTimeoutMs: 500 },
            },
        });
        expect(own.interop.invocations).toMatchObject([
            {
                method: { name: 'Sum' },
                args: { a: 1 },
                target: { peerId: 'peer-2' },
                options: { methodResponseTimeoutMs: 500 },
            },
        ]);
    });

    test('goes to the best server, with empty arguments, when nothing else is said', async () => {
        await offer('Sum', () => ({}));
        await offer('Sum', () => ({}));
        await show();
        await page.write(id, { invoke: { definition: 'Sum', options: null, target: null } });
        expect(own.interop.invocations).toMatchObject([{ args: {}, target: { peerId: 'peer-2' } }]);
    });
});

describe('the result', () => {
    test('has the id that was given, the result of the call, and no error', async () => {
        await offer('Sum', () => ({ sum: 3 }));
        await show();
        await page.write(id, { invoke: { definition: 'Sum', invocationId: 'mine' } });
        expect(results()).toMatchObject([
            {
                invocationId: 'mine',
                invocationResult: { returned: { sum: 3 }, executed_by: { application: 'server' } },
                error: null,
                sequence: 1,
            },
        ]);
    });

    test('is data that survives the way to the server', async () => {
        await offer('Sum', () => ({ sum: 3 }));
        await show();
        await page.write(id, { invoke: { definition: 'Sum' } });
        const [result] = results();
        expect(result.invocationId).toBeNull();
        expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    });

    test('differs by its sequence where the content is equal', async () => {
        await offer('Sum', () => ({ sum: 3 }));
        page.store.add('Div', { id: 'out' });
        page.store.callback({ inputs: [`${id}.result`], outputs: ['out.children'] });
        await show();
        for (const index of [0, 1, 2]) {
            await page.write(id, { invoke: { definition: 'Sum', argumentObj: { n: index } } });
            await page.when(() => page.store.runs[index].finish());
        }
        expect(results().map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
        expect(page.store.runs).toHaveLength(3);
    });

    test('goes on counting when the component comes back', async () => {
        await offer('Sum', () => ({}));
        await show();
        await page.write(id, { invoke: { definition: 'Sum' } });
        await page.remove(id);
        await page.putBack('MethodInvoke', { id });
        await page.write(id, { invoke: { definition: 'Sum', invocationId: '2' } });
        expect(results().map(({ sequence }) => sequence)).toEqual([1, 2]);
    });

    test('of the next call waits until the callback of the one before has ended', async () => {
        await offer('Sum', ({ n }) => ({ n }));
        page.store.callback({ inputs: [`${id}.result`] });
        await show();
        await page.write(
            id,
            ...[1, 2].map((n) => ({ invoke: { definition: 'Sum', argumentObj: { n } } })),
        );
        expect(calls()).toHaveLength(2);
        expect(results()).toHaveLength(1);
        await page.when(() => page.store.runs[0].finish());
        expect(results().map(({ invocationResult }) => invocationResult.returned.n)).toEqual([
            1, 2,
        ]);
    });
});

describe('a call that fails', () => {
    async function errorOf(invoke: unknown, afterMs = 0): Promise<any> {
        await show();
        await page.write(id, { invoke });
        await page.settle(afterMs);
        expect(results()).toHaveLength(1);
        expect(results()[0].invocationResult).toBeNull();
        return results()[0].error;
    }

    test.each([[{}], [{ argumentObj: {} }], [{ definition: null }]])(
        'without a definition, as in %j, says so',
        async (invoke) => {
            expect(await errorOf(invoke)).toEqual({
                message: 'invoke needs a definition: the name of a method or a dict with a name',
                type: 'InvalidInvoke',
                all_errors: [],
            });
            expect(own.interop.invocations).toEqual([]);
        },
    );

    test.each([['Sum'], [['Sum']], [7]])('as it is no dict but %j, says so', async (invoke) => {
        expect((await errorOf(invoke)).message).toBe('invoke has to be a dict with a definition');
    });

    test.each([
        [{ definition: 'Sum', arguments: {} }, 'did you mean "argumentObj"?'],
        [{ definition: { name: 'Sum', acepts: '' } }, 'did you mean "accepts"?'],
        [{ definition: 'Sum', options: { waitTimeoutMs: 'soon' } }, 'waitTimeoutMs has to be'],
        [{ definition: 'Sum', argumentObj: [1, 2] }, 'have to be a dict, not a list'],
        [{ definition: '' }, 'The definition needs a name, a non-empty string'],
        [{ definition: { name: 'Sum', version: '1' } }, 'The version of method Sum'],
        [{ definition: 'Sum', argumentObj: 'text' }, 'The arguments have to be a dict'],
        [{ definition: 'Sum', target: 'fastest' }, 'Unknown target "fastest"'],
        [
            { definition: 'Sum', target: { user: { regex: '(' } } },
            "The target's user is not a valid regular",
        ],
    ])('for %j says what is wrong', async (invoke, message) => {
        expect((await errorOf(invoke)).message).toContain(message);
    });

    test('for want of a server says so in time', async () => {
        const invoke = { definition: 'Sum', options: { waitTimeoutMs: 100 }, invocationId: 'mine' };
        expect((await errorOf(invoke, 100)).message).toBe(
            'No server offers the method Sum for target "best" (waited 100 ms)',
        );
        expect(results()[0].invocationId).toBe('mine');
    });

    test('for want of a server is told in the console long before', async () => {
        await offer('Sum', () => ({}));
        await gateway.connect().interop.createStream({ name: 'Prices' });
        await show();
        page.status.tell({ state: 'connected', error: null });
        await page.write(id, { invoke: { definition: 'Sumo' } });
        await page.settle(1_000);
        expect(warnings).toEqual([
            `dash_interop: MethodInvoke ${id}: nobody offers Sumo so far: open the app that does, or correct the name. On offer: Sum`,
        ]);
    });

    test('no such thing is told of a call that is under way, or of a page that is away', async () => {
        await offer('Sum', () => new Promise(() => {}));
        await show();
        page.status.tell({ state: 'connected', error: null });
        await page.write(id, { invoke: { definition: 'Sum' } });
        await page.settle(1_000);
        page.status.tell({ state: 'disconnected', error: 'The gateway was stopped' });
        await page.write(id, { invoke: { definition: 'Sumo' } });
        await page.settle(1_000);
        expect(warnings).toEqual([]);
    });

    test('in the handler tells its message, its type and all errors', async () => {
        await offer('Sum', () => Promise.reject({ message: 'No book', type: 'LookupError' }));
        const error = await errorOf({ definition: 'Sum' });
        expect(error).toMatchObject({
            message: 'No book',
            type: 'HandlerFailed',
            exception: 'LookupError',
            returned: { message: 'No book', type: 'LookupError' },
            all_errors: [{ message: 'No book', executed_by: { application: 'server' } }],
        });
        expect(warnings).toEqual([`dash_interop: MethodInvoke ${id}: Sum failed: No book`]);
        expect(JSON.parse(JSON.stringify(error))).toEqual(error);
    });

    test('does not stop the next one', async () => {
        await offer('Sum', () => ({ sum: 3 }));
        await errorOf({});
        await page.write(id, { invoke: { definition: 'Sum' } });
        expect(results()[1]).toMatchObject({ error: null, sequence: 2 });
    });
});

test('the result of a call that ends after the component has gone is not set', async () => {
    await offer('Sum', () => new Promise((resolve) => setTimeout(() => resolve({}), 100)));
    await show();
    await page.write(id, { invoke: { definition: 'Sum' } });
    await page.remove(id);
    await page.settle(100);
    expect(results()).toEqual([]);
});

describe('cancel', () => {
    const forever = () => new Promise(() => {});

    beforeEach(async () => {
        await offer('Sum', forever);
    });

    const invoke = (invocationId?: string) => ({ invoke: { definition: 'Sum', invocationId } });

    /** The invocationIds of those that were cancelled, in order. */
    function cancelled(): unknown[] {
        return results()
            .filter((result) => result?.error?.type === 'cancelled')
            .map(({ invocationId }) => invocationId);
    }

    /** What the callbacks got as `error`, in order. */
    function problems(): any[] {
        return page.store.updates
            .filter(({ props }) => 'error' in props)
            .map(({ props }) => props.error?.message ?? null);
    }

    test.each([
        [{ invocationId: 'b' }, ['b']],
        [
            [{ invocationId: 'c' }, { invocationId: 'a' }],
            ['a', 'c'],
        ],
        [true, ['a', 'b', 'c']],
        [false, []],
        [[], []],
    ])('%j ends what it names, and its results say so', async (cancel, ended) => {
        await show();
        await page.write(id, invoke('a'), invoke('b'), invoke('c'));
        await page.write(id, { cancel });
        expect(cancelled().sort()).toEqual(ended);
        expect(problems()).toEqual([]);
        expect(page.store.props(id).cancel).toBeNull();
    });

    test('is not shown as a fault', async () => {
        await show();
        await page.write(id, invoke('a'));
        await page.write(id, { cancel: true });
        expect(results()[0]).toMatchObject({
            invocationId: 'a',
            invocationResult: null,
            error: { type: 'cancelled', message: 'Sum was cancelled' },
        });
        expect(warnings).toEqual([]);
    });

    test('can be written again and again, also as the same value', async () => {
        await show();
        for (const name of ['a', 'b']) {
            await page.write(id, invoke(name));
            await page.write(id, { cancel: true });
            await page.write(id, { cancel: true });
        }
        expect(cancelled()).toEqual(['a', 'b']);
    });

    test('beside a new invocation means those before it', async () => {
        await show();
        await page.write(id, invoke('old'));
        await page.write(id, { cancel: true, ...invoke('new') });
        expect(cancelled()).toEqual(['old']);
        expect(calls()).toHaveLength(2);
    });

    test('ends all invocations that were given one id', async () => {
        await show();
        await page.write(id, invoke('a'), invoke('b'), invoke('a'));
        await page.write(id, { cancel: { invocationId: 'a' } });
        expect(cancelled()).toEqual(['a', 'a']);
    });

    test('of what has ended, or was cancelled, changes nothing', async () => {
        await offer('Quick', () => ({}));
        await show();
        await page.write(
            id,
            { invoke: { definition: 'Quick', invocationId: 'done' } },
            invoke('a'),
        );
        await page.write(id, { cancel: [{ invocationId: 'done' }, { invocationId: 'a' }] });
        await page.write(id, { cancel: { invocationId: 'a' } });
        expect(cancelled()).toEqual(['a']);
        expect(results()).toHaveLength(2);
        expect(problems()).toEqual([]);
    });

    test.each([
        [{ invocationId: 'x' }, 'cancel: no invocation has the invocationId "x"'],
        [{ id: 'a' }, 'cancel has an unknown key "id": known are "invocationId"'],
        [{}, 'cancel needs the invocationId that was given with invoke'],
        [
            'a',
            'cancel has to be a dict with an invocationId, a list of such dicts, or True for all',
        ],
    ])('%j says what is wrong, until one is right', async (cancel, problem) => {
        await show();
        await page.write(id, invoke('a'));
        await page.write(id, { cancel });
        expect(problems()).toEqual([expect.stringContaining(problem)]);
        expect(warnings).toEqual([expect.stringContaining(problem)]);
        await page.write(id, { cancel: { invocationId: 'a' } });
        expect(problems()).toEqual([expect.stringContaining(problem), null]);
        expect(cancelled()).toEqual(['a']);
    });

    test('of one that is unknown does not keep the others', async () => {
        await show();
        await page.write(id, invoke('a'));
        await page.write(id, { cancel: [{ invocationId: 'x' }, { invocationId: 'a' }] });
        expect(cancelled()).toEqual(['a']);
        expect(problems()).toHaveLength(1);
    });

    test('reaches what waits for a server, or for a connection', async () => {
        page.add('MethodInvoke', { id });
        await page.show();
        await page.write(id, invoke('early'));
        await page.write(id, { cancel: true });
        expect(cancelled()).toEqual(['early']);
        await page.reconnect(client);
        await page.write(id, { invoke: { definition: 'Nobody', invocationId: 'waits' } });
        await page.write(id, { cancel: true });
        expect(cancelled()).toEqual(['early', 'waits']);
        expect(calls()).toEqual([]);
    });

    test('is not what happens to those under way when the component goes', async () => {
        await show();
        await page.write(id, invoke('a'));
        await page.remove(id);
        await page.settle(1_000);
        expect(results()).toEqual([]);
    });
});

describe('progress', () => {
    let frames: InvocationFrames;
    let asked: any[];
    let answer: (result: object) => void;

    beforeEach(async () => {
        asked = [];
        await offer('Sum', () => new Promise((resolve) => (answer = resolve)));
        frames = new InvocationFrames(
            () => {},
            () => {},
        );
        frames.connect({
            type: 'welcome',
            available_domains: [{ uri: 'agm', extensions: ['cancel', 'progress'] }],
        });
        const invoke = own.interop.invoke.bind(own.interop);
        own.interop.invoke = (...args) => {
            const call = { type: 'call', request_id: `r${asked.length + 1}` };
            asked.push(frames.frameFor(call));
            return invoke(...args);
        };
        client = new InteropClient(
            own,
            gateway.registrationOf,
            undefined,
            undefined,
            undefined,
            frames,
        );
    });

    /** The server tells how far it is, and may answer then. */
    function tell(values: unknown[], result?: object): Promise<void> {
        return page.when(async () => {
            for (const value of values) {
                frames.hear({ type: 'progress', request_id: 'r1', value }, () => {});
            }
            if (result) {
                answer(result);
            }
        });
    }

    /** What the callbacks got, in order. */
    function given(): any[] {
        return page.store.updates.map(({ props }) =>
            'progress' in props ? props.progress.value : (props.result?.error?.type ?? 'result'),
        );
    }

    const invoke = { invoke: { definition: 'Sum', invocationId: 'mine' } };

    test('is asked for where a callback listens', async () => {
        await show();
        await page.write(id, invoke);
        page.store.callback({ inputs: [`${id}.progress`] });
        await page.write(id, { invoke: { definition: 'Sum' } });
        expect(asked.map(({ progress }) => progress)).toEqual([undefined, true]);
    });

    test('says whose it is', async () => {
        page.store.callback({ inputs: [`${id}.progress`] });
        await show();
        await page.write(id, invoke);
        await tell([{ done: 1 }]);
        expect(page.store.props(id).progress).toEqual({
            invocationId: 'mine',
            value: { done: 1 },
            executed_by: expect.objectContaining({ application: 'server' }),
            sequence: 1,
        });
    });

    test('comes value by value, each once, and before the result', async () => {
        page.store.callback({ inputs: [`${id}.progress`] });
        await show();
        await page.write(id, invoke);
        await tell([1, 1, 3], {});
        expect(given()).toEqual([1]);
        await page.when(() => page.store.runs[0].finish());
        expect(given()).toEqual([1, 1]);
        await page.when(() => page.store.runs[1].finish());
        await page.when(() => page.store.runs[2].finish());
        expect(given()).toEqual([1, 1, 3, 'result']);
    });

    test('that waits is dropped with a cancel', async () => {
        page.store.callback({ inputs: [`${id}.progress`] });
        await show();
        await page.write(id, invoke);
        await tell([1, 2]);
        await page.write(id, { cancel: true });
        await page.when(() => page.store.runs[0].finish());
        expect(given()).toEqual([1, 'cancelled']);
    });
});
