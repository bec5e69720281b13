// Who sees whom: users, restrictions of methods, restrictions of peers.
import assert from 'node:assert/strict';
import { rejection } from './clients.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';
import { discard, outline, settle } from './wire-client.mjs';

useGateway();

clientTest('clients of different users do not see each other and their methods', async (s) => {
    const server = await s.client('srv');
    const other = await s.client('other', { user: unique('other') });
    const name = unique('Hidden');
    await server.interop.register(name, () => ({}));
    // The answer to this comes after anything the registration could have caused.
    await other.interop.register(unique('Fence'), () => ({}));
    assert.equal(other.interop.methods({ name }).length, 0);
    const seen = (client) => client.interop.servers().map(({ peerId }) => peerId);
    assert.ok(!seen(other).includes(server.connection.peerId));
    assert.ok(!seen(server).includes(other.connection.peerId));
    await rejection(other.interop.invoke(name, {}, 'best', { waitTimeoutMs: 100 }));
});

wireTest('peers of different users are not told of each other', async (s) => {
    const one = await s.peer('one');
    const two = await s.peer('two', unique('other'));
    await one.register({ id: '0', name: unique('Hidden'), flags: {} });
    await one.agm('unregister', { methods: ['0'] });
    one.take();
    await settle(one, two);
    assert.deepEqual([one.take(), two.take()], [[], []]);
    await one.close();
    // That the end has been handled shows at a peer that may see it.
    const same = await s.peer('same');
    await settle(same, two);
    assert.deepEqual(two.take(), []);
});

wireTest('a call to a peer of another user is refused', async (s) => {
    const server = await s.peer('srv');
    await server.register({ id: '1', name: unique('Private'), flags: {} });
    server.take();
    const stranger = await s.peer('cli', unique('other'));
    const target = { server_id: server.peerId, method_id: '1', arguments_kv: {} };
    const refused = await stranger.agm('call', target);
    assert.equal(refused.type, 'error');
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('a subscription at a peer of another user is refused', async (s) => {
    const server = await s.peer('srv');
    await server.register({ id: '1', name: unique('Private'), flags: { streaming: true } });
    server.take();
    const stranger = await s.peer('sub', unique('other'));
    const target = { server_id: server.peerId, method_id: '1' };
    const refused = await stranger.agm('subscribe', target);
    assert.equal(refused.type, 'error');
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('a peer of another user is answered for as one that does not exist', async (s) => {
    const server = await s.peer('srv');
    await server.register({ id: '1', name: unique('Private'), flags: { streaming: true } });
    const stranger = await s.peer('cli', unique('other'));
    for (const type of ['call', 'subscribe']) {
        const [foreign, unknown] = await Promise.all(
            [server.peerId, 'nobody'].map((server_id) =>
                stranger.agm(type, { server_id, method_id: '1' }),
            ),
        );
        assert.deepEqual([foreign.type, foreign.reason_uri], ['error', 'agm.errors.failure']);
        assert.deepEqual({ ...foreign, request_id: 0 }, { ...unknown, request_id: 0 });
    }
});

wireTest('method restrictions hide a method from peers that do not match', async (s) => {
    const server = await s.peer('srv');
    const good = await s.peer('good');
    const bad = await s.peer('bad');
    await settle(server, good, bad);
    discard(server, good, bad);
    const method = {
        id: '1',
        name: unique('Restricted'),
        flags: {},
        restrictions: "$application == 'good'",
    };
    const answer = await server.register(method);
    assert.equal(answer.type, 'success');
    await settle(server, good, bad);
    assert.deepEqual(outline(good.take()), ['agm methods-added']);
    assert.deepEqual(bad.take(), []);

    const target = { server_id: server.peerId, method_id: '1', arguments_kv: {} };
    const refused = await bad.agm('call', target);
    assert.equal(refused.reason_uri, 'agm.errors.invocation.failure');
    good.tell('call', { request_id: 'c1', ...target });
    const { invocation_id } = await server.next({ type: 'invoke' });
    server.tell('yield', { invocation_id, result: { v: 1 } });
    assert.equal((await good.next({ request_id: 'c1' })).type, 'result');

    const lateGood = await s.peer('good');
    const lateBad = await s.peer('bad');
    const told = (wire) => wire.take().some(({ type }) => type === 'methods-added');
    assert.deepEqual([told(lateGood), told(lateBad)], [true, false]);
});

wireTest('method restrictions know !=, ?, &&, ||, parentheses and the own identity', async (s) => {
    const server = await s.peer('srv');
    const caller = await s.peer('cli-7');
    const cases = [
        ["$application != 'cli-7'", false],
        ["$application != 'other'", true],
        ["$application ? 'cli-[0-9]'", true],
        ["$application ? 'cli'", false],
        ["$application == 'cli-7' && #application == 'srv'", true],
        ["$application == 'cli-7' && #application == 'other'", false],
        ["$application == 'x' || $application == 'cli-7'", true],
        ["($application == 'x') || ($application == 'y')", false],
        ['$user == #user', true],
    ];
    for (const [i, [restrictions, shown]] of cases.entries()) {
        await settle(server, caller);
        caller.take();
        const id = `m${i}`;
        const answer = await server.register({
            id,
            name: unique('Ruled'),
            flags: {},
            restrictions,
        });
        assert.equal(answer.type, 'success', restrictions);
        await settle(caller);
        const told = caller.take().some(({ type }) => type === 'methods-added');
        assert.equal(told, shown, restrictions);
    }
});

wireTest('method restrictions do not show a method to other users', async (s) => {
    const server = await s.peer('srv');
    const stranger = await s.peer('cli', unique('other'));
    const restrictions = "$application == 'cli'";
    await server.register({ id: '1', name: unique('Ruled'), flags: {}, restrictions });
    await settle(server, stranger);
    assert.deepEqual(stranger.take(), []);
    const target = { server_id: server.peerId, method_id: '1', arguments_kv: {} };
    const refused = await stranger.agm('call', target);
    assert.equal(refused.type, 'error');
});

wireTest('restrictions of a join hide a peer within its user', async (s) => {
    const one = await s.peer('one');
    const shy = await s.stranger('shy');
    const joined = await shy.join('agm', { restrictions: "$application == 'friend'" });
    assert.deepEqual([joined.domain, joined.type], ['agm', 'success']);
    const friend = await s.peer('friend');
    await settle(shy, friend, one);
    const seen = (wire) =>
        wire
            .take()
            .filter(({ type }) => type === 'peer-added')
            .map(({ identity }) => identity.application)
            .sort();
    assert.deepEqual(seen(one), ['friend']);
    assert.deepEqual(seen(shy), ['friend']);
    assert.deepEqual(seen(friend), ['one', 'shy']);
});

wireTest('restrictions of a join never make peers of other users visible', async (s) => {
    const restrictions = "$application == 'accomplice'";
    const one = await s.stranger('accomplice');
    await one.join('agm', { restrictions });
    const two = await s.stranger('accomplice', unique('other'));
    await two.join('agm', { restrictions });
    await one.register({ id: '1', name: unique('Private'), flags: {} });
    one.take();
    await settle(one, two);
    assert.deepEqual([one.take(), two.take()], [[], []]);
    const target = { server_id: one.peerId, method_id: '1', arguments_kv: {} };
    const refused = await two.agm('call', target);
    assert.equal(refused.type, 'error');
});
