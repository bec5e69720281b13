import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StreamData } from '../../../src/client/core-subscription';
import { InvocationError } from '../../../src/client/errors';
import { InteropClient } from '../../../src/client/interop-client';
import type { Subscription, SubscriptionStatus } from '../../../src/client/subscribing';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { outcome } from '../support/promises';

type Handler = (request: any) => void;

const ACCEPT: Handler = (request) => request.accept();
const REJECT: Handler = (request) => request.reject('not for you');
const IGNORE: Handler = () => {};

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;
let told: SubscriptionStatus[];
let data: StreamData[];
let subscription: Subscription;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf, () => gateway.cancellation);
    told = [];
    data = [];
});

afterEach(() => {
    vi.useRealTimers();
});

function publisher(application: string, subscriptionRequestHandler = ACCEPT): FakePage {
    const page = gateway.connect({ application });
    page.interop.createStream({ name: 'Prices' }, { subscriptionRequestHandler });
    return page;
}

async function subscribe(options: Record<string, any> = {}): Promise<void> {
    subscription = client.subscribe('Prices', {
        onData: (one) => data.push(one),
        onStatus: (status) => told.push(status),
        ...options,
    });
    await settle();
}

async function settle(afterMs = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(afterMs);
}

/** The connection is lost and comes back, with what core does then. */
async function outage(meanwhile: () => void = () => {}): Promise<void> {
    own.connection.goAway();
    await settle();
    meanwhile();
    own.connection.comeBack();
    own.connection.announceAgain();
    await settle();
}

const states = () => told.map(({ state }) => state);
const latest = () => told[told.length - 1];
const applications = () => latest().servers.map(({ application }) => application);
const pushed = () => data.map((one) => one.data);

describe('streams and methods', () => {
    test('a stream is refused as a method, at once', async () => {
        publisher('a');
        const { error } = await outcome(client.invoke('Prices', {}));
        expect(error).toBeInstanceOf(InvocationError);
        expect(error.message).toBe('Prices is a stream, not a method: subscribe to it');
    });

    test('a method is refused as a stream, at once', async () => {
        await gateway.offer('math', undefined, { name: 'Prices' });
        await subscribe();
        expect(states()).toEqual(['connecting', 'failed']);
        expect(latest().reason).toBe('Prices is a method, not a stream: invoke it');
    });

    test('a method is found beside a stream of the same name', async () => {
        publisher('streams');
        await gateway.offer('math', undefined, { name: 'Prices' });
        const { value } = await outcome(client.invoke('Prices', {}, 'all'));
        expect(value?.all_return_values).toHaveLength(1);
        expect(value?.executed_by).toMatchObject({ application: 'math' });
    });
});

