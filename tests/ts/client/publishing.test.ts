import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import type { PublishedStream, StreamHandlers } from '../../../src/client/publishing';
import type {
    StreamSubscription,
    SubscriptionRequest,
} from '../../../src/client/stream-subscribers';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import type { FakeStream } from '../support/fake-stream';
import { outcome } from '../support/promises';

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;
/** What the handlers of the stream were told, in order. */
let told: [event: string, arguments_: any][];
let requests: SubscriptionRequest[];

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf);
    told = [];
    requests = [];
});

afterEach(() => {
    vi.useRealTimers();
});

const note = (event: string) => (subscription: StreamSubscription | SubscriptionRequest) =>
    told.push([event, subscription.arguments]);

/** Handlers that write down what they are told. */
const NOTING: StreamHandlers = {
    withdrawn: note('withdrawn'),
    added: note('added'),
    removed: note('removed'),
};

/** As they are, and each request stays undecided until the test decides on it. */
const DECIDING: StreamHandlers = { ...NOTING, requested: (request) => requests.push(request) };

async function offer(handlers: StreamHandlers = NOTING): Promise<PublishedStream> {
    const stream = client.createStream('Prices', handlers);
    await stream.offered;
    return stream;
}

/** The stream as core has it. */
function core(name = 'Prices'): FakeStream {
    return own.interop.stream(name);
}

/** Subscribers that are accepted, one on each branch; returns how each of them leaves. */
function accepted(...branches: string[]): { end: () => void }[] {
    return branches.map((branch, index) => {
        const asking = core().ask({ arguments: { index }, instance: { peerId: `peer ${index}` } });
        requests.pop()?.accept(branch);
        return asking;
    });
}

/** What was pushed, and to whom. */
function pushed(): [string, any][] {
    return core()
        .frames.filter(({ type }) => type === 'publish' || type === 'post')
        .map(({ to, data }) => [to, data]);
}

describe('offering', () => {
    test('others can subscribe when it is offered', async () => {
        const stream = client.createStream({ name: 'Prices', description: 'Quotes' });
        expect(await outcome(stream.offered)).toEqual({ value: undefined });
        expect(own.interop.own).toMatchObject([
            { name: 'Prices', description: 'Quotes', supportsStreaming: true },
        ]);
    });

    test.each([
        [{}, {}, 'The definition needs a name'],
        ['Prices', { history: 0 }, 'The size of the history has to be a whole number'],
    ])('of %j with %j is refused', (definition, options, reason) => {
        expect(() => client.createStream(definition, {}, options)).toThrow(reason);
        expect(own.interop.log).toEqual([]);
    });

    test('a name that this page offers already is refused with an Error', async () => {
        await client.register('Prices', () => {});
        const { error } = await outcome(client.createStream('Prices').offered);
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toContain('A stream with the name "Prices" already exists!');
    });

    test('follows the changes of a method of the same name', async () => {
        const handler = () => {};
        await client.register('Prices', handler);
        client.unregister('Prices', handler);
        const stream = await offer();
        stream.close();
        await client.register('Prices', handler);
        expect(own.interop.log).toEqual([
            'register Prices',
            'registered Prices',
            'unregister Prices',
            'unregistered Prices',
            'create Prices',
            'created Prices',
            'unregister Prices',
            'unregistered Prices',
            'register Prices',
            'registered Prices',
        ]);
    });

    test('that is taken back before its turn comes does not happen', async () => {
        own.connection.goAway();
        const stream = client.createStream('Prices');
        stream.close();
        own.connection.comeBack();
        own.connection.announceAgain();
        await outcome(stream.offered);
        expect(own.interop.log).toEqual([]);
    });

    test('in an outage waits until core has announced its streams again, and offers once', async () => {
        own.connection.goAway();
        const { offered } = client.createStream('Prices');
        expect(await outcome(offered, 20_000)).toEqual({});
        expect(own.interop.log).toEqual([]);
        own.connection.comeBack();
        own.connection.announceAgain();
        await offered;
        expect(own.interop.own).toHaveLength(1);
    });

    test('that an outage interrupts is tried again after it', async () => {
        own.interop.holdChanges = new Promise(() => {});
        const { offered } = client.createStream('Prices');
        await outcome(offered);
        own.connection.goAway();
        own.interop.breakCalls();
        expect(await outcome(offered)).toEqual({});
        own.interop.holdChanges = Promise.resolve();
        own.connection.comeBack();
        own.connection.announceAgain();
        expect(await outcome(offered)).toEqual({ value: undefined });
        expect(own.interop.own).toHaveLength(1);
    });

    test('that takes too long is an error, and a success after that is told', async () => {
        const onLateSuccess = vi.fn();
        own.connection.goAway();
        const options = { timeoutMs: 500, onLateSuccess };
        const { offered } = client.createStream('Prices', {}, options);
        const { error } = await outcome(offered, 500);
        expect(error.message).toBe('Stream Prices could not be offered within 500 ms');
        own.connection.comeBack();
        own.connection.announceAgain();
        await outcome(Promise.resolve());
        expect(onLateSuccess).toHaveBeenCalledTimes(1);
    });
});

