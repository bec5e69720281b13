// The bus: data by topic.
import assert from 'node:assert/strict';
import { interopioCore } from './clients.mjs';
import { Collected, within } from './deadline.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';

useGateway();

const withBus = { more: { bus: true } };

function busTest(title, body) {
    clientTest(title, body, [interopioCore]);
}

async function hear(client, topic, options) {
    const heard = new Collected();
    const subscription = await within(
        client.bus.subscribe(topic, (data, _topic, publisher) => heard.add({ data, publisher }), {
            ...options,
        }),
        `subscription to ${topic}`,
    );
    return { heard, subscription, data: () => heard.items.map(({ data }) => data) };
}

// Whatever was published before is there when this is: it takes the same way.
async function fence(client, ...subscribers) {
    const topic = unique('fence');
    const heard = [];
    for (const subscriber of subscribers) {
        heard.push((await hear(subscriber, topic)).heard);
    }
    await client.bus.publish(topic, {});
    await Promise.all(heard.map((each) => each.count(1)));
}

busTest('data reach a subscriber of their topic, with who has published them', async (s) => {
    const publisher = await s.client('pub', withBus);
    const subscriber = await s.client('sub', withBus);
    const topic = unique('topic');
    const { heard } = await hear(subscriber, topic);
    const other = await hear(subscriber, unique('topic'));
    await publisher.bus.publish(topic, { x: 1 });
    await heard.count(1);
    assert.deepEqual(heard.items[0].data, { x: 1 });
    assert.equal(heard.items[0].publisher.application, 'pub');
    await fence(publisher, subscriber);
    assert.deepEqual(other.data(), []);
});

busTest('a publisher that has subscribed gets its own data, too', async (s) => {
    const self = await s.client('self', withBus);
    const topic = unique('topic');
    const { heard } = await hear(self, topic);
    await self.bus.publish(topic, { mine: true });
    await heard.count(1);
});

busTest('a star is one word, an angle bracket is the rest', async (s) => {
    const publisher = await s.client('pub', withBus);
    const subscriber = await s.client('sub', withBus);
    const root = unique('root').replace('.', '_');
    const word = await hear(subscriber, `${root}.*.z`);
    const rest = await hear(subscriber, `${root}.>`);
    for (const [i, topic] of ['a.z', 'a.b.z', 'q', 'a_1.z', 'a-1.z'].entries()) {
        await publisher.bus.publish(`${root}.${topic}`, { i });
    }
    await publisher.bus.publish(`${root}x.a.z`, { i: 9 });
    await fence(publisher, subscriber);
    assert.deepEqual(
        word.data().map(({ i }) => i),
        [0, 3],
    );
    assert.deepEqual(
        rest.data().map(({ i }) => i),
        [0, 1, 2, 3, 4],
    );
});

busTest('a routing key filters where both sides have one', async (s) => {
    const publisher = await s.client('pub', withBus);
    const subscriber = await s.client('sub', withBus);
    const topic = unique('topic');
    const keyed = await hear(subscriber, topic, { routingKey: 'k1' });
    const plain = await hear(subscriber, topic);
    await publisher.bus.publish(topic, { i: 1 }, { routingKey: 'k1' });
    await publisher.bus.publish(topic, { i: 2 }, { routingKey: 'k2' });
    await publisher.bus.publish(topic, { i: 3 });
    await fence(publisher, subscriber);
    assert.deepEqual(keyed.data(), [{ i: 1 }, { i: 3 }]);
    assert.deepEqual(plain.data(), [{ i: 1 }, { i: 2 }, { i: 3 }]);
});

busTest('a target filters who gets the data', async (s) => {
    const publisher = await s.client('pub', withBus);
    const b = await s.client('subB', withBus);
    const c = await s.client('subC', withBus);
    const topic = unique('topic');
    const [atB, atC] = [await hear(b, topic), await hear(c, topic)];
    await publisher.bus.publish(topic, {}, { target: { application: 'subC' } });
    await fence(publisher, b, c);
    assert.deepEqual([atB.data(), atC.data()], [[], [{}]]);
});

busTest('after unsubscribing nothing is delivered', async (s) => {
    const publisher = await s.client('pub', withBus);
    const subscriber = await s.client('sub', withBus);
    const topic = unique('topic');
    const { heard, subscription } = await hear(subscriber, topic);
    await publisher.bus.publish(topic, { i: 1 });
    await heard.count(1);
    subscription.unsubscribe();
    await fence(publisher, subscriber);
    await publisher.bus.publish(topic, { i: 2 });
    await fence(publisher, subscriber);
    assert.equal(heard.items.length, 1);
});

busTest('peers of other users hear nothing', async (s) => {
    const publisher = await s.client('pub', withBus);
    const stranger = await s.client('sub', { ...withBus, user: unique('user') });
    const topic = unique('topic');
    const { data } = await hear(stranger, topic);
    await publisher.bus.publish(topic, {});
    await fence(stranger, stranger);
    assert.deepEqual(data(), []);
});

wireTest('requests of a peer that has not joined the bus are refused', async (s) => {
    const wire = await s.stranger('x');
    for (const [type, more] of [
        ['subscribe', { topic: 't' }],
        ['unsubscribe', { subscription_id: 'r-none' }],
    ]) {
        const answer = await wire.request({ domain: 'bus', type, ...more });
        assert.equal(answer.type, 'error');
    }
});