describe('subscribing', () => {
    test('goes to the publisher that registered first', async () => {
        publisher('a');
        publisher('b');
        await subscribe();
        expect(states()).toEqual(['connecting', 'open']);
        expect(applications()).toEqual(['a']);
        expect(latest()).toMatchObject({ reason: null, gap: false, recovered: null });
    });

    test('goes to the publisher that the target chooses, with the arguments', async () => {
        publisher('a');
        const asked = vi.fn(ACCEPT);
        publisher('b', asked);
        await subscribe({ target: { application: /^B$/i }, arguments: { isin: 'X' } });
        expect(applications()).toEqual(['b']);
        expect(asked.mock.calls[0][0].arguments).toEqual({ isin: 'X' });
    });

    test('tells what is pushed, with who pushed it', async () => {
        const page = publisher('a');
        await subscribe({ arguments: { isin: 'X' } });
        page.interop.push({ price: 1 });
        page.interop.subscribers[0].push({ price: 2 }, true);
        expect(data).toEqual([
            {
                data: { price: 1 },
                private: false,
                requestArguments: { isin: 'X' },
                server: expect.objectContaining({ application: 'a', peerId: page.peerId }),
            },
            expect.objectContaining({ data: { price: 2 }, private: true }),
        ]);
        expect(data[0].server).not.toHaveProperty('getMethods');
    });

    test('waits for a publisher as long as it takes, and says so after a while', async () => {
        await subscribe({ waitTimeoutMs: 200 });
        await settle(199);
        expect(told).toHaveLength(1);
        await settle(1);
        expect(states()).toEqual(['connecting', 'connecting']);
        expect(latest().reason).toBe(
            'No server offers the stream Prices for target "best" (waited 200 ms)',
        );
        await settle(1_000_000);
        publisher('a');
        await settle();
        expect(latest()).toMatchObject({ state: 'open', reason: null, gap: false });
    });

    test('waits for the connection in an outage', async () => {
        publisher('a');
        own.connection.goAway();
        await subscribe({ waitTimeoutMs: 100 });
        await settle(100);
        expect(latest().state).toBe('connecting');
        expect(latest().reason).toContain('there is no connection to the gateway (waited 100 ms)');
        own.connection.comeBack();
        own.connection.announceAgain();
        await settle();
        expect(latest()).toMatchObject({ state: 'open', gap: false });
        expect(own.interop.subscriptions).toHaveLength(1);
    });

    test.each([
        [{ target: 'bst' }, 'Unknown target "bst": did you mean "best"?'],
        [{ waitTimeoutMs: -1 }, 'waitTimeoutMs has to be a number of milliseconds, 0 or more'],
        [{ methodResponseTimeoutMs: 0 }, 'methodResponseTimeoutMs has to be a positive number'],
        [{ arguments: 'EURUSD' }, 'The arguments have to be a dict, not "EURUSD"'],
    ])('refuses %j', async (options, message) => {
        await expect(subscribe(options)).rejects.toThrow(message);
        expect(told).toEqual([]);
    });
});

describe('what a publisher says', () => {
    test('a refusal ends it, with the reason', async () => {
        publisher('a', REJECT);
        await subscribe();
        expect(states()).toEqual(['connecting', 'rejected']);
        expect(latest().reason).toBe('not for you');
    });

    test.each(['', 'say "please". Called with:{} \n'])('a refusal with %j', async (reason) => {
        publisher('a', (request) => request.reject(reason));
        await subscribe();
        expect(latest().reason).toBe(reason || 'The publisher gave no reason');
    });

    test('the second best is not asked after a refusal', async () => {
        publisher('a', REJECT);
        const asked = vi.fn(ACCEPT);
        publisher('b', asked);
        await subscribe();
        await settle(1000);
        expect(asked).not.toHaveBeenCalled();
    });

    test('silence ends it in time', async () => {
        publisher('a', IGNORE);
        await subscribe({ methodResponseTimeoutMs: 300 });
        await settle(299);
        expect(states()).toEqual(['connecting']);
        await settle(1);
        expect(latest()).toMatchObject({
            state: 'failed',
            reason: 'Nobody accepted the subscription to Prices within 300 ms',
        });
    });

    test('one that accepts too late is told that nobody wants it any more', async () => {
        const requests: any[] = [];
        const page = publisher('a', (request) => requests.push(request));
        await subscribe({ methodResponseTimeoutMs: 300 });
        await settle(100_000);
        requests[0].accept();
        expect(page.interop.subscribers).toHaveLength(1);
        await settle();
        expect(page.interop.subscribers).toEqual([]);
        expect(states()).toEqual(['connecting', 'failed']);
    });

    test('it ends when the publisher closes it', async () => {
        const page = publisher('a');
        await subscribe();
        gateway.cancel(page, { isAway: false, reason: undefined });
        await settle(1_000);
        expect(states()).toEqual(['connecting', 'open', 'closed']);
        expect(latest()).toMatchObject({
            reason: 'The publisher closed the subscription',
            servers: [],
        });
        page.interop.push({ price: 1 });
        expect(data).toEqual([]);
    });
});

