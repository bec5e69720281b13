// Methods that appear later than they are asked for.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { within } from './deadline.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('an invoke before the method exists waits and then succeeds', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Later');
    const pending = within(caller.interop.invoke(name, { n: 1 }), 'result');
    await server.interop.register(name, (args) => args);
    assert.deepEqual((await pending).returned, { n: 1 });
});

clientTest(
    'an invoke of a method that never appears is rejected after waitTimeoutMs',
    async (s) => {
        const client = await s.client('cli');
        const started = performance.now();
        const options = { waitTimeoutMs: 300 };
        await rejection(client.interop.invoke(unique('Never'), {}, 'best', options));
        // The library looks every 500 ms; what matters is that it did wait and did not hang.
        const elapsed = performance.now() - started;
        assert.ok(elapsed >= 250 && elapsed < 3000, `${elapsed} ms`);
    },
);

clientTest('waitTimeoutMs 0 rejects at once', async (s) => {
    const client = await s.client('cli');
    const options = { waitTimeoutMs: 0 };
    const started = performance.now();
    await rejection(client.interop.invoke(unique('Never'), {}, 'best', options));
    assert.ok(performance.now() - started < 1000);
});

clientTest('waitForMethod resolves for a method registered later by another', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Awaited');
    const pending = within(caller.interop.waitForMethod(name), 'method');
    await server.interop.register(name, () => ({}));
    assert.equal((await pending).name, name);
});

clientTest('waitForMethod resolves for a method that already exists', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Present');
    await server.interop.register(name, () => ({}));
    await methodVisible(caller, name);
    const method = await within(caller.interop.waitForMethod(name), 'method');
    assert.equal(method.name, name);
});

clientTest('a client that joins later sees methods registered earlier', async (s) => {
    const server = await s.client('srv');
    const name = unique('Early');
    await server.interop.register(name, () => ({ v: 1 }));
    const late = await s.client('late');
    assert.equal(late.interop.methods({ name }).length, 1);
    const { returned } = await late.interop.invoke(name);
    assert.deepEqual(returned, { v: 1 });
});
