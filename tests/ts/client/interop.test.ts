import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { libraryError, SAID_BY_SERVERS } from '../../../src/client/errors';
import { InteropClient, InvocationFailed } from '../../../src/client/interop';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = clientOf(own);
});

afterEach(() => {
    vi.useRealTimers();
});

function clientOf(page: FakePage): InteropClient {
    return new InteropClient(page, gateway.registrationOf);
}

/** A page that offers a method. */
async function server(
    application: string,
    handler: (args: any, caller: any) => any = () => ({ from: application }),
    method: any = { name: 'Sum' },
): Promise<FakePage> {
    const page = gateway.connect({ application });
    await page.interop.register(method, handler);
    return page;
}

const hang = () => new Promise(() => {});

/** What a promise came to, once the timers up to `afterMs` have run. */
async function outcome<T>(promise: Promise<T>, afterMs = 0): Promise<{ value?: T; error?: any }> {
    let settled: { value?: T; error?: any } = {};
    promise.then(
        (value) => {
            settled = { value };
        },
        (error) => {
            settled = { error };
        },
    );
    await vi.advanceTimersByTimeAsync(afterMs);
    return settled;
}

describe('invoking one server', () => {
    test('the result has what the Glue42 documents promise', async () => {
        await server('math', ({ a, b }) => ({ sum: a + b }));
        const result = await client.invoke('Sum', { a: 1, b: 2 });
        expect(result).toMatchObject({
            returned: { sum: 3 },
            called_with: { a: 1, b: 2 },
            method: { name: 'Sum' },
            executed_by: { application: 'math' },
            message: '',
            status: 0,
            all_errors: [],
        });
        expect(result.all_return_values).toEqual([
            {
                returned: { sum: 3 },
                called_with: { a: 1, b: 2 },
                method: { name: 'Sum' },
                executed_by: result.executed_by,
                message: '',
                status: 0,
            },
        ]);
    });

    test('the call to a known server leaves in the turn in which it is asked for', async () => {
        await server('math');
        const invoking = client.invoke('Sum', {});
        expect(own.interop.invocations).toHaveLength(1);
        await invoking;
    });

    test.each([[undefined], [null]])('%s as arguments is an empty dict', async (args) => {
        const handler = vi.fn((_args: any) => ({}));
        await server('math', handler);
        const { called_with } = await client.invoke('Sum', args);
        expect(called_with).toEqual({});
        expect(handler.mock.calls[0][0]).toEqual({});
    });

    test.each([['text'], [7], [false]])('%j as arguments is refused', async (args) => {
        await server('math');
        await expect(client.invoke('Sum', args)).rejects.toThrow(
            `The arguments have to be a dict, not ${JSON.stringify(args)}`,
        );
        expect(own.interop.invocations).toEqual([]);
    });

    test('a bad definition is refused', async () => {
        await expect(client.invoke({}, {})).rejects.toThrow('The definition needs a name');
    });

    test('a bad target is refused at once', async () => {
        await expect(client.invoke('Sum', {}, 'fastest')).rejects.toThrow(
            'Unknown target "fastest"',
        );
        expect(vi.getTimerCount()).toBe(0);
    });

    test('a method that returns nothing gives an empty dict', async () => {
        await server('math', () => undefined);
        expect((await client.invoke('Sum', {})).returned).toEqual({});
    });

    test('so does a library that tells nothing of what was returned', async () => {
        await server('math');
        own.interop.invoke = async () => ({});
        expect((await client.invoke('Sum', {})).returned).toEqual({});
    });

    test('instances are data, without functions and empty fields', async () => {
        await server('math');
        const { executed_by, all_return_values } = await client.invoke('Sum', {});
        expect(executed_by).toEqual({
            application: 'math',
            instance: 'instance of peer-2',
            isLocal: true,
            peerId: 'peer-2',
        });
        expect(Object.keys(all_return_values[0].executed_by ?? {})).not.toContain('getMethods');
        expect(Object.keys(client.instance)).not.toContain('getMethods');
        expect(client.instance).toEqual({
            application: 'own',
            instance: 'instance of peer-1',
            peerId: 'peer-1',
        });
    });

    test('a server that leaves while it answers is still named', async () => {
        const page = await server('math', () => {
            gateway.leave(page);
            return { done: true };
        });
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'math' });
    });

    test('options reach the call', async () => {
        await server('math');
        await client.invoke('Sum', {}, 'best', { methodResponseTimeoutMs: 20_000 });
        await client.invoke('Sum', {});
        expect(own.interop.invocations.map(({ options }) => options)).toEqual([
            { methodResponseTimeoutMs: 20_000, waitTimeoutMs: 0 },
            { methodResponseTimeoutMs: 30_000, waitTimeoutMs: 0 },
        ]);
    });
});

