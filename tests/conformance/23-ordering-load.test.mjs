// Bursts: nothing is lost and nothing overtakes.
import assert from 'node:assert/strict';
import { methodVisible } from './clients.mjs';
import { publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';

useGateway();

const patience = 20000;

for (const [count, how] of [
    [1000, ''],
    [5000, ' in one burst'],
]) {
    clientTest(`${count} stream events${how} arrive complete and in order`, async (s) => {
        const [publisher, subscriber] = await s.clients('pub', 'sub');
        const name = unique('Ticks');
        const { stream, added } = await publish(publisher, name);
        const { events, values } = await subscribe(subscriber, name);
        await added.count(1);
        for (let n = 0; n < count; n += 1) {
            stream.push({ n });
            if (how === '' && n % 100 === 99) {
                await new Promise((resolve) => setImmediate(resolve));
            }
        }
        await events.count(count, patience);
        assert.deepEqual(
            values().map(({ n }) => n),
            Array.from({ length: count }, (_none, n) => n),
        );
    });
}

for (const count of [1000, 3000]) {
    clientTest(`${count} concurrent calls are all answered`, async (s) => {
        const [server, caller] = await s.clients('srv', 'cli');
        const name = unique('Called');
        await server.interop.register(name, ({ n }) => ({ n: n * 2 }));
        await methodVisible(caller, name);
        const options = { methodResponseTimeoutMs: patience };
        const calls = Array.from({ length: count }, (_none, n) =>
            caller.interop.invoke(name, { n }, 'best', options),
        );
        const results = await Promise.all(calls);
        for (const [n, { returned }] of results.entries()) {
            assert.equal(returned.n, n * 2);
        }
    });
}

wireTest('what is posted before a subscription is accepted arrives before that', async (s) => {
    const server = await s.peer('srv');
    const caller = await s.peer('cli');
    await server.register({ id: 'm', name: unique('Kept'), flags: { streaming: true } });
    const context = { recover: { epoch: 'e', offset: 3 } };
    const target = { server_id: server.peerId, method_id: 'm' };
    caller.tell('subscribe', { request_id: 's', ...target, context });
    const interest = await server.next({ type: 'add-interest' });
    assert.deepEqual(interest.context, context);
    const { subscription_id } = interest;
    await caller.fence();
    caller.take();

    const snapshot = { epoch: 'e', branch: '', offset: 5, recovered: true };
    server.tell('post', { subscription_id, data: [{ n: 4 }, { n: 5 }], snapshot });
    server.tell('accepted', { subscription_id, stream_id: 'x' });
    server.tell('publish', { stream_id: 'x', data: { n: 6 }, sequence: 6 });
    await server.fence();
    await caller.fence();
    const [kept, subscribed, live] = caller.take();
    assert.deepEqual([kept.type, subscribed.type, live.type], ['event', 'subscribed', 'event']);
    assert.deepEqual([kept.oob, kept.snapshot, kept.data], [true, snapshot, [{ n: 4 }, { n: 5 }]]);
    assert.deepEqual([live.oob, live.sequence, live.data], [false, 6, { n: 6 }]);
});

wireTest('what one peer sends is passed on in its order, across message types', async (s) => {
    const server = await s.peer('srv');
    const caller = await s.peer('cli');
    await server.register({ id: 'm', name: unique('Mixed'), flags: {} });
    const target = { server_id: server.peerId, method_id: 'm' };
    caller.tell('subscribe', { request_id: 's', ...target });
    const { subscription_id } = await server.next({ type: 'add-interest' });
    server.tell('accepted', { subscription_id, stream_id: 'x' });
    await caller.next({ type: 'subscribed' });
    caller.tell('call', { request_id: 'c', ...target });
    const { invocation_id } = await server.next({ type: 'invoke' });
    await caller.fence();
    caller.take();

    server.tell('publish', { stream_id: 'x', data: { n: 0 } });
    server.tell('register', { request_id: 'r', methods: [{ id: 'n', name: unique('New') }] });
    server.tell('post', { subscription_id, data: { n: 1 } });
    server.tell('publish', { stream_id: 'x', data: { n: 2 } });
    server.tell('yield', { invocation_id, result: {} });
    server.tell('unregister', { request_id: 'u', methods: ['n'] });
    server.tell('publish', { stream_id: 'x', data: { n: 3 } });
    await server.fence();
    await caller.fence();
    assert.deepEqual(
        caller.take().map(({ type, data }) => (data ? `${type} ${data.n}` : type)),
        ['event 0', 'methods-added', 'event 1', 'event 2', 'result', 'methods-removed', 'event 3'],
    );
});