describe('requests', () => {
    test('are accepted as they come where nobody decides', async () => {
        await offer();
        core().ask({ arguments: { a: 1 } });
        expect(told).toEqual([['added', { a: 1 }]]);
    });

    test('say who asks, and with what', async () => {
        await offer(DECIDING);
        core().ask({ arguments: { a: 1 }, instance: { peerId: 'p', getMethods: () => [] } });
        core().ask();
        expect(requests).toMatchObject([
            { arguments: { a: 1 }, subscriber: { peerId: 'p' } },
            { arguments: {}, subscriber: {} },
        ]);
        expect(requests[0].subscriber).toEqual({ peerId: 'p' });
        expect(requests[0].id).not.toBe(requests[1].id);
    });

    test('are accepted on a branch, or not', async () => {
        const stream = await offer(DECIDING);
        accepted('Private', '', 'Private');
        expect(stream.subscriptions.map(({ branch }) => branch)).toEqual([
            'Private',
            '',
            'Private',
        ]);
        expect([...stream.branches]).toEqual([
            ['Private', 2],
            ['', 1],
        ]);
        expect(told.map(([event]) => event)).toEqual(['added', 'added', 'added']);
    });

    test('keep their id as subscriptions', async () => {
        const stream = await offer(DECIDING);
        core().ask();
        requests[0].accept();
        expect(stream.subscriptions.map(({ id }) => id)).toEqual([requests[0].id]);
    });

    test('are rejected with a reason, and nobody is added', async () => {
        await offer(DECIDING);
        const onRejected = vi.fn();
        core().ask({ onRejected });
        requests[0].reject('not you');
        expect(onRejected).toHaveBeenCalledWith('not you');
        expect(told).toEqual([]);
    });

    test('are answered once', async () => {
        await offer(DECIDING);
        core().ask();
        requests[0].accept();
        const again = 'The subscription request was answered already';
        expect(() => requests[0].accept()).toThrow(again);
        expect(() => requests[0].reject('late')).toThrow(again);
        expect(core().frames).toHaveLength(1);
    });

    test('of one who has left are withdrawn, and an answer has no effect', async () => {
        const stream = await offer(DECIDING);
        const other = gateway.connect();
        core().ask({ arguments: { a: 1 }, instance: other.interop.instance });
        core().ask({ arguments: { a: 2 }, instance: { peerId: 'stays' } });
        gateway.leave(other);
        expect(told).toEqual([['withdrawn', { a: 1 }]]);
        requests[0].accept();
        expect(stream.subscriptions).toEqual([]);
        requests[1].accept();
        expect(stream.subscriptions).toHaveLength(1);
    });

    test('that are open when the stream is closed, or come then, are left to the gateway', async () => {
        const stream = await offer(DECIDING);
        const coreStream = core();
        core().ask({ arguments: { a: 1 } });
        stream.close();
        coreStream.ask({ arguments: { a: 2 } });
        // A rejection would end the subscriptions of those who would come back.
        expect(coreStream.frames).toEqual([]);
        expect(requests).toHaveLength(1);
        expect(told).toEqual([['withdrawn', { a: 1 }]]);
    });
});

