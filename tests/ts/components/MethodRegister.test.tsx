// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import MethodRegister from '../../../src/components/MethodRegister';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let caller: FakePage;
let page: FakeDashPage;
let warnings: string[];
let failures: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    failures = [];
    vi.spyOn(console, 'error').mockImplementation((message) => failures.push(message));
    serverAnswers({ accepts: null, returns: null });
    tests += 1;
    id = `register-${tests}`;
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    caller = gateway.connect({ application: 'caller' });
    page = new FakeDashPage({ MethodRegister });
    page.store.add('Div', { id: 'out' });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

/** What the Dash server says when it is asked about a signature. */
function serverAnswers(answer: object): void {
    vi.stubGlobal('fetch', async () => Response.json(answer));
}

/** Declares the callback that handles the invocations. */
function handler(): void {
    page.store.callback({ inputs: [`${id}.invoke`], outputs: [`${id}.result`] });
}

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('MethodRegister', { id, definition: 'Sum', returns: true, ...props });
    return page.show(new InteropClient(own, gateway.registrationOf));
}

type Told = { returned?: any; message?: string };

/** Calls the method; what the caller is told appears in the list. */
async function call(args = {}, from = caller): Promise<Told[]> {
    const told: Told[] = [];
    new InteropClient(from, gateway.registrationOf)
        .invoke('Sum', args, 'best', { waitTimeoutMs: 0 })
        .then(
            ({ returned }) => told.push({ returned }),
            ({ message }) => told.push({ message }),
        );
    await page.settle();
    return told;
}

/** What the callbacks got as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

/** The run of the handler that was requested last returns a result for the present call. */
async function answer(invocationResult: unknown): Promise<void> {
    const { invocationId } = page.store.props(id).invoke;
    const run = page.store.runs[page.store.runs.length - 1];
    await page.when(() => run.finish({ [`${id}.result`]: { invocationId, invocationResult } }));
}

describe('registering', () => {
    test('happens when it is shown; it shows nothing itself', async () => {
        const container = await show({ definition: { name: 'Sum', accepts: 'int a' } });
        expect(container.innerHTML).toBe('');
        expect(own.interop.own).toMatchObject([{ name: 'Sum', accepts: 'int a' }]);
    });

    test('waits for a connection', async () => {
        page.add('MethodRegister', { id, definition: 'Sum', returns: true });
        await page.show();
        expect(own.interop.log).toEqual([]);
        await page.reconnect(new InteropClient(own));
        expect(own.interop.own).toHaveLength(1);
    });

    test('an equal definition that is sent again changes nothing', async () => {
        await show({ definition: { name: 'Sum', accepts: 'int a' } });
        const before = [...own.interop.log];
        await page.write(
            id,
            { definition: null },
            { definition: { name: 'Sum', accepts: 'int a' } },
        );
        await page.renderAgain();
        expect(own.interop.log).toEqual(before);
    });

    test('another name takes the place of the one before', async () => {
        await show();
        await page.write(id, { definition: { name: 'Product' } });
        expect(own.interop.own.map(({ name }) => name)).toEqual(['Product']);
        expect(given('error')).toEqual([]);
    });

    test('a changed definition of the same name is registered anew', async () => {
        await show({ definition: { name: 'Sum', description: 'old' } });
        await page.write(id, { definition: { name: 'Sum', description: 'new' } });
        expect(own.interop.own.map(({ description }) => description)).toEqual(['new']);
        expect(given('error')).toEqual([]);
    });

    test('removing it withdraws the method', async () => {
        await show();
        await page.remove(id);
        expect(own.interop.own).toEqual([]);
    });

    test('one that comes back offers the method again', async () => {
        handler();
        await show();
        await page.remove(id);
        await page.putBack('MethodRegister', { id, definition: 'Sum', returns: true });
        expect(own.interop.own).toHaveLength(1);
        const told = await call();
        await answer({ sum: 3 });
        expect(told).toEqual([{ returned: { sum: 3 } }]);
    });

    test('rendering again neither registers nor withdraws', async () => {
        await show();
        const before = [...own.interop.log];
        await page.renderAgain();
        await page.write(id, { title: 'another prop' });
        expect(own.interop.log).toEqual(before);
    });
});

