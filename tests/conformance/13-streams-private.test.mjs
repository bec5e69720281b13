// Data pushed to a single subscription.
import assert from 'node:assert/strict';
import { publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('a push to one subscription reaches only that and is flagged private', async (s) => {
    const [publisher, one, two] = await s.clients('pub', 'one', 'two');
    const name = unique('Private');
    const { stream } = await publish(publisher, name);
    const first = await subscribe(one, name);
    const second = await subscribe(two, name);
    stream
        .subscriptions()
        .find(({ instance }) => instance.application === 'two')
        .push({ secret: 1 });
    stream.push({ open: 1 });
    await first.events.count(1);
    await second.events.count(2);
    assert.deepEqual(first.values(), [{ open: 1 }]);
    assert.deepEqual(second.values(), [{ secret: 1 }, { open: 1 }]);
    assert.deepEqual(
        second.events.items.map((event) => event.private),
        [true, false],
    );
});

clientTest('private and public pushes keep their order for one subscriber', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Mixed');
    const { stream, added } = await publish(publisher, name);
    const { events, values } = await subscribe(subscriber, name);
    await added.count(1);
    const [subscription] = stream.subscriptions();
    const numbers = Array.from({ length: 50 }, (_none, n) => n);
    for (const n of numbers) {
        (n % 2 ? subscription : stream).push({ n });
    }
    await events.count(numbers.length);
    assert.deepEqual(
        values().map(({ n }) => n),
        numbers,
    );
});