describe('a publisher that leaves', () => {
    test('is waited for, and the gap is told', async () => {
        gateway.leave((await opened('a')).page);
        await settle();
        expect(latest()).toMatchObject({
            state: 'connecting',
            reason: 'The publisher left',
            gap: false,
            servers: [],
        });
        await settle(1_000_000);
        const again = publisher('a');
        await settle();
        expect(latest()).toMatchObject({ state: 'open', reason: null, gap: true });
        again.interop.push({ price: 2 });
        expect(pushed()).toEqual([{ price: 2 }]);
    });

    test('gives way to the next one that there is', async () => {
        const { page } = await opened('a');
        publisher('b');
        gateway.leave(page);
        await settle();
        expect(states()).toEqual(['connecting', 'open', 'connecting', 'open']);
        expect(applications()).toEqual(['b']);
    });

    test('one that withdraws the stream and offers it again is subscribed to again', async () => {
        const { page } = await opened('a');
        page.interop.closeStream('Prices');
        await settle();
        expect(latest()).toMatchObject({
            state: 'connecting',
            reason: 'The publisher withdrew the stream',
        });
        page.interop.createStream(
            { name: 'Prices' },
            { subscriptionRequestHandler: (r) => r.accept() },
        );
        await settle();
        expect(latest()).toMatchObject({ state: 'open', gap: true });
        expect(page.interop.subscribers).toHaveLength(1);
    });

    test('one that leaves before it answers is waited for, too', async () => {
        const page = publisher('a', IGNORE);
        await subscribe({ methodResponseTimeoutMs: 300 });
        gateway.leave(page);
        await settle(1000);
        expect(states()).toEqual(['connecting']);
        publisher('a');
        await settle();
        expect(latest()).toMatchObject({ state: 'open', gap: false });
    });

    test('is noticed by what is on offer where the gateway does not say why', async () => {
        client = new InteropClient(own, gateway.registrationOf);
        gateway.leave((await opened('a')).page);
        await settle(1000);
        expect(latest()).toMatchObject({ state: 'connecting', reason: 'The publisher left' });
        const again = publisher('a');
        await settle();
        expect(latest()).toMatchObject({ state: 'open', gap: true });
        gateway.cancel(again, undefined);
        await settle(1000);
        expect(latest().state).toBe('closed');
    });
});

async function opened(application: string): Promise<{ page: FakePage }> {
    const page = publisher(application);
    await subscribe();
    expect(latest().state).toBe('open');
    return { page };
}

describe('several publishers', () => {
    test.each([
        ['all', ['own', 'a', 'b']],
        ['skipMine', ['a', 'b']],
        [[{ application: 'b' }], ['b']],
    ])('target %j', async (target, expected) => {
        own.interop.createStream({ name: 'Prices' }, { subscriptionRequestHandler: ACCEPT });
        publisher('a');
        await subscribe({ target });
        publisher('b');
        await settle();
        expect(applications()).toEqual(expected);
        for (const page of gateway.pages) {
            expect(page.interop.subscribers.length).toBeLessThan(2);
            page.interop.push(page.interop.instance.application);
        }
        expect(pushed()).toEqual(expected);
        expect(latest().gap).toBe(false);
    });

    test('a dict is for the first that matches', async () => {
        publisher('a');
        await subscribe({ target: { application: 'a' } });
        publisher('a');
        await settle();
        expect(latest().servers).toHaveLength(1);
    });

    test('it stays open as long as one of them is there', async () => {
        const pages = [publisher('a'), publisher('b')];
        await subscribe({ target: 'all' });
        gateway.leave(pages[0]);
        await settle();
        expect(latest()).toMatchObject({ state: 'open', gap: false });
        expect(applications()).toEqual(['b']);
        publisher('a');
        await settle();
        expect(applications()).toEqual(['b', 'a']);
        expect(latest().gap).toBe(true);
        gateway.cancel(pages[1], { isAway: false, reason: undefined });
        await settle();
        expect(latest().state).toBe('open');
        expect(applications()).toEqual(['a']);
    });

    test('one that refuses does not take the others with it, and is not asked again', async () => {
        const asked = vi.fn(REJECT);
        publisher('a', asked);
        publisher('b');
        await subscribe({ target: 'all' });
        publisher('c');
        await settle();
        expect(applications()).toEqual(['b', 'c']);
        expect(asked).toHaveBeenCalledTimes(1);
    });

    test('all that refuse end it', async () => {
        publisher('a', REJECT);
        publisher('b', REJECT);
        await subscribe({ target: 'all' });
        expect(states()).toEqual(['connecting', 'rejected']);
    });

    test('one that left does not let the refusal of the others end it', async () => {
        const requests: any[] = [];
        publisher('a', (request) => requests.push(request));
        const leaving = publisher('b', IGNORE);
        await subscribe({ target: 'all' });
        gateway.leave(leaving);
        await settle();
        requests[0].reject('no');
        await settle();
        expect(states()).toEqual(['connecting']);
        publisher('b');
        await settle();
        expect(applications()).toEqual(['b']);
    });
});

