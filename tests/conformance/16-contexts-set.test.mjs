// Contexts: set, setPath, setPaths.
import assert from 'node:assert/strict';
import { interopioCore } from './clients.mjs';
import { watch } from './contexts.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

// A writer and a reader that both have the context.
async function pair(s, data) {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('Set');
    const watched = await watch(reader, name);
    await writer.contexts.update(name, data);
    await watched.value(data);
    return { writer, reader, name, ...watched };
}

clientTest('set replaces the whole context', async (s) => {
    const { writer, name, value } = await pair(s, { a: 1, b: 2 });
    await writer.contexts.set(name, { c: 3 });
    await value({ c: 3 });
    assert.deepEqual(await writer.contexts.get(name), { c: 3 });
});

clientTest('set with nothing empties', async (s) => {
    const { writer, name, value } = await pair(s, { a: 1 });
    await writer.contexts.set(name, {});
    await value({});
});

clientTest('setPath sets a nested value and makes the way to it', async (s) => {
    const { writer, name, value } = await pair(s, { a: { b: 1 }, t: 'text' });
    await writer.contexts.setPath(name, 'a.c.d', 2);
    await value({ a: { b: 1, c: { d: 2 } }, t: 'text' });
    await writer.contexts.setPath(name, 't.u', 3);
    await value({ a: { b: 1, c: { d: 2 } }, t: { u: 3 } });
});

clientTest('setPath with null removes', async (s) => {
    const { writer, name, value } = await pair(s, { a: { b: 1, c: 2 } });
    await writer.contexts.setPath(name, 'a.b', null);
    await value({ a: { c: 2 } });
});

clientTest('setPath with an empty path replaces everything', async (s) => {
    const { writer, name, value } = await pair(s, { a: 1 });
    await writer.contexts.setPath(name, '', { all: 'new' });
    await value({ all: 'new' });
});

clientTest('setPaths applies several changes in order', async (s) => {
    const { writer, name, value } = await pair(s, { a: { b: 1 } });
    await writer.contexts.setPaths(name, [
        { path: 'a.c', value: 1 },
        { path: 'd', value: { e: 1 } },
        { path: 'd.f', value: 2 },
        { path: 'a.b', value: null },
    ]);
    await value({ a: { c: 1 }, d: { e: 1, f: 2 } });
});

clientTest('setPath on a context that does not exist makes it', async (s) => {
    const [writer, reader] = await s.clients('writer', 'reader');
    const name = unique('New');
    const { value } = await watch(reader, name);
    await writer.contexts.setPath(name, 'a.b', 1);
    await value({ a: { b: 1 } });
});

clientTest('a latecomer reads what update, set and setPath have made', async (s) => {
    const { writer, name, value } = await pair(s, { a: 1 });
    await writer.contexts.set(name, { x: { y: 1 }, z: [1, 2] });
    await writer.contexts.setPath(name, 'x.w', 2);
    await writer.contexts.update(name, { v: 3 });
    await value({ x: { y: 1, w: 2 }, z: [1, 2], v: 3 });
    const late = await s.client('late');
    assert.deepEqual(await late.contexts.get(name), { x: { y: 1, w: 2 }, z: [1, 2], v: 3 });
});

clientTest('setPath into a list is the same for a latecomer as for members', async (s) => {
    const { writer, reader, name, value } = await pair(s, { rows: [{ px: 1 }, { px: 2 }] });
    await writer.contexts.setPath(name, 'rows.1.px', 3);
    await value({ rows: [{ px: 1 }, { px: 3 }] });
    await writer.contexts.setPath(name, 'rows.2', { px: 4 });
    const expected = { rows: [{ px: 1 }, { px: 3 }, { px: 4 }] };
    await value(expected);
    const late = await s.client('late');
    for (const client of [writer, reader, late]) {
        assert.deepEqual(await client.contexts.get(name), expected);
    }
});

clientTest(
    'an undefined value removes for latecomers, too',
    async (s) => {
        const { writer, name, value } = await pair(s, { a: 1, b: 2 });
        await writer.contexts.update(name, { a: undefined, c: 3 });
        await value({ a: undefined, b: 2, c: 3 });
        const late = await s.client('late');
        assert.deepEqual(await late.contexts.get(name), { b: 2, c: 3 });
    },
    [interopioCore],
);
