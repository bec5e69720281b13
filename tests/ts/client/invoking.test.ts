import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvocationError, SAID_BY_SERVERS } from '../../../src/client/errors';
import { libraryError } from '../../../src/client/failures';
import { InteropClient } from '../../../src/client/interop-client';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { hang, outcome } from '../support/promises';

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf);
});

afterEach(() => {
    vi.useRealTimers();
});

describe('invoking one server', () => {
    test('the result has what the Glue42 documents promise', async () => {
        await gateway.offer('math', ({ a, b }) => ({ sum: a + b }));
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
        await gateway.offer('math');
        const invoking = client.invoke('Sum', {});
        expect(own.interop.invocations).toHaveLength(1);
        await invoking;
    });

    test.each([[undefined], [null]])('%s as arguments is an empty dict', async (args) => {
        const handler = vi.fn((_args: any) => ({}));
        await gateway.offer('math', handler);
        const { called_with } = await client.invoke('Sum', args);
        expect(called_with).toEqual({});
        expect(handler.mock.calls[0][0]).toEqual({});
    });

    test.each([['text'], [7], [false]])('%j as arguments is refused', async (args) => {
        await gateway.offer('math');
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
        await gateway.offer('math', () => undefined);
        expect((await client.invoke('Sum', {})).returned).toEqual({});
    });

    test('so does a library that tells nothing of what was returned', async () => {
        await gateway.offer('math');
        own.interop.invoke = async () => ({});
        expect((await client.invoke('Sum', {})).returned).toEqual({});
    });

    test('instances are data, without functions and empty fields', async () => {
        await gateway.offer('math');
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
        const page = await gateway.offer('math', () => {
            gateway.leave(page);
            return { done: true };
        });
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'math' });
    });

    test('options reach the call', async () => {
        await gateway.offer('math');
        await client.invoke('Sum', {}, 'best', { methodResponseTimeoutMs: 20_000 });
        await client.invoke('Sum', {});
        expect(own.interop.invocations.map(({ options }) => options)).toEqual([
            { methodResponseTimeoutMs: 20_000, waitTimeoutMs: 0 },
            { methodResponseTimeoutMs: 30_000, waitTimeoutMs: 0 },
        ]);
    });
});

