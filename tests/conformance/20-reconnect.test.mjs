// Clients whose connection is cut, or whose gateway is away for a while.
import assert from 'node:assert/strict';
import { interopioCore, methodVisible, rejection } from './clients.mjs';
import { Collected, within } from './deadline.mjs';
import { startGateway } from './gateway-process.mjs';
import { Relay } from './relay.mjs';
import { publish, subscribe } from './streams.mjs';
import { clientTest, gatewayUrl, unique, useGateway } from './suite.mjs';

useGateway();

async function relayed(s, application, url = gatewayUrl()) {
    const relay = await Relay.to(url);
    s.closeLater(() => relay.close());
    const client = await s.client(application, { url: relay.url });
    const logins = new Collected();
    const losses = new Collected();
    // The libraries report the present state at once; only what follows is counted.
    const early = { logins: true, losses: true };
    client.connection.loggedIn(() => early.logins || logins.add('in'));
    client.connection.disconnected(() => early.losses || losses.add('out'));
    await new Promise((resolve) => setImmediate(resolve));
    early.logins = false;
    early.losses = false;
    return { relay, client, logins, losses };
}

clientTest('after the socket drops the client logs in again with a new peer id', async (s) => {
    const { relay, client, logins } = await relayed(s, 'a');
    const former = client.connection.peerId;
    relay.cut();
    await logins.count(1);
    assert.ok(client.connection.peerId);
    assert.notEqual(client.connection.peerId, former);
});

// Waits until the watcher knows the name from another peer than the former one.
async function movedTo(watcher, name, former) {
    const moved = () => {
        const [method] = watcher.interop.methods({ name });
        const ids = (method?.getServers() ?? []).map(({ peerId }) => peerId);
        return ids.length === 1 && ids[0] !== former;
    };
    if (moved()) {
        return;
    }
    const stops = [];
    const seen = new Promise((resolve) => {
        const look = () => setImmediate(() => moved() && resolve());
        stops.push(watcher.interop.serverMethodAdded(look));
        stops.push(watcher.interop.serverMethodRemoved(look));
        stops.push(watcher.interop.serverRemoved(look));
    });
    try {
        await within(seen, `${name} at a new peer`);
    } finally {
        for (const stop of stops) {
            stop();
        }
    }
}

clientTest('registered methods are registered again', async (s) => {
    const { relay, client } = await relayed(s, 'srv');
    const caller = await s.client('cli');
    const [plain, asynchronous] = [unique('Plain'), unique('Async')];
    await client.interop.register(plain, () => ({ v: 1 }));
    await client.interop.registerAsync(asynchronous, (_args, _from, success) => success({ v: 2 }));
    await methodVisible(caller, asynchronous);
    const former = client.connection.peerId;
    relay.cut();
    await movedTo(caller, plain, former);
    await movedTo(caller, asynchronous, former);
    assert.deepEqual((await caller.interop.invoke(plain)).returned, { v: 1 });
    assert.deepEqual((await caller.interop.invoke(asynchronous)).returned, { v: 2 });
});

clientTest('a dropped subscriber is subscribed again without doing anything', async (s) => {
    const publisher = await s.client('pub');
    const { relay, client } = await relayed(s, 'sub');
    const name = unique('Kept');
    const { stream, added } = await publish(publisher, name);
    const { events, values } = await subscribe(client, name);
    await added.count(1);
    stream.push({ i: 1 });
    await events.count(1);
    relay.cut();
    await added.count(2);
    stream.push({ i: 2 });
    await events.count(2);
    assert.deepEqual(values(), [{ i: 1 }, { i: 2 }]);
});

clientTest('the stream of a dropped publisher is there again for new subscriptions', async (s) => {
    const { relay, client } = await relayed(s, 'pub');
    const subscriber = await s.client('sub');
    const name = unique('Revived');
    const { stream, added } = await publish(client, name);
    await subscribe(subscriber, name);
    await added.count(1);
    const former = client.connection.peerId;
    relay.cut();
    await movedTo(subscriber, name, former);
    const { events } = await subscribe(subscriber, name, { arguments: { again: true } });
    await added.until((items) => items.some((each) => each.arguments?.again), 'subscription');
    stream.push({ back: 1 });
    await events.count(1);
    assert.deepEqual(events.items[0].data, { back: 1 });
});

clientTest('an invoke made during the outage is delivered after the reconnect', async (s) => {
    const server = await s.client('srv');
    const { relay, client, losses } = await relayed(s, 'cli');
    const name = unique('Patient');
    await server.interop.register(name, () => ({ v: 9 }));
    await methodVisible(client, name);
    relay.shut();
    await losses.count(1);
    const pending = within(client.interop.invoke(name), 'result');
    relay.open();
    const { returned } = await pending;
    assert.deepEqual(returned, { v: 9 });
});

