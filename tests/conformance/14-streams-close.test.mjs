// The ends of subscriptions and streams.
import assert from 'node:assert/strict';
import { afterRemovals, leaveQuietly } from './clients.mjs';
import { publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

async function pair(s) {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Closing');
    const published = await publish(publisher, name);
    const subscribed = await subscribe(subscriber, name);
    await published.added.count(1);
    return { publisher, subscriber, name, ...published, ...subscribed };
}

clientTest('closing by the subscriber tells the publisher', async (s) => {
    const { subscription, removed, stream } = await pair(s);
    subscription.close();
    await removed.count(1);
    assert.equal(removed.items[0].instance.application, 'sub');
    assert.equal(stream.subscriptions().length, 0);
});

clientTest('closing one subscription by the publisher tells the subscriber', async (s) => {
    const { stream, closings } = await pair(s);
    stream.subscriptions()[0].close();
    await closings.count(1);
    assert.equal(stream.subscriptions().length, 0);
});

clientTest('stream.close closes the subscriptions and removes the stream', async (s) => {
    const { stream, closings, subscriber, name } = await pair(s);
    stream.close();
    await closings.count(1);
    const gone = () => subscriber.interop.methods({ name }).length === 0;
    await afterRemovals(subscriber, gone, 'removal of the stream');
});

clientTest('a stream can be created again after close', async (s) => {
    const { stream, closings, publisher, subscriber, name } = await pair(s);
    stream.close();
    await closings.count(1);
    const gone = () => subscriber.interop.methods({ name }).length === 0;
    await afterRemovals(subscriber, gone, 'removal of the stream');
    // The publisher has its answer to the removal when it has that to a later request.
    await publisher.interop.register(unique('Marker'), () => ({}));
    const again = await publish(publisher, name);
    const { events, values } = await subscribe(subscriber, name);
    await again.added.count(1);
    again.stream.push({ v: 2 });
    await events.count(1);
    assert.deepEqual(values(), [{ v: 2 }]);
});

clientTest('the publisher disconnecting closes the subscription', async (s) => {
    const { publisher, closings } = await pair(s);
    await leaveQuietly(publisher);
    await closings.count(1);
});

clientTest('the subscriber disconnecting removes its subscription at the publisher', async (s) => {
    const { subscriber, removed, stream } = await pair(s);
    await leaveQuietly(subscriber);
    await removed.count(1);
    assert.equal(stream.subscriptions().length, 0);
});

clientTest('one subscriber closing does not disturb another', async (s) => {
    const { stream, name, subscription, removed } = await pair(s);
    const other = await s.client('other');
    const staying = await subscribe(other, name);
    subscription.close();
    await removed.count(1);
    stream.push({ v: 1 });
    await staying.events.count(1);
    assert.deepEqual(staying.values(), [{ v: 1 }]);
    assert.equal(staying.closings.items.length, 0);
});
