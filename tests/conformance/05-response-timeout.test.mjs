// Handlers slower than the caller wants to wait.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

// A method whose calls are answered when the test says so.
async function heldMethod(s) {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Slow');
    const held = [];
    await server.interop.register(name, () => new Promise((resolve) => held.push(resolve)));
    await methodVisible(caller, name);
    return { caller, name, held };
}

const impatient = { methodResponseTimeoutMs: 150 };

clientTest('methodResponseTimeoutMs rejects when the handler is too slow', async (s) => {
    const { caller, name, held } = await heldMethod(s);
    const error = await rejection(caller.interop.invoke(name, {}, 'best', impatient));
    assert.ok(error.message);
    assert.equal(held.length, 1);
});

clientTest('a late result after the timeout harms nobody, the next call works', async (s) => {
    const { caller, name, held } = await heldMethod(s);
    await rejection(caller.interop.invoke(name, {}, 'best', impatient));
    held.shift()({ late: true });
    const next = caller.interop.invoke(name, {}, 'best');
    const answer = setInterval(() => held.shift()?.({ inTime: true }), 5);
    try {
        assert.deepEqual((await next).returned, { inTime: true });
    } finally {
        clearInterval(answer);
    }
});

clientTest('a slow handler within the timeout still succeeds', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Slow');
    // Slowness is the subject here, not a way to wait for something.
    await server.interop.register(
        name,
        () => new Promise((resolve) => setTimeout(resolve, 300, { v: 1 })),
    );
    await methodVisible(caller, name);
    const options = { methodResponseTimeoutMs: 4000 };
    const { returned } = await caller.interop.invoke(name, {}, 'best', options);
    assert.deepEqual(returned, { v: 1 });
});
