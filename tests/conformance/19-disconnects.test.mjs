// Peers that go away in the middle of a call.
import assert from 'node:assert/strict';
import { interopioCore, leaveQuietly, methodVisible, rejection } from './clients.mjs';
import { Collected, within } from './deadline.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';
import { outline } from './wire-client.mjs';

useGateway();

clientTest('the callee disconnecting fails the pending call at once', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Dying');
    const called = new Collected();
    await server.interop.register(name, (args) => {
        called.add(args);
        return new Promise(() => {});
    });
    await methodVisible(caller, name);
    const pending = rejection(caller.interop.invoke(name));
    await called.count(1);
    await leaveQuietly(server);
    // The own timeout of the library is 30 s.
    await within(pending, 'rejection');
});

clientTest('the caller disconnecting during a call does not disturb the callee', async (s) => {
    const [server, leaving, staying] = await s.clients('srv', 'leaving', 'staying');
    const name = unique('Steady');
    const held = new Collected();
    await server.interop.register(name, () => new Promise((resolve) => held.add(resolve)));
    await methodVisible(leaving, name);
    await methodVisible(staying, name);
    leaving.interop.invoke(name).catch(() => {});
    await held.count(1);
    await leaveQuietly(leaving);
    held.items[0]({ late: true });
    const pending = staying.interop.invoke(name);
    await held.count(2);
    held.items[1]({ ok: true });
    const { returned } = await within(pending, 'result');
    assert.deepEqual(returned, { ok: true });
});

// @glue42/core trips over itself when the error and the removal arrive together.
clientTest(
    'target all with one callee dying: the other result still arrives',
    async (s) => {
        const [one, two, caller] = await s.clients('one', 'two', 'cli');
        const name = unique('Surviving');
        const called = new Collected();
        await one.interop.register(name, () => ({ by: 'one' }));
        await two.interop.register(name, (args) => {
            called.add(args);
            return new Promise(() => {});
        });
        await methodVisible(caller, name, 2);
        const pending = within(caller.interop.invoke(name, {}, 'all'), 'result');
        await called.count(1);
        await leaveQuietly(two);
        const result = await pending;
        assert.deepEqual(
            result.all_return_values.map(({ returned }) => returned),
            [{ by: 'one' }],
        );
        assert.equal(result.all_errors.length, 1);
    },
    [interopioCore],
);

// A call that has arrived at the callee and waits for its answer.
async function pendingCall(s) {
    const server = await s.peer('srv');
    const caller = await s.peer('cli');
    await server.register({ id: 'm1', name: unique('Wire'), flags: {} });
    await caller.next({ type: 'methods-added' });
    caller.tell('call', {
        request_id: 'c1',
        server_id: server.peerId,
        method_id: 'm1',
        arguments_kv: {},
    });
    const { invocation_id } = await server.next({ type: 'invoke' });
    return { server, caller, invocation_id };
}

wireTest('unregistering a method does not end its pending call, its result arrives', async (s) => {
    const { server, caller, invocation_id } = await pendingCall(s);
    const answer = await server.agm('unregister', { methods: ['m1'] });
    assert.equal(answer.type, 'success');
    server.tell('yield', { invocation_id, result: { v: 1 } });
    const result = await caller.next({ request_id: 'c1' });
    assert.equal(result.type, 'result');
    assert.deepEqual(result.result, { v: 1 });
});

wireTest('a callee that disconnects: error of the call, then peer-removed', async (s) => {
    const { server, caller } = await pendingCall(s);
    caller.take();
    await server.close();
    const error = await caller.next({ request_id: 'c1' });
    assert.equal(error.type, 'error');
    assert.equal(error.domain, 'agm');
    assert.equal(error.reason_uri, 'agm.errors.invocation.failure');
    assert.match(error.reason, /left/i);
    const removed = await caller.next({ type: 'peer-removed' });
    assert.equal(removed.removed_id, server.peerId);
    assert.equal(removed.reason_uri, 'agm.peer-removed');
    assert.equal(removed.reason, 'Peer has been removed');
});

wireTest('the error of the call arrives before the methods and the peer are removed', async (s) => {
    const { server, caller } = await pendingCall(s);
    await caller.fence();
    caller.take();
    await server.close();
    // Looked at without taking the frames one by one, as the order is the subject.
    const watcher = await s.peer('watcher');
    await watcher.fence();
    await caller.fence();
    const frames = outline(caller.take()).filter((each) => each !== 'agm peer-added');
    assert.equal(frames[0], 'agm error');
    assert.equal(frames.at(-1), 'agm peer-removed');
    // Clients drop the methods together with the peer, so this frame may be left out.
    const between = frames.slice(1, -1);
    assert.deepEqual(
        between.filter((each) => each !== 'agm methods-removed'),
        [],
    );
});

wireTest('leaving agm fails the pending calls like a disconnect', async (s) => {
    const { server, caller } = await pendingCall(s);
    await server.leave('agm');
    const error = await caller.next({ request_id: 'c1' });
    assert.equal(error.reason_uri, 'agm.errors.invocation.failure');
});

wireTest('the end of one callee does not harm pending calls to another', async (s) => {
    const { server, caller, invocation_id } = await pendingCall(s);
    const other = await s.peer('other');
    await other.register({ id: 'm1', name: unique('Other'), flags: {} });
    caller.tell('call', { request_id: 'c2', server_id: other.peerId, method_id: 'm1' });
    await other.next({ type: 'invoke' });
    await other.close();
    const error = await caller.next({ request_id: 'c2' });
    assert.equal(error.type, 'error');
    server.tell('yield', { invocation_id, result: { v: 1 } });
    const result = await caller.next({ request_id: 'c1' });
    assert.equal(result.type, 'result');
});