describe('pushing', () => {
    test('sends one message to each branch, however many are on it', async () => {
        const stream = await offer(DECIDING);
        accepted('', '', '', 'Private', 'Private');
        stream.push({ n: 1 });
        expect(pushed()).toEqual([
            ['', { n: 1 }],
            ['Private', { n: 1 }],
        ]);
    });

    test.each([
        ['a branch', 'B', ['B']],
        ['several branches', ['A', 'B', 'B'], ['A', 'B']],
        ['no branches', [], []],
        ['a branch that nobody is on', ['A', 'Nobody'], ['A']],
    ])('to %s reaches these alone', async (_what, branch, reached) => {
        const stream = await offer(DECIDING);
        accepted('A', 'B', '');
        stream.push({ n: 1 }, branch);
        expect(pushed().map(([to]) => to)).toEqual(reached);
    });

    test('sends nothing to a branch that its last subscriber has left', async () => {
        const stream = await offer(DECIDING);
        const [first, second] = accepted('A', 'A');
        first.end();
        stream.push({ n: 1 });
        second.end();
        stream.push({ n: 2 });
        expect(pushed()).toEqual([['A', { n: 1 }]]);
    });

    test('to one reaches that one alone, and nobody when it is gone', async () => {
        const stream = await offer(DECIDING);
        const [, second] = accepted('', '');
        const [, subscription] = stream.subscriptions;
        stream.pushTo(subscription, { n: 1 });
        second.end();
        stream.pushTo(subscription, { n: 2 });
        expect(pushed()).toEqual([['s2', { n: 1 }]]);
    });

    test('before it is offered reaches nobody', async () => {
        const stream = client.createStream('Prices');
        stream.push({ n: 1 });
        await stream.offered;
        core().ask();
        expect(pushed()).toEqual([]);
    });

    test.each([
        [null, 'nothing'],
        [undefined, 'nothing'],
        [[1], 'a list'],
        ['text', '"text"'],
        [5, '5'],
        [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ])('of %j is an Error', async (data, kind) => {
        const stream = await offer();
        core().ask();
        const reason = `The data of a stream have to be a dict, not ${kind}`;
        expect(() => stream.push(data)).toThrow(reason);
        expect(() => stream.pushTo(stream.subscriptions[0], data)).toThrow(reason);
        expect(pushed()).toEqual([]);
    });

    test('to a stream that was closed is an Error', async () => {
        const stream = await offer();
        core().ask();
        const [subscription] = stream.subscriptions;
        stream.close();
        const reason = 'The stream Prices was closed';
        expect(() => stream.push({})).toThrow(reason);
        expect(() => stream.pushTo(subscription, {})).toThrow(reason);
    });
});

describe('the ends of subscriptions', () => {
    test('a subscriber that leaves is told once', async () => {
        const stream = await offer(DECIDING);
        const [first] = accepted('A', 'B');
        first.end();
        first.end();
        expect(told.slice(2)).toEqual([['removed', { index: 0 }]]);
        expect([...stream.branches]).toEqual([['B', 1]]);
    });

    test('a subscription that is closed is told, here and there', async () => {
        const stream = await offer();
        const onClosed = vi.fn();
        core().ask({ arguments: { a: 1 }, onClosed });
        const { subscriptions } = stream;
        stream.closeSubscriptions(subscriptions);
        stream.closeSubscriptions(subscriptions);
        expect(onClosed).toHaveBeenCalledTimes(1);
        expect(told.slice(1)).toEqual([['removed', { a: 1 }]]);
    });

    test('closing a branch ends its subscriptions, and tells each', async () => {
        const stream = await offer(DECIDING);
        accepted('A', 'B', 'A');
        stream.closeBranch('A');
        expect(told.slice(3)).toEqual([
            ['removed', { index: 0 }],
            ['removed', { index: 2 }],
        ]);
        expect(core().frames.filter(({ type }) => type === 'drop')).toHaveLength(2);
        expect([...stream.branches.keys()]).toEqual(['B']);
    });

    test('closing the stream tells each once, and ends none for good', async () => {
        const stream = await offer(DECIDING);
        accepted('A', '');
        const coreStream = core();
        await stream.close();
        await stream.close();
        expect(told.slice(2)).toEqual([
            ['removed', { index: 0 }],
            ['removed', { index: 1 }],
        ]);
        expect(own.interop.own).toEqual([]);
        expect(coreStream.frames.filter(({ type }) => type === 'drop')).toEqual([]);
    });

    test('other libraries close a stream in their own way', async () => {
        (own.interop as any).server = undefined;
        const stream = await offer();
        const close = vi.spyOn(core(), 'close').mockResolvedValue();
        await stream.close();
        expect(close).toHaveBeenCalledTimes(1);
    });

    test('an outage ends all of them, and withdraws the requests', async () => {
        const stream = await offer(DECIDING);
        accepted('A', '');
        core().ask({ arguments: { a: 1 } });
        own.connection.goAway();
        expect(told.slice(2)).toEqual([
            ['withdrawn', { a: 1 }],
            ['removed', { index: 0 }],
            ['removed', { index: 1 }],
        ]);
        stream.push({ n: 1 });
        expect(pushed()).toEqual([]);
        core().forget();
        own.connection.comeBack();
        own.connection.announceAgain();
        core().ask({ arguments: { a: 2 } });
        requests.pop()?.accept('A');
        stream.push({ n: 2 });
        expect(pushed()).toEqual([['A', { n: 2 }]]);
        expect(told.slice(5)).toEqual([['added', { a: 2 }]]);
    });

    test('a stream that is closed in an outage does not come back with it', async () => {
        const stream = await offer();
        own.connection.goAway();
        const closing = stream.close();
        await outcome(closing);
        own.connection.comeBack();
        own.connection.announceAgain();
        await closing;
        expect(own.interop.own).toEqual([]);
    });

    test('a stream that is closed listens to nothing any more', async () => {
        const before = own.interop.removedListenerCount;
        const stream = await offer(DECIDING);
        expect(own.interop.removedListenerCount).toBeGreaterThan(before);
        await stream.close();
        expect(own.interop.removedListenerCount).toBe(before);
    });
});