describe('error', () => {
    test('stays untouched while nothing is wrong', async () => {
        await show();
        await page.renderAgain();
        expect(given('error')).toEqual([]);
    });

    test.each([
        [{}, 'The definition needs a name, a non-empty string'],
        ['', 'The definition needs a name, a non-empty string'],
        [null, 'The definition has to be the name of a method or a dict with a name'],
        [{ name: 'Sum', version: '1' }, 'The version of method Sum has to be a number'],
    ])('for the definition %j says what is wrong', async (definition, message) => {
        await show({ definition });
        expect(page.store.props(id).error).toEqual({ message });
        expect(own.interop.own).toEqual([]);
        expect(failures).toEqual([`dash_interop: MethodRegister ${id}: ${message}`]);
    });

    test('without a root says that it needs one', async () => {
        page.add('MethodRegister', { id, definition: 'Sum' });
        await page.show(NO_ROOT);
        expect(page.store.props(id).error).toEqual({ message: NO_ROOT });
        expect(failures).toEqual([`dash_interop: MethodRegister ${id}: ${NO_ROOT}`]);
    });

    test('of a root that is not connected is told by the root alone', async () => {
        page.add('MethodRegister', { id, definition: 'Sum' });
        await page.show('There is no connection: no licence');
        expect(page.store.props(id).error).toEqual({
            message: 'There is no connection: no licence',
        });
        expect(failures).toEqual([]);
    });

    test('for a name that this page offers already names it, and leaves the first alone', async () => {
        await own.interop.register({ name: 'Sum' }, () => ({}));
        await show();
        expect(page.store.props(id).error.message).toContain('"Sum" already exists');
        await page.remove(id);
        expect(own.interop.own).toHaveLength(1);
    });

    test('is cleared by a registration that succeeds', async () => {
        await show({ definition: {} });
        await page.write(id, { definition: 'Sum' });
        expect(given('error').slice(-1)).toEqual([null]);
        expect(page.store.props(id).error).toBeNull();
        expect(own.interop.own).toHaveLength(1);
    });
});

describe('what means nothing is an error, and the method is not offered', () => {
    test.each([
        [{ definition: { name: 'Sum', acepts: 'int a' } }, 'did you mean "accepts"?'],
        [
            { methodResponseTimeoutMs: 'soon' },
            'methodResponseTimeoutMs has to be a positive number of milliseconds, not "soon"',
        ],
        [{ methodResponseTimeoutMs: -1 }, 'milliseconds, not -1'],
    ])('%j', async (props, message) => {
        await show(props);
        expect(page.store.props(id).error.message).toContain(message);
        expect(own.interop.own).toEqual([]);
    });
});

