import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HistoryFrames } from '../../../src/client/history-frames';
import { InteropClient } from '../../../src/client/interop-client';
import { StreamHistory } from '../../../src/client/stream-history';
import type { SubscriptionStatus } from '../../../src/client/subscribing';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;
let histories: HistoryFrames;
let told: SubscriptionStatus[];
let numbers: number[];
let subscriptions: number;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own', instance: 'own' });
    histories = new HistoryFrames(() => undefined);
    client = new InteropClient(own, gateway.registrationOf, () => gateway.cancellation, histories);
    told = [];
    numbers = [];
    subscriptions = 0;
});

afterEach(() => {
    vi.useRealTimers();
});

/** A publisher, and the frames that travel when it accepts and pushes. */
class Publisher {
    readonly page: FakePage;
    private readonly history: StreamHistory | undefined;

    constructor(instance: string, history?: StreamHistory) {
        this.history = history;
        this.page = gateway.connect({ application: 'publisher', instance });
        this.page.interop.createStream(
            { name: 'Prices' },
            { subscriptionRequestHandler: (request) => this.accept(request) },
        );
    }

    push(n: number): void {
        const send = (sequence?: number) =>
            histories.hear({ type: 'event', oob: false, sequence }, () =>
                this.page.interop.push({ n }),
            );
        if (this.history) {
            this.history.push({ n }, undefined, send);
        } else {
            send();
        }
    }

    private accept(request: any): void {
        subscriptions += 1;
        const ids = { request_id: `r${subscriptions}`, subscription_id: `s${subscriptions}` };
        const asked = { type: 'subscribe', ...ids, arguments_kv: request.arguments };
        const [{ context }] = histories.framesFor(asked);
        if (this.history) {
            const { data, ...snapshot } = this.history.replay('', context.recover);
            const frame = { type: 'event', ...ids, oob: true, data, snapshot };
            histories.hear(frame, () => expect.fail('core hears of a replay'));
        }
        histories.hear({ type: 'subscribed', ...ids }, () => request.accept());
    }
}

const keeping = (size: number) => new StreamHistory({ size }, `epoch ${Math.random()}`);

function push(publisher: Publisher, ...values: number[]): void {
    for (const n of values) {
        publisher.push(n);
    }
}

async function subscribe(options: Record<string, any> = {}): Promise<void> {
    client.subscribe('Prices', {
        onData: ({ data }) => numbers.push(data.n),
        onStatus: (status) => told.push(status),
        ...options,
    });
    await settle();
}

async function settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
}

async function outage(meanwhile: () => unknown = () => {}): Promise<void> {
    own.connection.goAway();
    await settle();
    meanwhile();
    own.connection.comeBack();
    own.connection.announceAgain();
    await settle();
}

function latest(): [string, boolean | null, boolean] {
    const { state, recovered, gap } = told[told.length - 1];
    return [state, recovered, gap];
}

describe('a newcomer', () => {
    test('gets what was kept, and then what comes live', async () => {
        const publisher = new Publisher('a', keeping(5));
        publisher.push(1);
        publisher.push(2);
        await subscribe();
        publisher.push(3);
        expect(latest()).toEqual(['open', true, false]);
        expect(numbers).toEqual([1, 2, 3]);
    });

    test('to whom not all can be given has no gap', async () => {
        const publisher = new Publisher('a', keeping(1));
        publisher.push(1);
        publisher.push(2);
        await subscribe();
        expect(latest()).toEqual(['open', false, false]);
        expect(numbers).toEqual([2]);
    });

    test('of a publisher that keeps nothing gets what comes live', async () => {
        const publisher = new Publisher('a');
        publisher.push(1);
        await subscribe();
        publisher.push(2);
        expect(latest()).toEqual(['open', null, false]);
        expect(numbers).toEqual([2]);
    });
});

describe('after an outage', () => {
    test('what was kept makes up for it', async () => {
        const publisher = new Publisher('a', keeping(5));
        await subscribe();
        publisher.push(1);
        await outage(() => publisher.push(2));
        publisher.push(3);
        expect(latest()).toEqual(['open', true, false]);
        expect(numbers).toEqual([1, 2, 3]);
    });

    test('there is a gap where more was pushed than was kept, until the next one', async () => {
        const publisher = new Publisher('a', keeping(1));
        await subscribe();
        publisher.push(1);
        await outage(() => push(publisher, 2, 3));
        expect(latest()).toEqual(['open', false, true]);
        await outage(() => publisher.push(4));
        expect(latest()).toEqual(['open', true, false]);
        expect(numbers).toEqual([1, 3, 4]);
    });

    test('there is a gap where another publisher has taken the place', async () => {
        const publisher = new Publisher('a', keeping(5));
        await subscribe();
        publisher.push(1);
        const other = new Publisher('b', keeping(5));
        other.push(2);
        gateway.leave(publisher.page);
        await settle();
        expect(latest()).toEqual(['open', false, true]);
        expect(numbers).toEqual([1, 2]);
    });

    test('there is a gap where one of several keeps nothing', async () => {
        const publishers = [new Publisher('a', keeping(5)), new Publisher('b')];
        await subscribe({ target: 'all' });
        expect(latest()).toEqual(['open', null, false]);
        await outage(() => publishers.map((publisher, n) => publisher.push(n)));
        expect(latest()).toEqual(['open', null, true]);
        expect(numbers).toEqual([0]);
    });

    test('there is none where all of several have kept it', async () => {
        const publishers = [new Publisher('a', keeping(5)), new Publisher('b', keeping(5))];
        await subscribe({ target: 'all' });
        await outage(() => publishers.map((publisher, n) => publisher.push(n)));
        expect(latest()).toEqual(['open', true, false]);
        expect(numbers).toEqual([0, 1]);
    });
});

test('a datum that comes twice counts once', async () => {
    const publisher = new Publisher('a', keeping(5));
    await subscribe();
    publisher.push(1);
    const again = { type: 'event', oob: false, sequence: 1 };
    histories.hear(again, () => publisher.page.interop.push({ n: 'again' }));
    publisher.push(2);
    expect(numbers).toEqual([1, 2]);
});
