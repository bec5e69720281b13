import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvocationError } from '../../../src/client/errors';
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
    client = clientOf(own);
});

afterEach(() => {
    vi.useRealTimers();
});

function clientOf(page: FakePage): InteropClient {
    return new InteropClient(page, gateway.registrationOf);
}

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
        const other = await gateway.offer('other');
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
        await gateway.offer('registered first');
        await early.interop.register({ name: 'Sum' }, () => ({}));
        await own.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'registered first' });
    });

    test('a server that registers again goes to the end', async () => {
        const first = await gateway.offer('first');
        await gateway.offer('second');
        await first.interop.unregister('Sum');
        await first.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'second' });
    });

    test('where the gateway tells no order, the order of core holds', async () => {
        await gateway.offer('first');
        await gateway.offer('second');
        const unordered = new InteropClient(own);
        const { executed_by } = await unordered.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('results of all come in the order of registration', async () => {
        const early = gateway.connect({ application: 'late' });
        await gateway.offer('a');
        await gateway.offer('b');
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
        await gateway.offer('other');
        const { all_return_values } = await client.invoke('Sum', {}, 'skipMine');
        expect(all_return_values.map(({ returned }) => returned.from)).toEqual(['other']);
    });

    test('patterns work, though core refuses them', async () => {
        await gateway.offer('Prices');
        await gateway.offer('Trades-EU');
        await gateway.offer('Trades-US');
        const { all_return_values } = await client.invoke('Sum', {}, { application: /^Trades/ });
        expect(all_return_values.map(({ returned }) => returned.from)).toEqual([
            'Trades-EU',
            'Trades-US',
        ]);
    });

    test('signatures in the definition choose among methods of one name', async () => {
        await gateway.offer('ints', undefined, { name: 'Sum', accepts: 'int a' });
        await gateway.offer('doubles', undefined, { name: 'Sum', accepts: 'double a' });
        const method = { name: 'Sum', accepts: 'Double a' };
        const { executed_by } = await client.invoke(method, {}, 'all');
        expect(executed_by).toMatchObject({ application: 'doubles' });
    });

    test('the order is that of the method that is called, not of others of the server', async () => {
        const page = gateway.connect({ application: 'veteran' });
        await page.interop.register({ name: 'Other' }, () => ({}));
        await gateway.offer('first');
        await page.interop.register({ name: 'Sum' }, () => ({}));
        const { executed_by } = await client.invoke('Sum', {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('nor that of a method of the same name with another signature', async () => {
        const page = gateway.connect({ application: 'veteran' });
        const [ints, doubles] = ['int a', 'double a'].map((accepts) => ({ name: 'Sum', accepts }));
        page.interop.offer(ints);
        await gateway.offer('first', undefined, doubles);
        page.interop.offer(doubles, { handler: () => ({}) });
        const { executed_by } = await client.invoke(doubles, {});
        expect(executed_by).toMatchObject({ application: 'first' });
    });

    test('a server that core lists twice is called once', async () => {
        const handler = vi.fn(() => ({}));
        const page = await gateway.offer('math', handler);
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

describe('waiting for a server', () => {
    test('the call goes out as soon as the method appears', async () => {
        const invoking = client.invoke('Sum', {}, 'best', { waitTimeoutMs: 60_000 });
        expect(await outcome(invoking, 59_000)).toEqual({});
        await gateway.offer('math');
        const { value } = await outcome(invoking);
        expect(value?.executed_by).toMatchObject({ application: 'math' });
        expect(vi.getTimerCount()).toBe(1);
        expect(own.interop.methodListenerCount).toBe(0);
    });

    test('other methods and servers that do not match end no wait', async () => {
        const invoking = client.invoke('Sum', {}, { application: 'math' });
        await gateway.offer('math', undefined, { name: 'Other' });
        await gateway.offer('unwanted');
        expect(await outcome(invoking, 100)).toEqual({});
        await gateway.offer('math');
        expect((await outcome(invoking)).value).toBeDefined();
    });

    test.each([
        ['Sum', undefined, undefined],
        ['Sum', { application: 'math' }, undefined],
        [
            'Sun',
            undefined,
            'nobody offers Sun so far: open the app that does, or correct the name. On offer: Sum',
        ],
        [
            'Sum',
            { application: 'trades' },
            'nobody offers Sum for target {"application":"trades"} so far: open the app that is meant, or correct the target. It is offered by: math',
        ],
    ])('why a call of %s to %j would wait', async (name, target, reason) => {
        await gateway.offer('math');
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
            await gateway.offer('math', undefined, { name: `M${number}` });
        }
        expect(client.whyWaiting('Sum', 'best')).toMatch(/On offer: M10, .*, M29$/);
    });

    test('when nobody comes, the error names method and target', async () => {
        const options = { waitTimeoutMs: 700 };
        const target = { application: 'math' };
        const invoking = client.invoke({ name: 'Sum', version: 2 }, {}, target, options);
        expect(await outcome(invoking, 699)).toEqual({});
        const { error } = await outcome(invoking, 1);
        expect(error).toBeInstanceOf(InvocationError);
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
        await gateway.offer('math');
        await outcome(invoking, 1_000);
        expect(own.interop.invocations).toEqual([]);
    });
});