describe('invocations', () => {
    beforeEach(() => handler());

    test('reach the callback once, in StrictMode, with id, arguments and caller', async () => {
        await show();
        await call({ a: 1 });
        expect(given('invoke')).toEqual([
            {
                invocationId: expect.any(String),
                args: { a: 1 },
                caller: {
                    application: 'caller',
                    instance: 'instance of peer-2',
                    isLocal: true,
                    peerId: 'peer-2',
                },
            },
        ]);
        expect(page.store.runs).toHaveLength(1);
    });

    test('are answered by what the callback writes to result', async () => {
        await show();
        const told = await call();
        expect(told).toEqual([]);
        await answer({ sum: 3 });
        expect(told).toEqual([{ returned: { sum: 3 } }]);
        expect(warnings).toEqual([]);
    });

    test('that are equal reach the callback each, one after the other', async () => {
        await show();
        const first = await call({ a: 1 });
        const second = await call({ a: 1 });
        expect(page.store.runs).toHaveLength(1);
        await answer({ n: 1 });
        expect(first).toEqual([{ returned: { n: 1 } }]);
        expect(second).toEqual([]);
        expect(page.store.runs).toHaveLength(2);
        await answer({ n: 2 });
        expect(second).toEqual([{ returned: { n: 2 } }]);
        const [one, two] = given('invoke').map(({ invocationId }) => invocationId);
        expect(one).not.toBe(two);
    });

    test('are answered when the page has rendered again meanwhile', async () => {
        await show();
        const told = await call();
        await page.renderAgain();
        await answer({ sum: 3 });
        expect(told).toEqual([{ returned: { sum: 3 } }]);
        expect(given('invoke')).toHaveLength(1);
    });

    test('that the callback cannot answer are an error at once', async () => {
        await show();
        const told = await call();
        await page.when(() => page.store.runs[0].fail());
        const message = 'The Dash server answered the callback with 500: its log says why';
        expect(told).toEqual([{ message }]);
        expect(warnings).toEqual([`dash_interop: MethodRegister ${id}: ${message}`]);
    });

    test('that the callback leaves without a result are an error at once', async () => {
        await show();
        const told = await call();
        await page.when(() => page.store.runs[0].preventUpdate());
        expect(told).toEqual([{ message: 'The handler returned no result' }]);
    });

    test('may be answered by another callback, such as that of a button', async () => {
        page.store.add('Button', { id: 'b' });
        page.store.callback({ inputs: ['b.n_clicks'], outputs: [`${id}.result`] });
        await show();
        const told = await call();
        await page.when(() => page.store.runs[0].finish());
        await page.settle(10_000);
        expect(told).toEqual([]);
        await page.write('b', { n_clicks: 1 });
        await answer({ clicked: true });
        expect(told).toEqual([{ returned: { clicked: true } }]);
    });

    test('time out after methodResponseTimeoutMs, and after 30 seconds without it', async () => {
        await show({ methodResponseTimeoutMs: 20_000 });
        const told = await call();
        await page.settle(20_000);
        expect(told).toEqual([{ message: 'The handler did not answer within 20000 ms' }]);
        await page.write(id, { methodResponseTimeoutMs: undefined });
        const second = await call();
        await page.settle(29_999);
        expect(second).toEqual([]);
        await page.settle(1);
        expect(second).toHaveLength(1);
    });

    test('of a caller that has left do not reach the callback', async () => {
        await show();
        const other = gateway.connect({ application: 'other' });
        await call({ n: 1 });
        await call({ n: 2 });
        await call({ n: 3 }, other);
        gateway.leave(caller);
        await answer({});
        expect(given('invoke').map(({ args }) => args.n)).toEqual([1, 3]);
    });

    test('of which the component is removed are told so', async () => {
        await show();
        const told = [await call(), await call()];
        await page.remove(id);
        const message = 'The MethodRegister was removed from the layout';
        expect(told).toEqual([[{ message }], [{ message }]]);
    });

    test('of a void method are told that they are accepted', async () => {
        await show({ returns: false });
        const told = [await call({ n: 1 }), await call({ n: 2 })];
        expect(told).toEqual([[{ returned: {} }], [{ returned: {} }]]);
        await page.when(() => page.store.runs[0].finish());
        expect(given('invoke').map(({ args }) => args.n)).toEqual([1, 2]);
    });

    test('come as a list with batch, and are answered by a list', async () => {
        await show({ batch: true });
        const told = [await call({ n: 1 }), await call({ n: 2 }), await call({ n: 3 })];
        expect(given('invoke').map((batch) => batch.map(({ args }: any) => args.n))).toEqual([[1]]);
        await page.when(() => page.store.runs[0].finish());
        const batch = page.store.props(id).invoke;
        expect(batch.map(({ args }: any) => args.n)).toEqual([2, 3]);
        const results = batch.map(({ invocationId, args }: any) => ({
            invocationId,
            invocationResult: { n: args.n },
        }));
        await page.when(() => page.store.runs[1].finish({ [`${id}.result`]: results }));
        expect(told.slice(1)).toEqual([[{ returned: { n: 2 } }], [{ returned: { n: 3 } }]]);
    });

    test('of two components do not wait for each other', async () => {
        const second = `${id}-b`;
        page.store.callback({ inputs: [`${second}.invoke`], outputs: [`${second}.result`] });
        page.add('MethodRegister', { id: second, definition: 'Product', returns: true });
        await show();
        await call();
        new InteropClient(caller).invoke('Product', {}).catch(() => {});
        await page.settle();
        expect(page.store.runs).toHaveLength(2);
        expect(page.store.props(second).invoke).toBeDefined();
    });
});

