// Subscriptions that are rejected, ignored, or accepted late.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { Collected, within } from './deadline.mjs';
import { listen, publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('reject makes subscribe fail with the reason', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Rejecting');
    await publish(publisher, name, (request) => request.reject('not for you'));
    await methodVisible(subscriber, name);
    const error = await within(rejection(subscriber.interop.subscribe(name)), 'rejection');
    assert.match(JSON.stringify([error, error.message]), /not for you/);
});

clientTest('a rejected subscriber gets no data', async (s) => {
    const [publisher, wanted, unwanted] = await s.clients('pub', 'wanted', 'unwanted');
    const name = unique('Choosy');
    const { stream } = await publish(publisher, name, (request) =>
        request.instance.application === 'wanted' ? request.accept() : request.reject('no'),
    );
    const stray = new Collected();
    await methodVisible(unwanted, name);
    await within(rejection(unwanted.interop.subscribe(name, { onData: stray.add })), 'rejection');
    const { events } = await subscribe(wanted, name);
    const ping = unique('Ping');
    await publisher.interop.register(ping, () => ({}));
    await methodVisible(unwanted, ping);
    stream.push({ v: 1 });
    await events.count(1);
    // The answer is sent after the event would have been.
    await unwanted.interop.invoke(ping);
    assert.equal(stray.items.length, 0);
});

clientTest('a publisher that does not decide: subscribe fails after its timeout', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Mute');
    await publish(publisher, name, () => {});
    await methodVisible(subscriber, name);
    const pending = subscriber.interop.subscribe(name, { methodResponseTimeout: 200 });
    await within(rejection(pending), 'rejection');
});

clientTest('an accept given later, asynchronously, still works', async (s) => {
    const [publisher, subscriber] = await s.clients('pub', 'sub');
    const name = unique('Later');
    const { stream, requests, added } = await publish(publisher, name, () => {});
    await methodVisible(subscriber, name);
    const pending = within(subscriber.interop.subscribe(name), 'subscription');
    await requests.count(1);
    // Accepted only after another round trip between the two.
    const ping = unique('Ping');
    await publisher.interop.register(ping, () => ({}));
    await methodVisible(subscriber, ping);
    await subscriber.interop.invoke(ping);
    requests.items[0].accept();
    const { events, values } = listen(await pending);
    await added.count(1);
    stream.push({ v: 1 });
    await events.count(1);
    assert.deepEqual(values(), [{ v: 1 }]);
});
