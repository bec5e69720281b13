import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvocationError } from '../../../src/client/errors';
import { InteropClient } from '../../../src/client/interop-client';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { outcome } from '../support/promises';

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

describe('streams', () => {
    const accept = { subscriptionRequestHandler: (request: any) => request.accept() };

    test('a stream is refused as a method, at once', async () => {
        gateway.connect().interop.createStream({ name: 'Prices' }, accept);
        const { error } = await outcome(client.invoke('Prices', {}));
        expect(error).toBeInstanceOf(InvocationError);
        expect(error.message).toBe('Prices is a stream, not a method: subscribe to it');
    });

    test('a method is refused as a stream, at once', async () => {
        await gateway.offer('math');
        const { error } = await outcome(client.subscribe('Sum'));
        expect(error.message).toBe('Sum is a method, not a stream: invoke it');
    });

    test('a method is found beside a stream of the same name', async () => {
        gateway.connect({ application: 'streams' }).interop.createStream({ name: 'Sum' }, accept);
        await gateway.offer('math');
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