describe('failures', () => {
    async function failure(handler: () => any, options = {}, afterMs = 0) {
        await gateway.offer('math', handler);
        const { error } = await outcome(client.invoke('Sum', { a: 1 }, 'best', options), afterMs);
        expect(error).toBeInstanceOf(InvocationError);
        return error as InvocationError;
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
        await gateway.offer('math', hang);
        const invoking = client.invoke('Sum', {});
        expect(await outcome(invoking, 29_999)).toEqual({});
        expect((await outcome(invoking, 1)).error.message).toBe(
            'Sum did not answer within 30000 ms',
        );
    });

    test('a lost connection is told in words', async () => {
        await gateway.offer('math', hang);
        const invoking = client.invoke('Sum', {});
        await outcome(invoking);
        own.interop.breakCalls();
        expect((await outcome(invoking)).error.message).toBe(
            'The connection was lost before Sum answered',
        );
    });

    test('one server that times out does not take the results of the others with it', async () => {
        await gateway.offer('a');
        await gateway.offer('slow', hang);
        await gateway.offer('b');
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
        await gateway.offer('broken', () => {
            throw new Error('broken');
        });
        await gateway.offer('sound');
        const result = await client.invoke('Sum', {}, 'all');
        expect(result.returned).toEqual({ from: 'sound' });
        expect(result.executed_by).toMatchObject({ application: 'sound' });
        expect(result.all_errors).toHaveLength(1);
    });

    test('when all fail, the message of the first and the errors of all are told', async () => {
        for (const name of ['first', 'second']) {
            await gateway.offer(name, () => {
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
        expect(error).toBeInstanceOf(InvocationError);
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
        await gateway.offer('math');
        expect(await typesOf(invoke())).toBe('InvalidInvoke');
        expect(own.interop.invocations).toEqual([]);
    });

    test('InvalidInvoke: a stream', async () => {
        gateway.connect({}).interop.offer({ name: 'Sum', supportsStreaming: true });
        expect(await typesOf(client.invoke('Sum', {}))).toBe('InvalidInvoke');
    });

    test.each([['text'], [7], [[1, 2]]])('InvalidArguments: %j', async (args) => {
        await gateway.offer('math');
        expect(await typesOf(client.invoke('Sum', args))).toBe('InvalidArguments');
    });

    test('MethodNotFound: nobody who is meant', async () => {
        await gateway.offer('math');
        const invoking = client.invoke('Sum', {}, { application: 'x' }, { waitTimeoutMs: 50 });
        expect(await typesOf(invoking, 50)).toBe('MethodNotFound');
    });

    test('MethodNotFound: the server went while the call left', async () => {
        await gateway.offer('math');
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
        await gateway.offer('math', hang);
        const invoking = client.invoke('Sum', {}, 'best', { methodResponseTimeoutMs: 50 });
        expect(await typesOf(invoking, 50)).toBe('Timeout');
    });

    test('ConnectionLost: the connection breaks during the call', async () => {
        await gateway.offer('math', hang);
        const invoking = client.invoke('Sum', {});
        await outcome(invoking);
        own.interop.breakCalls();
        expect(await typesOf(invoking)).toBe('ConnectionLost');
    });

    test('ServerGone: under a library that hides the reason of the gateway', async () => {
        await gateway.offer('math');
        own.interop.invoke = async () => {
            throw { message: 'Peer has left while waiting for result' };
        };
        expect(await typesOf(client.invoke('Sum', {}))).toBe('ServerGone');
    });

    test('none: an error that nobody here has made', async () => {
        await gateway.offer('math');
        own.interop.invoke = async () => {
            throw { message: 'Something new' };
        };
        expect(await typesOf(client.invoke('Sum', {}))).toBeUndefined();
    });

    test.each(SAID_BY_SERVERS)('%s: where the library at the server says so', async (type) => {
        await gateway.offer('math', () => Promise.reject(libraryError(type, 'No')));
        expect(await typesOf(client.invoke('Sum', {}))).toBe(type);
    });

    test.each(['Timeout', 'Overloaded', 'ConnectionLost'])(
        'HandlerFailed: an exception that is called %s',
        async (type) => {
            await gateway.offer('math', () => Promise.reject({ message: 'Mine', type }));
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
        await gateway.offer('math', () => Promise.reject({ message }));
        const invoking = client.invoke('Sum', {});
        expect(await typesOf(invoking)).toBe('HandlerFailed');
        await expect(invoking).rejects.toThrow(message);
    });
});

describe('cancelling', () => {
    let controller: AbortController;

    beforeEach(() => {
        controller = new AbortController();
    });

    function invoke(target?: unknown) {
        return client.invoke('Sum', { a: 1 }, target, { signal: controller.signal });
    }

    test('settles at once, and says so', async () => {
        await gateway.offer('math', hang);
        const invoking = invoke();
        expect(await outcome(invoking)).toEqual({});
        controller.abort();
        const { error } = await outcome(invoking);
        expect(error).toBeInstanceOf(InvocationError);
        expect(error.message).toBe('Sum was cancelled');
        expect(error.type).toBe('cancelled');
        expect(error.errors).toMatchObject([
            { type: 'cancelled', executed_by: { application: 'math' }, called_with: { a: 1 } },
        ]);
    });

    test('before it begins, calls nobody', async () => {
        await gateway.offer('math');
        controller.abort();
        expect((await outcome(invoke())).error.type).toBe('cancelled');
        expect(own.interop.invocations).toEqual([]);
    });

    test('ends the wait for a server', async () => {
        const invoking = invoke();
        await outcome(invoking);
        controller.abort();
        expect((await outcome(invoking)).error.type).toBe('cancelled');
        expect(vi.getTimerCount()).toBe(0);
        await gateway.offer('math');
        expect(own.interop.invocations).toEqual([]);
    });

    test('several servers, of which one has answered, gives no result', async () => {
        await gateway.offer('quick');
        await gateway.offer('slow', hang);
        const invoking = invoke('all');
        await outcome(invoking);
        controller.abort();
        const { error } = await outcome(invoking);
        expect(error.type).toBe('cancelled');
        expect(error.errors).toHaveLength(1);
    });

    test('what has ended changes nothing', async () => {
        await gateway.offer('math', () => ({ sum: 3 }));
        const { value } = await outcome(invoke());
        controller.abort();
        expect(value?.returned).toEqual({ sum: 3 });
    });
});

describe('whether the server got it', () => {
    test('is not known where the connection breaks', async () => {
        await gateway.offer('math', hang);
        const invoking = client.invoke('Sum', {});
        await outcome(invoking);
        own.interop.breakCalls();
        const { error } = await outcome(invoking);
        expect(error.errors[0].delivered).toBe('unknown');
    });

    test.each([
        ['no', 'no'],
        ['yes', 'yes'],
        ['unknown', 'unknown'],
        [undefined, 'unknown'],
        ['perhaps', 'unknown'],
    ])('is what is said of a server that is gone: %s', async (delivered, expected) => {
        const gone = { ...libraryError('ServerGone', 'Peer has left'), delivered };
        await gateway.offer('math', () => Promise.reject(gone));
        const { error } = await outcome(client.invoke('Sum', {}));
        expect(error.errors[0].delivered).toBe(expected);
    });

    test('is no question of any other failure', async () => {
        await gateway.offer('math', () => Promise.reject({ message: 'No', delivered: 'no' }));
        const { error } = await outcome(client.invoke('Sum', {}));
        expect(error.errors[0]).not.toHaveProperty('delivered');
    });
});
