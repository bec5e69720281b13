// Contexts frame by frame.
import assert from 'node:assert/strict';
import { unique, useGateway, wireTest } from './suite.mjs';
import { discard, settle } from './wire-client.mjs';

useGateway();

async function ask(wire, type, fields) {
    return wire.request({ domain: 'global', type, ...fields });
}

async function create(wire, data = {}, more = {}) {
    const name = unique('Wire');
    const answer = await ask(wire, 'create-context', { name, data, lifetime: 'retained', ...more });
    assert.equal(answer.type, 'context-created', JSON.stringify(answer));
    return { name, context_id: answer.context_id };
}

async function update(wire, context_id, delta, more = {}) {
    const answer = await ask(wire, 'update-context', { context_id, delta, ...more });
    assert.equal(answer.type, 'success', JSON.stringify(answer));
    return answer;
}

// The value as a newcomer gets it.
async function value(wire, context_id) {
    const answer = await ask(wire, 'subscribe-context', { context_id });
    assert.equal(answer.type, 'subscribed-context', JSON.stringify(answer));
    return answer.data;
}

async function pair(s, data, more) {
    const writer = await s.stranger('writer');
    const reader = await s.stranger('reader');
    const context = await create(writer, data, more);
    await settle(writer, reader);
    discard(writer, reader);
    return { writer, reader, ...context };
}

wireTest('create: everybody hears context-added, the creator before its answer', async (s) => {
    const creator = await s.stranger('creator');
    const other = await s.stranger('other');
    const name = unique('Wire');
    creator.send({
        domain: 'global',
        type: 'create-context',
        request_id: 'q',
        name,
        data: { x: 1 },
        lifetime: 'retained',
    });
    await settle(creator, other);
    const [added, created] = creator.take();
    assert.deepEqual([added.type, created.type], ['context-added', 'context-created']);
    assert.deepEqual([added.name, added.creator_id], [name, creator.peerId]);
    assert.equal(created.context_id, added.context_id);
    const [announced] = other.take();
    assert.deepEqual(announced, { ...added, peer_id: other.peerId });
});

wireTest('creating a name that exists answers with the present value', async (s) => {
    const { writer, reader, name, context_id } = await pair(s, { a: 1 });
    const answer = await ask(reader, 'create-context', {
        name,
        data: { b: 2 },
        lifetime: 'retained',
    });
    assert.equal(answer.type, 'subscribed-context');
    assert.deepEqual([answer.context_id, answer.data], [context_id, { a: 1 }]);
    await update(writer, context_id, { added: { c: 3 } });
    const updated = await reader.next({ type: 'context-updated' });
    assert.deepEqual(updated.delta, { added: { c: 3 } });
});

wireTest('added sets, updated merges one level, removed takes away', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: { x: 1 }, b: { y: 1 }, c: 1 });
    await update(writer, context_id, {
        added: { a: { z: 2 } },
        updated: { b: { w: 2 } },
        removed: ['c'],
    });
    assert.deepEqual(await value(reader, context_id), { a: { z: 2 }, b: { y: 1, w: 2 } });
});

wireTest('reset replaces everything', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: 1 });
    await update(writer, context_id, { reset: { b: 2 } });
    assert.deepEqual(await value(reader, context_id), { b: 2 });
});

wireTest('commands set and remove by dotted paths', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: { b: 1 }, c: 1 });
    await update(writer, context_id, {
        commands: [
            { type: 'set', path: 'a.d.e', value: 2 },
            { type: 'remove', path: 'c' },
            { type: 'set', path: 'f', value: [1] },
        ],
    });
    assert.deepEqual(await value(reader, context_id), { a: { b: 1, d: { e: 2 } }, f: [1] });
});

wireTest('removing the last leaf keeps its parent', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: { b: 1 } });
    await update(writer, context_id, { commands: [{ type: 'remove', path: 'a.b' }] });
    assert.deepEqual(await value(reader, context_id), { a: {} });
});

wireTest('an empty path is a key without letters, as live clients take it', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: 1 });
    await update(writer, context_id, { commands: [{ type: 'set', path: '', value: { b: 2 } }] });
    assert.deepEqual(await value(reader, context_id), { a: 1, '': { b: 2 } });
    await update(writer, context_id, { commands: [{ type: 'remove', path: '' }] });
    assert.deepEqual(await value(reader, context_id), { a: 1 });
});

wireTest('removing a path that does not exist changes nothing', async (s) => {
    const { writer, reader, context_id } = await pair(s, { a: 1 });
    await update(writer, context_id, { commands: [{ type: 'remove', path: 'nope.deep' }] });
    assert.deepEqual(await value(reader, context_id), { a: 1 });
});