// @glue42/core lets such calls run into their timeout.
clientTest(
    'an invoke in flight when the socket drops is rejected soon',
    async (s) => {
        const server = await s.client('srv');
        const { relay, client } = await relayed(s, 'cli');
        const name = unique('InFlight');
        const called = new Collected();
        await server.interop.register(name, (args) => {
            called.add(args);
            return new Promise(() => {});
        });
        await methodVisible(client, name);
        const pending = rejection(client.interop.invoke(name));
        await called.count(1);
        relay.cut();
        await within(pending, 'rejection');
    },
    [interopioCore],
);

clientTest('a reconnecting client is not listed twice by others', async (s) => {
    const watcher = await s.client('watcher');
    const { relay, client } = await relayed(s, 'again');
    const name = unique('Once');
    await client.interop.register(name, () => ({}));
    await methodVisible(watcher, name);
    const former = client.connection.peerId;
    relay.cut();
    await movedTo(watcher, name, former);
    const listed = watcher.interop
        .servers()
        .filter(({ application }) => application === 'again')
        .map(({ peerId }) => peerId);
    assert.deepEqual(listed, [client.connection.peerId]);
});

// Only this library says hello again on the same socket; @glue42/core closes it and then fails.
clientTest(
    'connection.reconnect() leaves one peer, whose methods answer',
    async (s) => {
        const watcher = await s.client('watcher');
        const { client, logins } = await relayed(s, 'again');
        const name = unique('Renewed');
        await client.interop.register(name, () => ({ v: 1 }));
        await methodVisible(watcher, name);
        const former = client.connection.peerId;
        await client.connection.reconnect();
        await logins.count(1);
        await movedTo(watcher, name, former);
        const { returned } = await watcher.interop.invoke(name);
        assert.deepEqual(returned, { v: 1 });
    },
    [interopioCore],
);

// @glue42/core sends such a registration with its former peer id only.
clientTest(
    'a method registered during the outage answers after it',
    async (s) => {
        const { relay, client, losses } = await relayed(s, 'srv');
        const caller = await s.client('cli');
        const [earlier, meanwhile, later] = ['Earlier', 'Meanwhile', 'Later'].map(unique);
        await client.interop.register(earlier, () => ({}));
        await methodVisible(caller, earlier);
        const former = client.connection.peerId;
        relay.shut();
        await losses.count(1);
        client.interop.register(meanwhile, () => ({ v: 1 })).catch(() => {});
        relay.open();
        // What the library registers again has been handled when a later registration has.
        await movedTo(caller, earlier, former);
        await within(
            client.interop.register(later, () => ({})),
            'registration',
        );
        await methodVisible(caller, later);
        await methodVisible(caller, meanwhile);
        const options = { methodResponseTimeoutMs: 1000 };
        const { returned } = await caller.interop.invoke(meanwhile, {}, 'best', options);
        assert.deepEqual(returned, { v: 1 });
    },
    [interopioCore],
);

clientTest('pushes made during the outage do not keep the client from coming back', async (s) => {
    const { relay, client, losses } = await relayed(s, 'pub');
    const subscriber = await s.client('sub');
    const name = unique('Flushed');
    const { stream, added } = await publish(client, name);
    await subscribe(subscriber, name);
    await added.count(1);
    relay.shut();
    await losses.count(1);
    const former = client.connection.peerId;
    stream.push({ lost: 1 });
    relay.open();
    await movedTo(subscriber, name, former);
    const here = unique('Here');
    await within(
        client.interop.register(here, () => ({ here: true })),
        'registration',
    );
    const { returned } = await client.interop.invoke(here);
    assert.deepEqual(returned, { here: true });
});

clientTest('clients come back to a gateway that was killed and started again', async (s) => {
    const first = await startGateway();
    s.closeLater(() => first.kill());
    const server = await relayed(s, 'srv', first.url);
    const caller = await relayed(s, 'cli', first.url);
    const name = unique('Restarted');
    await server.client.interop.register(name, () => ({ v: 1 }));
    await methodVisible(caller.client, name);
    const former = server.client.connection.peerId;
    await first.kill();
    const second = await startGateway();
    s.closeLater(() => second.kill());
    server.relay.retarget(second.url);
    caller.relay.retarget(second.url);
    await movedTo(caller.client, name, former);
    const { returned } = await caller.client.interop.invoke(name);
    assert.deepEqual(returned, { v: 1 });
});
