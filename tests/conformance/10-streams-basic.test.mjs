// Streams: publishing to all, requests, subscriptions, waiting for a stream.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { Collected, within } from './deadline.mjs';
import { listen, publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('createStream, subscribe, push to all: every subscriber gets the data', async (s) => {
    const [publisher, one, two] = await s.clients('pub', 'one', 'two');
    const name = unique('Prices');
    const { stream } = await publish(publisher, name);
    const first = await subscribe(one, name);
    const second = await subscribe(two, name);
    stream.push({ px: 1 });
    stream.push({ px: 2 });
    for (const subscriber of [first, second]) {
        await subscriber.events.count(2);
        assert.deepEqual(subscriber.values(), [{ px: 1 }, { px: 2 }]);
        assert.equal(subscriber.events.items[0].private, false);
        assert.equal(subscriber.events.items[0].server.application, 'pub');
    }
});

clientTest('a stream is listed as a method that supports streaming', async (s) => {
    const [publisher, watcher] = await s.clients('pub', 'watcher');
    const name = unique('Listed');
    await publish(publisher, name);
    await methodVisible(watcher, name);
    const [method] = watcher.interop.methods({ name });
    assert.equal(method.supportsStreaming, true);
});

clientTest('the subscription request carries the arguments and the subscriber', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Asked');
    const { requests } = await publish(publisher, name);
    await subscribe(subscriber, name, { arguments: { symbol: 'VOD' } });
    const [request] = requests.items;
    assert.deepEqual(request.arguments, { symbol: 'VOD' });
    assert.equal(request.instance.application, 'sub');
    assert.equal(request.instance.instance, subscriber.interop.instance.instance);
});

clientTest('subscriptionAdded and stream.subscriptions() on the side of the server', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Counted');
    const { stream, added } = await publish(publisher, name);
    await subscribe(subscriber, name, { arguments: { n: 1 } });
    await added.count(1);
    assert.deepEqual(added.items[0].arguments, { n: 1 });
    assert.equal(added.items[0].instance.application, 'sub');
    assert.equal(stream.subscriptions().length, 1);
});

clientTest('two subscriptions of one client both get each event', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Doubled');
    const { stream } = await publish(publisher, name);
    // With different arguments, so that the library cannot take them for the same.
    const first = await subscribe(subscriber, name, { arguments: { n: 1 } });
    const second = await subscribe(subscriber, name, { arguments: { n: 2 } });
    stream.push({ v: 1 });
    await first.events.count(1);
    await second.events.count(1);
    assert.deepEqual([...first.values(), ...second.values()], [{ v: 1 }, { v: 1 }]);
});

clientTest('a client can subscribe to its own stream', async (s) => {
    const client = await s.client('both');
    const name = unique('Self');
    const { stream } = await publish(client, name);
    const { events, values } = await subscribe(client, name);
    stream.push({ v: 1 });
    await events.count(1);
    assert.deepEqual(values(), [{ v: 1 }]);
});

clientTest('data pushed right after accept (in subscriptionAdded) is not lost', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Snapshot');
    let stream = null;
    stream = await publisher.interop.createStream(name, {
        subscriptionRequestHandler: (request) => request.accept(),
        subscriptionAddedHandler: (subscription) => {
            subscription.push({ snapshot: true });
            stream.push({ update: 1 });
        },
    });
    const events = new Collected();
    await methodVisible(subscriber, name);
    await within(subscriber.interop.subscribe(name, { onData: events.add }), 'subscription');
    await events.count(2);
    assert.deepEqual(
        events.items.map(({ data }) => data),
        [{ snapshot: true }, { update: 1 }],
    );
});

clientTest('subscribe before the stream exists waits for it', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Soon');
    const pending = within(subscriber.interop.subscribe(name), 'subscription');
    const { stream, added } = await publish(publisher, name);
    const { events, values } = listen(await pending);
    await added.count(1);
    stream.push({ v: 1 });
    await events.count(1);
    assert.deepEqual(values(), [{ v: 1 }]);
});

clientTest(
    'subscribe to a stream that never appears is rejected after waitTimeoutMs',
    async (s) => {
        const subscriber = await s.client('sub');
        const pending = subscriber.interop.subscribe(unique('Never'), { waitTimeoutMs: 200 });
        await within(rejection(pending), 'rejection');
    },
);

clientTest('target all subscribes to every publisher of the name', async (s) => {
    const [one, two, subscriber] = await s.clients('one', 'two', 'sub');
    const name = unique('Everywhere');
    const streams = [await publish(one, name), await publish(two, name)];
    const { events, values } = await subscribe(subscriber, name, { target: 'all' }, 2);
    await Promise.all(streams.map(({ added }) => added.count(1)));
    for (const [i, { stream }] of streams.entries()) {
        stream.push({ from: i });
    }
    await events.count(2);
    assert.deepEqual(
        values()
            .map(({ from }) => from)
            .sort(),
        [0, 1],
    );
});