wireTest('a delta reaches members as it was sent, and not its writer', async (s) => {
    const { writer, reader, context_id } = await pair(s, {});
    await value(reader, context_id);
    const delta = {
        added: { a: 1.5 },
        updated: {},
        removed: [],
        more: 'kept',
        commands: [{ type: 'set', path: 'a', value: '\u20ac' }],
    };
    await update(writer, context_id, delta);
    const updated = await reader.next({ type: 'context-updated' });
    assert.equal(updated.domain, 'global');
    assert.deepEqual(
        [updated.context_id, updated.updater_id, updated.peer_id, updated.delta],
        [context_id, writer.peerId, reader.peerId, delta],
    );
    await settle(writer);
    assert.deepEqual(writer.take(), []);
});

wireTest('who has not subscribed, or not any more, gets no updates', async (s) => {
    const { writer, reader, context_id } = await pair(s, {});
    await update(writer, context_id, { added: { a: 1 } });
    await value(reader, context_id);
    const answer = await ask(reader, 'unsubscribe-context', { context_id });
    assert.equal(answer.type, 'success');
    await update(writer, context_id, { added: { b: 1 } });
    await settle(writer, reader);
    assert.deepEqual(
        reader.take().filter(({ type }) => type === 'context-updated'),
        [],
    );
});

wireTest('who is no member may update', async (s) => {
    const { writer, reader, context_id } = await pair(s, {});
    await update(reader, context_id, { added: { a: 1 } });
    const updated = await writer.next({ type: 'context-updated' });
    assert.equal(updated.updater_id, reader.peerId);
});

wireTest('only its owner destroys a context of ownership', async (s) => {
    const { writer, reader, context_id } = await pair(s, {}, { lifetime: 'ownership' });
    const refused = await ask(reader, 'destroy-context', { context_id });
    assert.deepEqual([refused.type, refused.reason_uri], ['error', 'global.errors.not_authorized']);
    assert.equal((await ask(writer, 'destroy-context', { context_id })).type, 'success');
});

wireTest('destroy tells members and others, the destroyer before its answer', async (s) => {
    const { writer, reader, context_id } = await pair(s, {});
    writer.send({ domain: 'global', type: 'destroy-context', request_id: 'd', context_id });
    await settle(writer, reader);
    const [gone, done] = writer.take();
    assert.deepEqual([gone.type, done.type], ['context-destroyed', 'success']);
    assert.deepEqual([gone.context_id, gone.reason_uri], [context_id, 'global.destroyed']);
    assert.equal((await reader.next({ type: 'context-destroyed' })).context_id, context_id);
});

wireTest('a newcomer hears of existing contexts right after welcome', async (s) => {
    const { name, context_id } = await pair(s, {});
    const newcomer = await s.stranger('newcomer');
    await settle(newcomer);
    const added = newcomer.take().find((frame) => frame.context_id === context_id);
    assert.deepEqual([added.type, added.name, added.creator_id], ['context-added', name, null]);
});

wireTest('a newcomer hears of contexts of its own user alone', async (s) => {
    await pair(s, {});
    const stranger = await s.stranger('stranger', unique('user'));
    await settle(stranger);
    assert.deepEqual(stranger.take(), []);
});

wireTest('a peer that has joined the domain context is spoken to there', async (s) => {
    const { writer, reader, context_id } = await pair(s, {});
    await reader.join('context');
    const answer = await reader.request({
        domain: 'context',
        type: 'subscribe-context',
        context_id,
    });
    assert.deepEqual([answer.domain, answer.type], ['context', 'subscribed-context']);
    await update(writer, context_id, { added: { a: 1 } });
    const updated = await reader.next({ type: 'context-updated' });
    assert.equal(updated.domain, 'context');
    const refused = await reader.request({
        domain: 'context',
        type: 'update-context',
        context_id: 'c-none',
        delta: {},
    });
    assert.deepEqual([refused.domain, refused.reason_uri], ['context', 'context.errors.failure']);
});

wireTest('read permissions decide who hears of a context and who may read it', async (s) => {
    const creator = await s.stranger('creator');
    const friend = await s.stranger('friend');
    const other = await s.stranger('other');
    const { context_id } = await create(
        creator,
        { secret: 1 },
        { read_permissions: "$application == 'friend'" },
    );
    await settle(creator, friend, other);
    const announced = (wire) => wire.take().some((frame) => frame.context_id === context_id);
    assert.deepEqual([announced(friend), announced(other)], [true, false]);
    assert.deepEqual(await value(friend, context_id), { secret: 1 });
    assert.equal((await ask(other, 'subscribe-context', { context_id })).type, 'error');
});

wireTest('write permissions decide who may write and destroy', async (s) => {
    const { writer, reader, context_id } = await pair(
        s,
        {},
        { write_permissions: "$application == 'writer'" },
    );
    assert.deepEqual(await value(reader, context_id), {});
    const refused = await ask(reader, 'update-context', { context_id, delta: { added: { a: 1 } } });
    assert.equal(refused.reason_uri, 'global.errors.not_authorized');
    const kept = await ask(reader, 'destroy-context', { context_id });
    assert.equal(kept.reason_uri, 'global.errors.not_authorized');
    await update(writer, context_id, { added: { b: 1 } });
    assert.deepEqual(await value(writer, context_id), { b: 1 });
});