describe('a clientside handler', () => {
    const clientsideHandler = { namespace: 'math', function_name: 'add' };

    afterEach(() => {
        (window as any).dash_clientside = undefined;
    });

    function provide(add: (args: any, caller: any) => unknown): void {
        (window as any).dash_clientside = { math: { add } };
    }

    test('answers, and callbacks get nothing', async () => {
        handler();
        provide(({ a, b }, { application }) => ({ sum: a + b, application }));
        await show({ clientsideHandler });
        expect(await call({ a: 1, b: 2 })).toEqual([
            { returned: { sum: 3, application: 'caller' } },
        ]);
        expect(given('invoke')).toEqual([]);
    });

    test.each([
        [5, { _value: 5 }],
        [null, {}],
        [[1], { _value: [1] }],
    ])('that returns %j gives %j', async (returned, result) => {
        provide(() => returned);
        await show({ clientsideHandler });
        expect(await call()).toEqual([{ returned: result }]);
    });

    test('handles several invocations at a time', async () => {
        const ends: ((result: object) => void)[] = [];
        provide(() => new Promise((resolve) => ends.push(resolve)));
        await show({ clientsideHandler });
        const told = [await call(), await call()];
        expect(ends).toHaveLength(2);
        ends[1]({ n: 2 });
        await page.settle();
        expect(told).toEqual([[], [{ returned: { n: 2 } }]]);
        ends[0]({ n: 1 });
        await page.settle();
        expect(told[0]).toEqual([{ returned: { n: 1 } }]);
    });

    test.each([
        [
            () => {
                throw new RangeError('too much');
            },
        ],
        [() => Promise.reject(new RangeError('too much'))],
    ])('that fails tells the caller', async (add) => {
        provide(add);
        await show({ clientsideHandler });
        const message = 'The handler in the page failed: RangeError: too much';
        expect(await call()).toEqual([{ message }]);
        expect(warnings).toEqual([
            `dash_interop: MethodRegister ${id}: its clientsideHandler failed: ${message}`,
        ]);
    });

    test('that takes too long is not waited for', async () => {
        const ends: (() => void)[] = [];
        provide(() => new Promise<void>((resolve) => ends.push(resolve)));
        await show({ clientsideHandler, methodResponseTimeoutMs: 300 });
        const told = await call();
        await page.settle(299);
        expect(told).toEqual([]);
        await page.settle(1);
        expect(told).toEqual([{ message: 'The handler did not answer within 300 ms' }]);
        ends[0]();
        await page.settle();
        expect(told).toHaveLength(1);
    });

    test('of a void method is not waited for', async () => {
        provide(() => Promise.reject(new Error(`late (${id})`)));
        await show({ clientsideHandler, returns: false });
        expect(await call()).toEqual([{ returned: {} }]);
        expect(warnings).toEqual([expect.stringContaining(`Error: late (${id})`)]);
    });

    test('ends with the component', async () => {
        provide(() => new Promise(() => {}));
        await show({ clientsideHandler });
        const told = await call();
        await page.remove(id);
        expect(told).toEqual([{ message: 'The MethodRegister was removed from the layout' }]);
    });

    test('takes the place of the callbacks without another registration', async () => {
        handler();
        provide(() => ({ here: true }));
        await show();
        const log = [...own.interop.log];
        await page.write(id, { clientsideHandler });
        expect(await call()).toEqual([{ returned: { here: true } }]);
        await page.write(id, { clientsideHandler: null });
        const told = await call();
        await answer({ here: false });
        expect(told).toEqual([{ returned: { here: false } }]);
        expect(own.interop.log).toEqual(log);
    });

    test('that is missing is an error that names it', async () => {
        await show({ clientsideHandler });
        const told = await call();
        await page.settle(5_100);
        const message =
            'clientsideHandler: window.dash_clientside has no namespace "math". Is the file that has it among the app\'s assets?';
        expect(told).toEqual([{ message }]);
        expect(given('error')).toEqual([{ message }]);
        expect(failures).toEqual([`dash_interop: MethodRegister ${id}: ${message}`]);
    });

    test('whose name cannot be used is not registered', async () => {
        await show({ clientsideHandler: { namespace: 'math' } });
        const message = 'clientsideHandler needs a function_name, a non-empty string';
        expect(given('error')).toEqual([{ message }]);
        expect(own.interop.own).toEqual([]);
        await page.write(id, { clientsideHandler });
        expect(own.interop.own).toHaveLength(1);
    });
});

