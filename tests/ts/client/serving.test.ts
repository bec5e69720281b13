import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import { InvocationFrames } from '../../../src/client/invocation-frames';
import type { Reply } from '../../../src/client/serving';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { outcome } from '../support/promises';

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

describe('a caller that no longer waits', () => {
    let replies: Reply[];

    beforeEach(() => {
        replies = [];
    });

    /** A method that never answers by itself, and its caller. */
    async function call(): Promise<{ caller: FakePage; told: Promise<unknown> }> {
        await client.register('Sum', (_args, _caller, reply) => {
            replies.push(reply);
        });
        const caller = gateway.connect({ application: 'caller' });
        const told = clientOf(caller).invoke('Sum', {});
        await outcome(told);
        return { caller, told };
    }

    test('as it has left, cancels the invocation', async () => {
        const { caller } = await call();
        const [{ cancelled }] = replies;
        gateway.leave(gateway.connect());
        expect(cancelled.aborted).toBe(false);
        gateway.leave(caller);
        expect(cancelled.reason).toBe('left');
    });

    test('hears nothing any more', async () => {
        const { caller, told } = await call();
        const [{ succeed, fail }] = replies;
        gateway.leave(caller);
        succeed({ sum: 3 });
        fail({ message: 'No' });
        expect(await outcome(told)).toEqual({});
    });

    test('as it has its answer, cancels nothing', async () => {
        const { caller, told } = await call();
        const [{ succeed, progress, cancelled }] = replies;
        succeed({ sum: 3 });
        gateway.leave(caller);
        progress(1);
        expect(cancelled.aborted).toBe(false);
        expect((await outcome(told)).value).toMatchObject({ returned: { sum: 3 } });
    });

    test('is seen by a page without methods of its own only as far as it matters', () => {
        expect(own.interop.removedListenerCount).toBe(0);
    });
});

describe('what travels beside what core knows', () => {
    const invoke = { domain: 'agm', type: 'invoke', peer_id: 'p', invocation_id: 'i' };
    let sent: object[];
    let replies: Reply[];
    let frames: InvocationFrames;

    beforeEach(async () => {
        sent = [];
        replies = [];
        frames = new InvocationFrames(
            (frame) => sent.push(frame),
            () => {},
        );
        client = new InteropClient(
            own,
            gateway.registrationOf,
            undefined,
            undefined,
            undefined,
            frames,
        );
        await client.register('Sum', (_args, _caller, reply) => {
            replies.push(reply);
        });
    });

    /** Core tells the handler of an invocation. */
    async function arrive(more: object): Promise<Reply> {
        const { handler } = own.interop.own[0];
        frames.hear({ ...invoke, ...more }, () => handler?.({}, { peerId: 'p2' }));
        return replies[replies.length - 1];
    }

    test('tells the handler how long its caller waits', async () => {
        expect((await arrive({ timeout_ms: 500 })).budgetMs).toBe(500);
        expect((await arrive({})).budgetMs).toBeUndefined();
    });

    test('takes progress to the caller until the end', async () => {
        const { progress, succeed } = await arrive({ progress: true });
        progress(1);
        succeed({});
        progress(2);
        expect(sent).toEqual([{ ...invoke, type: 'progress', value: 1 }]);
    });

    test('cancels, once', async () => {
        const { cancelled, progress } = await arrive({ progress: true });
        const aborted = vi.fn();
        cancelled.addEventListener('abort', aborted);
        const cancel = { ...invoke, type: 'cancel-invocation', reason: 'timeout' };
        frames.hear(cancel, () => {});
        frames.hear(cancel, () => {});
        frames.clear();
        progress(1);
        expect(aborted).toHaveBeenCalledTimes(1);
        expect(cancelled.reason).toBe('timeout');
        expect(sent).toEqual([]);
    });
});