describe('targets', () => {
    test('servers of the own user come before those of others, and then who registered first', async () => {
        client = clientOf(gateway.connect({ application: 'own', user: 'ann' }));
        for (const [application, user] of [
            ['service', 'bob'],
            ['first', 'ann'],
            ['other service', 'bob'],
            ['second', 'ann'],
        ]) {
            const page = gateway.connect({ application, user });
            await page.interop.register({ name: 'Sum' }, () => ({}));
        }
        const { all_return_values } = await client.invoke('Sum', {}, 'all');
        const order = all_return_values.map(({ executed_by }) => executed_by?.application);
        expect(order).toEqual(['first', 'second', 'service', 'other service']);
    });

    test('a page that came back is called where it is, though its former peer is there still', async () => {
        const identity = { application: 'math', instance: 'tab' };
        const former = gateway.connect(identity);
        await former.interop.register({ name: 'Sum' }, hang);
        const present = gateway.connect(identity);
        await present.interop.register({ name: 'Sum' }, () => ({}));
        const other = await server('other');
        const { all_return_values } = await client.invoke('Sum', {}, 'all');
        expect(all_return_values.map(({ executed_by }) => executed_by?.peerId)).toEqual([
            present.peerId,
            other.peerId,
        ]);
        const target = { ...identity, peerId: former.peerId };
        const { executed_by } = await client.invoke('Sum', {}, target);
        expect(executed_by?.peerId).toBe(present.peerId);
    });

    test('the server that registered first is the best, not the one that connected first', async () => {
        const early = gateway.connect({ application: 'connected first' });
        await server('registered first');
        await early.interop.register({ name: 'Sum' }, () => ({}));
        await own.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'registered first' });
    });

    test('a server that registers again goes to the end', async () => {
        const first = await server('first');
        await server('second');
        await first.interop.unregister('Sum');
        await first.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'second' });
    });

    test('where the gateway tells no order, the order of core holds', async () => {
        await server('first');
        await server('second');
        const unordered = new InteropClient(own);
        const { executed_by } = await unordered.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('results of all come in the order of registration', async () => {
        const early = gateway.connect({ application: 'late' });
        await server('a');
        await server('b');
        await early.interop.register({ name: 'Sum' }, () => ({}));
        const { all_return_values, returned } = await client.invoke('Sum', {}, 'all');
        expect(all_return_values.map(({ executed_by }) => executed_by?.application)).toEqual([
            'a',
            'b',
            'late',
        ]);
        expect(returned).toEqual({ from: 'a' });
    });

    test('"skipMine" leaves out this page', async () => {
        await own.interop.register({ name: 'Sum' }, () => ({ from: 'own' }));
        await server('other');
        const { all_return_values } = await client.invoke('Sum', {}, 'skipMine');
        expect(all_return_values.map(({ returned }) => returned.from)).toEqual(['other']);
    });

    test('patterns work, though core refuses them', async () => {
        await server('Prices');
        await server('Trades-EU');
        await server('Trades-US');
        const { all_return_values } = await client.invoke('Sum', {}, { application: /^Trades/ });
        expect(all_return_values.map(({ returned }) => returned.from)).toEqual([
            'Trades-EU',
            'Trades-US',
        ]);
    });

    test('signatures in the definition choose among methods of one name', async () => {
        await server('ints', undefined, { name: 'Sum', accepts: 'int a' });
        await server('doubles', undefined, { name: 'Sum', accepts: 'double a' });
        const method = { name: 'Sum', accepts: 'Double a' };
        const { executed_by } = await client.invoke(method, {}, 'all');
        expect(executed_by).toMatchObject({ application: 'doubles' });
    });

    test('the order is that of the method that is called, not of others of the server', async () => {
        const page = gateway.connect({ application: 'veteran' });
        await page.interop.register({ name: 'Other' }, () => ({}));
        await server('first');
        await page.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('nor that of a method of the same name with another signature', async () => {
        const page = gateway.connect({ application: 'veteran' });
        const [ints, doubles] = ['int a', 'double a'].map((accepts) => ({ name: 'Sum', accepts }));
        page.interop.offer(ints);
        await server('first', undefined, doubles);
        page.interop.offer(doubles, { handler: () => ({}) });
        const { executed_by } = await client.invoke(doubles, {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('a server that core lists twice is called once', async () => {
        const handler = vi.fn(() => ({}));
        const page = await server('math', handler);
        const { servers } = own.interop;
        own.interop.servers = (filter) => {
            const found = servers.call(own.interop, filter);
            return [...found, ...found];
        };
        const { all_return_values } = await client.invoke('Sum', {}, 'all');
        expect(all_return_values).toHaveLength(1);
        expect(handler).toHaveBeenCalledTimes(1);
        expect(page.peerId).toBe('peer-2');
    });
});

describe('failures', () => {
    async function failure(handler: () => any, options = {}, afterMs = 0) {
        await server('math', handler);
        const { error } = await outcome(client.invoke('Sum', { a: 1 }, 'best', options), afterMs);
        expect(error).toBeInstanceOf(InvocationFailed);
        return error as InvocationFailed;
    }

    test('an exception in the handler is told with its message', async () => {
        const error = await failure(() => {
            throw new Error('The arguments must be numbers!');
        });
        expect(error.message).toBe('The arguments must be numbers!');
        expect(error.errors).toMatchObject([
            {
                executed_by: { application: 'math' },
                called_with: { a: 1 },
                name: 'Sum',
                message: 'The arguments must be numbers!',
            },
        ]);
    });

    test('the type and whatever else the handler told is kept', async () => {
        const told = { message: 'No such book', type: 'LookupError', book: 7 };
        const error = await failure(() => Promise.reject(told));
        expect(error.message).toBe('No such book');
        expect(error.type).toBe('HandlerFailed');
        expect(error.errors[0]).toMatchObject({
            type: 'HandlerFailed',
            exception: 'LookupError',
            returned: told,
        });
    });

    test('a rejection with a string is told', async () => {
        const error = await failure(() => Promise.reject('just text'));
        expect(error.message).toBe('just text');
    });

    test('a rejection with nothing is told in words', async () => {
        const error = await failure(() => Promise.reject());
        expect(error.message).toBe('Sum failed without saying why');
    });

    test('a timeout is told in words', async () => {
        const error = await failure(hang, { methodResponseTimeoutMs: 400 }, 400);
        expect(error.message).toBe('Sum did not answer within 400 ms');
        expect(error.errors[0].executed_by).toMatchObject({ application: 'math' });
    });

    test('without options the timeout is 30 seconds', async () => {
        await server('math', hang);
        const invoking = client.invoke('Sum', {});
        expect(await outcome(invoking, 29_999)).toEqual({});
        expect((await outcome(invoking, 1)).error.message).toBe(
            'Sum did not answer within 30000 ms',
        );
    });

    test('a lost connection is told in words', async () => {
        await server('math', hang);
        const invoking = client.invoke('Sum', {});
        await outcome(invoking);
        own.interop.breakCalls();
        expect((await outcome(invoking)).error.message).toBe(
            'The connection was lost before Sum answered',
        );
    });

    test('one server that times out does not take the results of the others with it', async () => {
        await server('a');
        await server('slow', hang);
        await server('b');
        const options = { methodResponseTimeoutMs: 100 };
        const { value } = await outcome(client.invoke('Sum', {}, 'all', options), 100);
        expect(value?.all_return_values.map(({ returned }) => returned.from)).toEqual(['a', 'b']);
        expect(value?.all_errors).toMatchObject([
            {
                executed_by: { application: 'slow' },
                message: 'Sum did not answer within 100 ms',
                name: 'Sum',
                called_with: {},
            },
        ]);
    });

    test('the first result is the result, when the first server failed', async () => {
        await server('broken', () => {
            throw new Error('broken');
        });
        await server('sound');
        const result = await client.invoke('Sum', {}, 'all');
        expect(result.returned).toEqual({ from: 'sound' });
        expect(result.executed_by).toMatchObject({ application: 'sound' });
        expect(result.all_errors).toHaveLength(1);
    });

    test('when all fail, the message of the first and the errors of all are told', async () => {
        for (const name of ['first', 'second']) {
            await server(name, () => {
                throw new Error(`the ${name}`);
            });
        }
        const { error } = await outcome(client.invoke('Sum', {}, 'all'));
        expect(error.message).toBe('the first');
        expect(error.errors.map(({ message }: Error) => message)).toEqual([
            'the first',
            'the second',
        ]);
    });
});

describe('each failure has its type', () => {
    /** What the call came to, whatever the server does in the given time. */
    async function typesOf(invoking: Promise<any>, afterMs = 0): Promise<any> {
        const { error } = await outcome(invoking, afterMs);
        expect(error).toBeInstanceOf(InvocationFailed);
        const [first] = error.errors;
        expect(first?.type).toBe(first && error.type);
        return error.type;
    }

    test.each<[string, () => Promise<any>]>([
        ['no definition', () => client.invoke({}, {})],
        ['no target', () => client.invoke('Sum', {}, 'fastest')],
        ['no time', () => client.invoke('Sum', {}, 'best', { methodResponseTimeoutMs: -1 })],
        ['no wait', () => client.invoke('Sum', {}, 'best', { waitTimeoutMs: 'soon' as any })],
        ['no pattern', () => client.invoke('Sum', {}, { user: { regex: '(' } })],
    ])('InvalidInvoke: %s', async (_, invoke) => {
        await server('math');
        expect(await typesOf(invoke())).toBe('InvalidInvoke');
        expect(own.interop.invocations).toEqual([]);
    });

    test('InvalidInvoke: a stream', async () => {
        gateway.connect({}).interop.offer({ name: 'Sum', supportsStreaming: true });
        expect(await typesOf(client.invoke('Sum', {}))).toBe('InvalidInvoke');
    });

    test.each([['text'], [7], [[1, 2]]])('InvalidArguments: %j', async (args) => {
        await server('math');
        expect(await typesOf(client.invoke('Sum', args))).toBe('InvalidArguments');
    });

    test('MethodNotFound: nobody who is meant', async () => {
        await server('math');
        const invoking = client.invoke('Sum', {}, { application: 'x' }, { waitTimeoutMs: 50 });
        expect(await typesOf(invoking, 50)).toBe('MethodNotFound');
    });

    test('MethodNotFound: the server went while the call left', async () => {
        await server('math');
        own.interop.invoke = async () => {
            throw { message: 'Can not find a method matching "Sum" with server filter {}' };
        };
        expect(await typesOf(client.invoke('Sum', {}))).toBe('MethodNotFound');
    });

    test('NotConnected: an outage that lasts as long as the wait', async () => {
        own.connection.goAway();
        const invoking = client.invoke('Sum', {}, 'best', { waitTimeoutMs: 50 });
        expect(await typesOf(invoking, 50)).toBe('NotConnected');
    });

    test('Timeout: no answer in time', async () => {
        await server('math', hang);
        const invoking = client.invoke('Sum', {}, 'best', { methodResponseTimeoutMs: 50 });
        expect(await typesOf(invoking, 50)).toBe('Timeout');
    });

    test('ConnectionLost: the connection breaks during the call', async () => {
        await server('math', hang);
        const invoking = client.invoke('Sum', {});
        await outcome(invoking);
        own.interop.breakCalls();
        expect(await typesOf(invoking)).toBe('ConnectionLost');
    });

    test('ServerGone: under a library that hides the reason of the gateway', async () => {
        await server('math');
        own.interop.invoke = async () => {
            throw { message: 'Peer has left while waiting for result' };
        };
        expect(await typesOf(client.invoke('Sum', {}))).toBe('ServerGone');
    });

    test('none: an error that nobody here has made', async () => {
        await server('math');
        own.interop.invoke = async () => {
            throw { message: 'Something new' };
        };
        expect(await typesOf(client.invoke('Sum', {}))).toBeUndefined();
    });

    test.each(SAID_BY_SERVERS)('%s: where the library at the server says so', async (type) => {
        await server('math', () => Promise.reject(libraryError(type, 'No')));
        expect(await typesOf(client.invoke('Sum', {}))).toBe(type);
    });

    test.each(['Timeout', 'Overloaded', 'ConnectionLost'])(
        'HandlerFailed: an exception that is called %s',
        async (type) => {
            await server('math', () => Promise.reject({ message: 'Mine', type }));
            const invoking = client.invoke('Sum', {});
            expect(await typesOf(invoking)).toBe('HandlerFailed');
            await expect(invoking).rejects.toMatchObject({ errors: [{ exception: type }] });
        },
    );

    test.each([
        'Invocation timeout, said the database',
        'Peer has left me alone',
        'Can not find a method to do that',
    ])('HandlerFailed: one that says %j', async (message) => {
        await server('math', () => Promise.reject({ message }));
        const invoking = client.invoke('Sum', {});
        expect(await typesOf(invoking)).toBe('HandlerFailed');
        await expect(invoking).rejects.toThrow(message);
    });
});

describe('waiting for a server', () => {
    test('the call goes out as soon as the method appears', async () => {
        const invoking = client.invoke('Sum', {}, 'best', { waitTimeoutMs: 60_000 });
        expect(await outcome(invoking, 59_000)).toEqual({});
        await server('math');
        const { value } = await outcome(invoking);
        expect(value?.executed_by).toMatchObject({ application: 'math' });
        expect(vi.getTimerCount()).toBe(1);
        expect(own.interop.methodListenerCount).toBe(0);
    });

    test('other methods and servers that do not match end no wait', async () => {
        const invoking = client.invoke('Sum', {}, { application: 'math' });
        await server('math', undefined, { name: 'Other' });
        await server('unwanted');
        expect(await outcome(invoking, 100)).toEqual({});
        await server('math');
        expect((await outcome(invoking)).value).toBeDefined();
    });

    test.each([
        ['Sum', undefined, undefined],
        ['Sum', { application: 'math' }, undefined],
        [
            'Sun',
            undefined,
            'nobody offers Sun so far: open what does, or correct the name. On offer: Sum',
        ],
        [
            'Sum',
            { application: 'trades' },
            'nobody offers Sum for target {"application":"trades"} so far: open who is meant, or correct the target. It is offered by: math',
        ],
    ])('why a call of %s to %j would wait', async (name, target, reason) => {
        await server('math');
        expect(client.whyWaiting(name, target)).toBe(reason);
    });

    test('that nothing is on offer, or by this page only, is said in words', async () => {
        expect(client.whyWaiting('Sum', 'all')).toMatch(/On offer: nothing$/);
        await client.register('Sum', () => {});
        expect(client.whyWaiting('Sum', 'all')).toBeUndefined();
        expect(client.whyWaiting('Sum', 'skipMine')).toMatch(/It is offered by: this page$/);
    });

    test('of many methods on offer some are named', async () => {
        for (let number = 10; number < 40; number += 1) {
            await server('math', undefined, { name: `M${number}` });
        }
        expect(client.whyWaiting('Sum', 'best')).toMatch(/On offer: M10, .*, M29$/);
    });

    test('when nobody comes, the error names method and target', async () => {
        const options = { waitTimeoutMs: 700 };
        const target = { application: 'math' };
        const invoking = client.invoke({ name: 'Sum', version: 2 }, {}, target, options);
        expect(await outcome(invoking, 699)).toEqual({});
        const { error } = await outcome(invoking, 1);
        expect(error).toBeInstanceOf(InvocationFailed);
        expect(error.message).toBe(
            'No server offers the method {"name":"Sum","version":2} for target {"application":"math"} (waited 700 ms)',
        );
        expect(own.interop.methodListenerCount).toBe(0);
    });

    test('without options it waits 30 seconds', async () => {
        const invoking = client.invoke('Sum', {});
        expect(await outcome(invoking, 29_999)).toEqual({});
        expect((await outcome(invoking, 1)).error.message).toBe(
            'No server offers the method Sum for target "best" (waited 30000 ms)',
        );
    });

    test('with waitTimeoutMs 0 it does not wait', async () => {
        const { error } = await outcome(client.invoke('Sum', {}, 'all', { waitTimeoutMs: 0 }));
        expect(error.message).toBe(
            'No server offers the method Sum for target "all" (waited 0 ms)',
        );
    });

    test('a call that nobody waits for any more is not sent', async () => {
        const invoking = client.invoke('Sum', {}, 'best', { waitTimeoutMs: 100 });
        await outcome(invoking, 100);
        await server('math');
        await outcome(invoking, 1_000);
        expect(own.interop.invocations).toEqual([]);
    });
});

describe('streams', () => {
    const accept = { subscriptionRequestHandler: (request: any) => request.accept() };

    test('a stream is refused as a method, at once', async () => {
        gateway.connect().interop.createStream({ name: 'Prices' }, accept);
        const { error } = await outcome(client.invoke('Prices', {}));
        expect(error).toBeInstanceOf(InvocationFailed);
        expect(error.message).toBe('Prices is a stream, not a method: subscribe to it');
    });

    test('a method is refused as a stream, at once', async () => {
        await server('math');
        const { error } = await outcome(client.subscribe('Sum'));
        expect(error.message).toBe('Sum is a method, not a stream: invoke it');
    });

    test('a method is found beside a stream of the same name', async () => {
        gateway.connect({ application: 'streams' }).interop.createStream({ name: 'Sum' }, accept);
        await server('math');
        const { value } = await outcome(client.invoke('Sum', {}, 'all'));
        expect(value?.all_return_values).toHaveLength(1);
        expect(value?.executed_by).toMatchObject({ application: 'math' });
    });

    test('a subscription goes to the publisher that target chooses', async () => {
        gateway.connect({ application: 'a' }).interop.createStream({ name: 'Prices' }, accept);
        gateway.connect({ application: 'b' }).interop.createStream({ name: 'Prices' }, accept);
        const options = { target: { application: /^B$/i }, arguments: { isin: 'X' } };
        const { value } = await outcome(client.subscribe('Prices', options));
        expect(value.stream).toEqual({ name: 'Prices' });
        expect(own.interop.subscriptions[0].options).toMatchObject({
            target: [{ peerId: 'peer-3' }],
            arguments: { isin: 'X' },
            methodResponseTimeout: 30_000,
        });
    });

    test('a stream that does not appear in time is an error', async () => {
        const subscribing = client.subscribe('Prices', { waitTimeoutMs: 200 });
        expect(await outcome(subscribing, 199)).toEqual({});
        expect((await outcome(subscribing, 1)).error.message).toBe(
            'No server offers the method Prices for target "best" (waited 200 ms)',
        );
    });

    test('a stream that is missing, and no time to wait, is an error at once', async () => {
        const { error } = await outcome(client.subscribe('Prices', { waitTimeoutMs: 0 }));
        expect(error.message).toContain('No server offers the method Prices');
    });

    test('a publisher that neither accepts nor refuses is an error in time', async () => {
        gateway
            .connect()
            .interop.createStream({ name: 'Prices' }, { subscriptionRequestHandler: () => {} });
        const subscribing = client.subscribe('Prices', { methodResponseTimeout: 300 });
        expect(await outcome(subscribing, 299)).toEqual({});
        const { error } = await outcome(subscribing, 1);
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toBe('Nobody accepted the subscription to Prices within 300 ms');
    });

    test('a refusal is told with its reason', async () => {
        gateway
            .connect()
            .interop.createStream(
                { name: 'Prices' },
                { subscriptionRequestHandler: (request) => request.reject('not for you') },
            );
        const { error } = await outcome(client.subscribe('Prices'));
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toBe('Subscription rejected. Publisher said "not for you".');
    });
});

describe('registering', () => {
    test('others can call the handler, which gets the arguments and the caller as data', async () => {
        const handler = vi.fn(({ a }: any, _caller: any, { succeed }: any) =>
            succeed({ twice: 2 * a }),
        );
        await client.register({ name: 'Double', accepts: 'int a' }, handler);
        const other = clientOf(gateway.connect({ application: 'caller' }));
        const { returned } = await other.invoke('Double', { a: 4 });
        expect(returned).toEqual({ twice: 8 });
        const [args, caller] = handler.mock.calls[0];
        expect(args).toEqual({ a: 4 });
        expect(caller).toEqual({
            application: 'caller',
            instance: 'instance of peer-2',
            isLocal: true,
            peerId: 'peer-2',
        });
    });

    test('a handler may answer later, and fail', async () => {
        let fail: (error: any) => void = () => {};
        await client.register('Sum', (_args, _caller, reply) => {
            fail = reply.fail;
        });
        const invoking = clientOf(gateway.connect()).invoke('Sum', {});
        expect(await outcome(invoking, 1_000)).toEqual({});
        fail({ message: 'No such book', type: 'LookupError' });
        const { error } = await outcome(invoking);
        expect(error.message).toBe('No such book');
        expect(error.type).toBe('HandlerFailed');
        expect(error.errors[0].exception).toBe('LookupError');
    });

    test('a handler never gets undefined', async () => {
        const handler = vi.fn();
        await client.register('Sum', handler);
        own.interop.own[0].handler?.(undefined, undefined);
        expect(handler).toHaveBeenCalledWith({}, {}, expect.anything());
    });

    test('a bad definition or handler is refused', async () => {
        await expect(client.register({}, () => {})).rejects.toThrow('needs a name');
        await expect(client.register('Sum', 'text' as any)).rejects.toThrow(
            'Method Sum needs a handler',
        );
        expect(own.interop.log).toEqual([]);
    });

    test('a name that this page offers already is refused with an Error', async () => {
        await client.register('Sum', () => {});
        const { error } = await outcome(client.register('Sum', () => {}));
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toContain('A method with the name "Sum" already exists!');
    });

    test.each([
        [
            'a frame of the gateway',
            { type: 'error', reason: 'too many methods' },
            'too many methods',
        ],
        ['an object with a message', { message: 'broken' }, 'broken'],
        ['an object without words', { code: 7 }, '{"code":7}'],
        ['an Error', new Error('as it is'), 'as it is'],
    ])('%s becomes an Error that says why', async (_what, reason, told) => {
        own.interop.registerAsync = () => Promise.reject(reason);
        const { error } = await outcome(client.register('Sum', () => {}));
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toBe(told);
    });

    test('in an outage waits until core has announced its methods again, and registers once', async () => {
        own.connection.goAway();
        const registering = client.register('Sum', () => {});
        expect(await outcome(registering, 20_000)).toEqual({});
        own.connection.comeBack();
        own.connection.announceAgain('contexts');
        await outcome(registering, 100);
        expect(own.interop.log).toEqual([]);
        own.connection.announceAgain();
        await registering;
        expect(own.interop.own).toHaveLength(1);
        expect(own.connection.waitingForConnection).toBe(0);
    });

    test('does not wait for ever for the announcement', async () => {
        own.connection.goAway();
        const registering = client.register('Sum', () => {});
        own.connection.comeBack();
        await outcome(registering, 4_999);
        expect(own.interop.log).toEqual([]);
        await outcome(registering, 1);
        expect(own.interop.log).toEqual(['register Sum']);
    });

    test('works at once after an outage that is over', async () => {
        own.connection.goAway();
        own.connection.comeBack();
        own.connection.announceAgain();
        await client.register('Sum', () => {});
        expect(own.interop.own).toHaveLength(1);
    });

    test('in a second outage waits again', async () => {
        for (const name of ['Sum', 'Product']) {
            own.connection.goAway();
            const registering = client.register(name, () => {});
            own.connection.comeBack();
            await outcome(registering);
            expect(own.interop.log).not.toContain(`register ${name}`);
            own.connection.announceAgain();
            await registering;
        }
        expect(own.interop.own).toHaveLength(2);
    });

    test('a method that is withdrawn in an outage does not come back with it', async () => {
        await client.register('Sum', () => {});
        own.connection.goAway();
        const withdrawing = client.unregister('Sum');
        await outcome(withdrawing);
        own.connection.comeBack();
        own.connection.announceAgain();
        await withdrawing;
        expect(own.interop.own).toEqual([]);
    });

    test.each([[undefined], [{}]])('works where the connection is %j', async (connection) => {
        await new InteropClient({ interop: own.interop, connection }).register('Sum', () => {});
        expect(own.interop.own).toHaveLength(1);
    });

    test('one that takes too long is an error', async () => {
        own.connection.goAway();
        const registering = client.register('Sum', async () => {}, { timeoutMs: 500 });
        expect(await outcome(registering, 499)).toEqual({});
        const { error } = await outcome(registering, 1);
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toBe('Method Sum could not be registered within 500 ms');
    });

    test('one that succeeds after its time says so', async () => {
        const onLateSuccess = vi.fn();
        own.connection.goAway();
        const registering = client.register('Sum', () => {}, { timeoutMs: 500, onLateSuccess });
        expect((await outcome(registering, 500)).error).toBeInstanceOf(Error);
        expect(onLateSuccess).not.toHaveBeenCalled();
        own.connection.comeBack();
        own.connection.announceAgain();
        await outcome(Promise.resolve());
        expect(onLateSuccess).toHaveBeenCalledTimes(1);
    });

    test('a registration in time leaves no timer behind', async () => {
        await client.register('Sum', () => {});
        await outcome(Promise.resolve());
        expect(vi.getTimerCount()).toBe(0);
    });

    test('registering and unregistering one name happen one after the other', async () => {
        let goOn: (value?: unknown) => void = () => {};
        own.interop.holdChanges = new Promise((resolve) => (goOn = resolve));
        const changes = [
            client.register('Sum', () => {}),
            client.unregister('Sum'),
            client.register('Sum', () => {}),
        ];
        await outcome(Promise.resolve());
        expect(own.interop.log).toEqual(['register Sum']);
        goOn();
        await Promise.all(changes);
        expect(own.interop.log).toEqual([
            'register Sum',
            'registered Sum',
            'unregister Sum',
            'unregistered Sum',
            'register Sum',
            'registered Sum',
        ]);
    });

    test('different names do not wait for each other', async () => {
        own.interop.holdChanges = new Promise(() => {});
        client.register('Sum', () => {});
        client.register('Product', () => {});
        await outcome(Promise.resolve());
        expect(own.interop.log).toEqual(['register Sum', 'register Product']);
    });

    test('a change that failed does not stop the next one', async () => {
        await outcome(client.unregister('Sum'));
        await client.register('Sum', () => {});
        expect(own.interop.own).toHaveLength(1);
    });

    test('unregistering takes the method away, whatever else the definition says', async () => {
        await client.register({ name: 'Sum', accepts: 'int a' }, () => {});
        await client.unregister({ name: 'Sum', description: 'Adds' });
        expect(own.interop.own).toEqual([]);
    });

    test('unregistering with a handler leaves alone what another one has registered', async () => {
        const [mine, yours] = [() => {}, () => {}];
        await client.register('Sum', yours);
        await outcome(client.register('Sum', mine));
        await client.unregister('Sum', mine);
        expect(own.interop.own).toHaveLength(1);
        await client.unregister('Sum', yours);
        expect(own.interop.own).toEqual([]);
    });

    test('a registration that was told to have failed in time can still be withdrawn', async () => {
        const handler = () => {};
        own.connection.goAway();
        const registering = client.register('Sum', handler, { timeoutMs: 500 });
        expect((await outcome(registering, 500)).error).toBeInstanceOf(Error);
        const withdrawing = client.unregister('Sum', handler);
        own.connection.comeBack();
        own.connection.announceAgain();
        await withdrawing;
        expect(own.interop.own).toEqual([]);
    });

    test('unregistering what is not there is an Error', async () => {
        const { error } = await outcome(client.unregister('Sum'));
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toContain('"Sum" does not exist');
    });
});

describe('peers that leave', () => {
    test('are told by their id until the listener is taken off', async () => {
        const left: string[] = [];
        const stop = client.onPeerLeft((peerId) => left.push(peerId));
        gateway.leave(await server('a'));
        expect(left).toEqual(['peer-2']);
        stop();
        gateway.leave(await server('b'));
        expect(left).toEqual(['peer-2']);
    });
});