describe('validate', () => {
    // The Dash server is asked once about one text: each test has its own.
    const ints = (name: string) => ({
        type: 'object',
        properties: { [name]: { type: 'integer' } },
        required: [name],
    });

    async function showChecked(validate: any): Promise<void> {
        handler();
        serverAnswers({ accepts: ints('a'), returns: ints('sum') });
        const definition = { name: 'Sum', accepts: `int a (${id})`, returns: 'int sum' };
        await show({ definition, validate });
        await checksLoaded();
    }

    async function checksLoaded(): Promise<void> {
        await vi.dynamicImportSettled();
        await page.settle();
    }

    test('strict refuses arguments that do not fit, before the callback', async () => {
        await showChecked('strict');
        expect(await call({ a: '1' })).toEqual([
            { message: 'Sum: argument a has to be an int, not a string' },
        ]);
        expect(page.store.runs).toHaveLength(0);
        expect(warnings).toEqual([]);
    });

    test('strict refuses results that do not fit, and the next invocation goes on', async () => {
        await showChecked('strict');
        const first = await call({ a: 1 });
        await answer({ sum: '1' });
        const message = 'Sum: result field sum has to be an int, not a string';
        expect(first).toEqual([{ message }]);
        expect(warnings).toEqual([`dash_interop: MethodRegister ${id}: ${message}`]);
        const second = await call({ a: 1 });
        await answer({ sum: 1 });
        expect(second).toEqual([{ returned: { sum: 1 } }]);
    });

    test('warn names the component and the field', async () => {
        await showChecked('warn');
        const told = await call({});
        await answer({ sum: 1 });
        expect(told).toEqual([{ returned: { sum: 1 } }]);
        expect(warnings).toEqual([
            `dash_interop: MethodRegister ${id}: Sum: argument a is missing`,
        ]);
    });

    test.each(['off', undefined, null])('%s checks nothing', async (validate) => {
        await showChecked(validate);
        const told = await call({});
        await answer({});
        expect(told).toEqual([{ returned: {} }]);
        expect(warnings).toEqual([]);
    });

    test('with another value is an error, until it is mended', async () => {
        await showChecked('loose');
        expect(page.store.props(id).error).toEqual({
            message: 'validate has to be "off", "warn" or "strict", not "loose"',
        });
        expect(own.interop.own).toEqual([]);
        await page.write(id, { validate: 'strict' });
        await checksLoaded();
        expect(page.store.props(id).error).toBeNull();
        expect(own.interop.own).toHaveLength(1);
    });
});

