// Contexts: how they begin and end.
import assert from 'node:assert/strict';
import { rejection } from './clients.mjs';
import { agree, watch } from './contexts.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';
import { settle } from './wire-client.mjs';

useGateway();

clientTest('destroy removes a context for everybody', async (s) => {
    const [one, other] = await s.clients('one', 'other');
    const name = unique('Gone');
    const { value } = await watch(other, name);
    await one.contexts.update(name, { a: 1 });
    await value({ a: 1 });
    await one.contexts.destroy(name);
    assert.ok(!one.contexts.all().includes(name));
    // Both hear of it in the order in which the gateway did things.
    const fence = unique('Fence');
    const passed = await watch(other, fence);
    await one.contexts.update(fence, { a: 1 });
    await passed.value({ a: 1 });
    assert.ok(!other.contexts.all().includes(name));
});

clientTest('a destroyed context can be made again, and starts empty', async (s) => {
    const one = await s.client('one');
    const name = unique('Again');
    await one.contexts.update(name, { a: 1 });
    await one.contexts.destroy(name);
    await one.contexts.update(name, { b: 2 });
    const late = await s.client('late');
    assert.deepEqual(await late.contexts.get(name), { b: 2 });
});

clientTest('a context outlives its creator', async (s) => {
    const [creator, other] = await s.clients('creator', 'other');
    const name = unique('Kept');
    const { value } = await watch(other, name);
    await creator.contexts.update(name, { a: 1 });
    await value({ a: 1 });
    await creator.done();
    assert.deepEqual(await (await s.client('late')).contexts.get(name), { a: 1 });
});

clientTest('destroy of an unknown context is rejected', async (s) => {
    const one = await s.client('one');
    assert.ok(await rejection(one.contexts.destroy(unique('None'))));
});

clientTest('two clients that create one name at the same time get one context', async (s) => {
    const [one, other] = await s.clients('one', 'other');
    const name = unique('Raced');
    await Promise.all([
        one.contexts.update(name, { one: 1 }),
        other.contexts.update(name, { other: 1 }),
    ]);
    const value = await agree(s, [one, other], name);
    assert.equal(Object.keys(value).length, 1);
});

async function create(wire, name, more = {}) {
    const answer = await wire.request({
        domain: 'global',
        type: 'create-context',
        name,
        data: {},
        lifetime: 'retained',
        ...more,
    });
    assert.equal(answer.type, 'context-created', JSON.stringify(answer));
    return answer.context_id;
}

wireTest('an ownership context dies with its owner, a ref-counted with its last', async (s) => {
    const owner = await s.stranger('owner');
    const watcher = await s.stranger('watcher');
    const owned = await create(owner, unique('Own'), { lifetime: 'ownership' });
    const counted = await create(owner, unique('Ref'), { lifetime: 'ref-counted' });
    const shared = await create(owner, unique('Shared'), { lifetime: 'ref-counted' });
    await watcher.request({
        domain: 'global',
        type: 'subscribe-context',
        context_id: shared,
    });
    await owner.close();
    const gone = [];
    for (let i = 0; i < 2; i++) {
        const frame = await watcher.next({ type: 'context-destroyed' });
        assert.equal(frame.reason_uri, 'context.peer-left');
        gone.push(frame.context_id);
    }
    assert.deepEqual(gone.sort(), [owned, counted].sort());
    const answer = await watcher.request({
        domain: 'global',
        type: 'unsubscribe-context',
        context_id: shared,
    });
    assert.equal(answer.type, 'success');
    const last = await watcher.next({ type: 'context-destroyed' });
    assert.equal(last.context_id, shared);
});

wireTest('a bad lifetime is refused', async (s) => {
    const wire = await s.stranger('x');
    for (const lifetime of [undefined, 'for-ever']) {
        const answer = await wire.request({
            domain: 'global',
            type: 'create-context',
            name: unique('Bad'),
            data: {},
            lifetime,
        });
        assert.equal(answer.type, 'error');
        assert.equal(answer.reason_uri, 'global.errors.bad_lifetime');
    }
});

wireTest('what is asked of an unknown context is refused with words clients know', async (s) => {
    const wire = await s.stranger('x');
    for (const type of ['update-context', 'subscribe-context', 'destroy-context']) {
        const answer = await wire.request({
            domain: 'global',
            type,
            context_id: 'c-none',
            delta: { added: { a: 1 } },
        });
        assert.equal(answer.type, 'error', type);
        assert.equal(answer.reason_uri, 'global.errors.failure');
        assert.match(answer.reason, /^Unable to find context with id/);
    }
});

wireTest('the names of two users are two contexts', async (s) => {
    const mine = await s.stranger('mine');
    const other = await s.stranger('other', unique('user'));
    const name = unique('Name');
    const first = await create(mine, name, { data: { a: 1 } });
    const second = await create(other, name, { data: { b: 1 } });
    assert.notEqual(first, second);
    await settle(mine, other);
    const announced = mine.take().filter(({ type }) => type === 'context-added');
    assert.deepEqual(
        announced.map(({ context_id }) => context_id),
        [first],
    );
});