describe('an outage', () => {
    test('ends with the same subscription, made once, and a gap', async () => {
        const { page } = await opened('a');
        page.interop.push({ price: 1 });
        await outage(() => page.interop.push({ price: 2 }));
        page.interop.push({ price: 3 });
        expect(states()).toEqual(['connecting', 'open', 'connecting', 'open']);
        expect(told[2].reason).toBe('The connection to the gateway was lost');
        expect(latest()).toMatchObject({ gap: true, reason: null });
        expect(page.interop.subscribers).toHaveLength(1);
        expect(pushed()).toEqual([{ price: 1 }, { price: 3 }]);
    });

    test('is told of each subscription by a library that cannot close any then', async () => {
        const { subscribe: make } = own.interop;
        own.interop.subscribe = async (...args: any[]) => {
            const made = await make.apply(own.interop, args as any);
            const close = () => {
                throw new TypeError('it has forgotten the publisher');
            };
            return { ...made, close };
        };
        publisher('a');
        await subscribe();
        const other: SubscriptionStatus[] = [];
        client.subscribe('Prices', { onData: () => {}, onStatus: (status) => other.push(status) });
        await settle();
        await outage();
        expect(states()).toEqual(['connecting', 'open', 'connecting', 'open']);
        expect(other.map(({ state }) => state)).toEqual(states());
    });

    test('begins while the publisher is asked', async () => {
        const asked = vi.fn();
        const page = publisher('a', asked);
        await subscribe();
        asked.mockImplementation(ACCEPT);
        await outage();
        expect(states()).toEqual(['connecting', 'connecting', 'open']);
        expect(latest().gap).toBe(false);
        expect(page.interop.subscribers).toHaveLength(1);
    });

    test('what the publisher closed shortly before stays closed', async () => {
        const { page } = await opened('a');
        gateway.cancel(page, { isAway: false, reason: undefined });
        await outage();
        page.interop.push({ price: 1 });
        expect(latest().state).toBe('closed');
        expect(data).toEqual([]);
        expect(page.interop.subscribers).toEqual([]);
    });

    test('a refusal of before counts no more', async () => {
        const asked = vi.fn(REJECT);
        publisher('a', asked);
        publisher('b');
        await subscribe({ target: 'all' });
        asked.mockImplementation(ACCEPT);
        await outage();
        expect(applications().sort()).toEqual(['a', 'b']);
    });
});

describe('closing', () => {
    test('unsubscribes, and tells nothing more', async () => {
        const { page } = await opened('a');
        subscription.close();
        page.interop.push({ price: 1 });
        await outage();
        publisher('b');
        await settle(100_000);
        expect(page.interop.subscribers).toEqual([]);
        expect(data).toEqual([]);
        expect(states()).toEqual(['connecting', 'open']);
    });

    test('while a publisher is asked takes back what it accepts', async () => {
        const requests: any[] = [];
        const page = publisher('a', (request) => requests.push(request));
        await subscribe();
        subscription.close();
        requests[0].accept();
        await settle();
        expect(page.interop.subscribers).toEqual([]);
        expect(states()).toEqual(['connecting']);
    });

    test('while it waits listens to nothing more', async () => {
        await subscribe();
        subscription.close();
        expect(own.interop.methodListenerCount).toBe(0);
        await settle(100_000);
        expect(states()).toEqual(['connecting']);
    });
});
