// Handlers that answer later, out of order, or by calling back.
import assert from 'node:assert/strict';
import { methodVisible } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('a handler returning a promise', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Promised');
    await server.interop.register(name, async ({ n }) => ({ n: n * 2 }));
    await methodVisible(caller, name);
    const { returned } = await caller.interop.invoke(name, { n: 21 });
    assert.deepEqual(returned, { n: 42 });
});

clientTest('the success callback of registerAsync', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('CalledBack');
    await server.interop.registerAsync(name, (args, _caller, success) => {
        setImmediate(success, { got: args });
    });
    await methodVisible(caller, name);
    const { returned } = await caller.interop.invoke(name, { n: 1 });
    assert.deepEqual(returned, { got: { n: 1 } });
});

clientTest('answers given out of order reach the right calls', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Shuffled');
    const held = [];
    await server.interop.registerAsync(name, ({ n }, _caller, success) => {
        held.push(() => success({ n }));
        if (held.length === 5) {
            for (const answer of held.reverse()) {
                answer();
            }
        }
    });
    await methodVisible(caller, name);
    const numbers = [0, 1, 2, 3, 4];
    const results = await Promise.all(numbers.map((n) => caller.interop.invoke(name, { n })));
    assert.deepEqual(
        results.map(({ returned }) => returned.n),
        numbers,
    );
});

clientTest('200 concurrent calls from two callers are all answered correctly', async (s) => {
    const [server, ...callers] = await s.clients('srv', 'one', 'two');
    const name = unique('Busy');
    await server.interop.register(name, async ({ n }, from) => {
        await new Promise((resolve) => setTimeout(resolve, n % 7));
        return { n, from: from.application };
    });
    await Promise.all(callers.map((caller) => methodVisible(caller, name)));
    const calls = callers.flatMap((caller) =>
        Array.from({ length: 100 }, async (_none, n) => {
            const { returned } = await caller.interop.invoke(name, { n });
            assert.deepEqual(returned, { n, from: caller.interop.instance.application });
        }),
    );
    await Promise.all(calls);
});

clientTest('a handler may invoke back into its caller', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const [name, back] = [unique('There'), unique('Back')];
    await caller.interop.register(back, ({ n }) => ({ n: n + 1 }));
    await methodVisible(server, back);
    await server.interop.register(name, async ({ n }, from) => {
        const { returned } = await server.interop.invoke(back, { n }, { instance: from.instance });
        return { n: returned.n * 10 };
    });
    await methodVisible(caller, name);
    const { returned } = await caller.interop.invoke(name, { n: 1 });
    assert.deepEqual(returned, { n: 20 });
});
