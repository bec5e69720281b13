// Contexts: update, subscribe, get.
import assert from 'node:assert/strict';
import { interopioCore } from './clients.mjs';
import { agree, watch } from './contexts.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('update makes a context, and another client gets it', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Made');
    const { value } = await watch(reader, name);
    await writer.contexts.update(name, { a: 1, b: { c: 2 } });
    await value({ a: 1, b: { c: 2 } });
    assert.ok(reader.contexts.all().includes(name));
    assert.deepEqual(await reader.contexts.get(name), { a: 1, b: { c: 2 } });
});

clientTest('update merges top-level keys, replaces what is in them, null removes', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Merged');
    const { value } = await watch(reader, name);
    await writer.contexts.update(name, { a: 1, b: { c: 2 }, d: [1] });
    await value({ a: 1, b: { c: 2 }, d: [1] });
    await writer.contexts.update(name, { a: null, b: { e: 3 }, f: 'x' });
    await value({ b: { e: 3 }, d: [1], f: 'x' });
    assert.deepEqual(await writer.contexts.get(name), { b: { e: 3 }, d: [1], f: 'x' });
});

clientTest('a subscriber gets the present value, then each update with its writer', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Told');
    const first = await watch(writer, name);
    await writer.contexts.update(name, { a: 1 });
    await first.value({ a: 1 });
    const { seen, value } = await watch(reader, name);
    await value({ a: 1 });
    await writer.contexts.update(name, { b: 2 });
    await value({ a: 1, b: 2 });
    const last = seen.items.at(-1);
    assert.deepEqual(last.delta, { b: 2 });
    assert.equal(last.updaterId, writer.connection.peerId);
});

clientTest('a subscription before the context exists is called when it appears', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Later');
    const { seen, value } = await watch(reader, name);
    assert.deepEqual(seen.items, []);
    await writer.contexts.update(name, { here: true });
    await value({ here: true });
});

clientTest('after unsubscribing nothing is called', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Ended');
    const { seen, unsubscribe, value } = await watch(reader, name);
    const other = await watch(reader, unique('Fence'));
    await writer.contexts.update(name, { a: 1 });
    await value({ a: 1 });
    unsubscribe();
    const calls = seen.items.length;
    const fence = unique('Fence');
    const { value: passed } = await watch(reader, fence);
    await writer.contexts.update(name, { a: 2 });
    await writer.contexts.update(fence, { a: 1 });
    await passed({ a: 1 });
    assert.equal(seen.items.length, calls);
    assert.deepEqual(other.seen.items, []);
});

clientTest('removed keys are reported', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Removed');
    const { seen, value } = await watch(reader, name);
    await writer.contexts.update(name, { a: 1, b: 2 });
    await value({ a: 1, b: 2 });
    await writer.contexts.update(name, { a: null });
    await value({ b: 2 });
    assert.deepEqual(seen.items.at(-1).removed, ['a']);
});

// An earlier library loses some of them itself.
clientTest(
    'two hundred updates arrive in order',
    async (s) => {
        const [writer, reader] = await s.clients('writer', 'reader');
        const name = unique('Ordered');
        const { seen, value } = await watch(reader, name);
        await writer.contexts.update(name, { n: 0 });
        await value({ n: 0 });
        await Promise.all(
            Array.from({ length: 200 }, (_, n) => writer.contexts.update(name, { n: n + 1 })),
        );
        await value({ n: 200 });
        const numbers = seen.items.map(({ data }) => data.n);
        assert.deepEqual(
            numbers.slice(-201),
            Array.from({ length: 201 }, (_, n) => n),
        );
    },
    [interopioCore],
);

clientTest('two clients that update different keys end up with the same', async (s) => {
    const [one, other] = await s.clients('one', 'other');
    const name = unique('Both');
    await one.contexts.update(name, { start: true });
    const watched = await watch(other, name);
    await watched.value({ start: true });
    await Promise.all([
        ...Array.from({ length: 20 }, (_, n) => one.contexts.update(name, { [`one${n}`]: n })),
        ...Array.from({ length: 20 }, (_, n) => other.contexts.update(name, { [`other${n}`]: n })),
    ]);
    const value = await agree(s, [one, other], name);
    assert.equal(Object.keys(value).length, 41);
});