describe('a signature', () => {
    test('that is malformed is an error, whatever validate says', async () => {
        const message = 'returns: expected a name, found the end at character 4';
        serverAnswers({ error: message });
        await show({ definition: { name: 'Sum', returns: 'int' } });
        expect(page.store.props(id).error).toEqual({ message });
        expect(own.interop.own).toEqual([]);
        serverAnswers({ accepts: null, returns: {} });
        await page.write(id, { definition: { name: 'Sum', returns: 'int sum' } });
        expect(page.store.props(id).error).toBeNull();
        expect(own.interop.own).toHaveLength(1);
    });

    test('that nobody can read is an error', async () => {
        vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
        await show({ definition: { name: 'Sum', accepts: `int a (${id})` } });
        expect(page.store.props(id).error).toEqual({
            message: 'The Dash server does not answer: Failed to fetch',
        });
    });

    test('that is read when the component has gone registers nothing', async () => {
        let respond: (response: Response) => void = () => {};
        const response = new Promise<Response>((resolve) => {
            respond = resolve;
        });
        vi.stubGlobal('fetch', () => response);
        await show({ definition: { name: 'Sum', accepts: `int a (${id})` } });
        await page.remove(id);
        respond(Response.json({ accepts: null, returns: null }));
        await page.settle();
        expect(own.interop.log).toEqual([]);
    });
});

test('a method without any callback is an error at once', async () => {
    await show();
    expect(await call()).toEqual([
        { message: 'The method has no handler: no callback has its invoke property as Input' },
    ]);
});

test('ids of invocations do not need a secure page', async () => {
    const { crypto } = globalThis;
    vi.stubGlobal('crypto', {
        getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
    });
    await show({ returns: false });
    await call();
    await call();
    const ids = given('invoke').map(({ invocationId }) => invocationId);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).not.toBe(ids[1]);
});

test('a write to invoke has no effect but a warning', async () => {
    handler();
    await show();
    await page.write(id, { invoke: { invocationId: 'mine', args: {}, caller: {} } });
    expect(warnings).toEqual([
        `dash_interop: MethodRegister ${id}: its invoke property is set by the library; what you wrote has no effect`,
    ]);
});

describe('a caller that leaves', () => {
    beforeEach(handler);

    test('is told to the callback that has its invocation', async () => {
        await show();
        await call();
        const { invocationId, caller: instance } = page.store.props(id).invoke;
        gateway.leave(caller);
        await page.settle();
        expect(given('cancelled')).toEqual([{ invocationId, reason: 'left', caller: instance }]);
    });

    test('takes its waiting invocations along', async () => {
        await show();
        const other = gateway.connect({ application: 'other' });
        await call({ n: 1 }, other);
        await call({ n: 2 });
        await call({ n: 3 }, other);
        gateway.leave(caller);
        await answer({ sum: 1 });
        await answer({ sum: 3 });
        expect(given('invoke').map(({ args }) => args.n)).toEqual([1, 3]);
        expect(given('cancelled')).toEqual([]);
    });

    test('leaves results behind that are dropped and counted', async () => {
        const debug = vi.spyOn(console, 'debug').mockImplementation(() => {});
        await show();
        await call();
        gateway.leave(caller);
        await page.settle();
        await answer({ sum: 1 });
        expect(warnings).toEqual([]);
        expect(debug.mock.calls).toEqual([
            [
                `dash_interop: MethodRegister ${id}: 1 results of invocations that nobody waited for any more were dropped so far`,
            ],
        ]);
    });
});

test('progress is read once for each write, and what is wrong with it is told', async () => {
    handler();
    await show();
    await call();
    await page.write(id, { progress: { invocationId: 'x', value: 1 } });
    await page.renderAgain();
    expect(warnings).toEqual([
        `dash_interop: MethodRegister ${id}: progress with the invocationId "x" has no effect: no such invocation is under way`,
    ]);
});
