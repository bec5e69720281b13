// Input that is wrong, hostile or untimely harms nobody else.
import assert from 'node:assert/strict';
import { methodVisible } from './clients.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';
import { discard, outline, settle } from './wire-client.mjs';

useGateway();

function isError(frame, domain, uri) {
    assert.equal(frame.type, 'error', JSON.stringify(frame));
    assert.equal(frame.domain, domain);
    assert.equal(frame.reason_uri, uri);
    assert.equal(typeof frame.reason, 'string');
}

wireTest('an unknown type in a known domain: <domain>.errors.unhandled_message', async (s) => {
    const wire = await s.peer('x');
    for (const domain of ['global', 'agm']) {
        const answer = await wire.request({ domain, type: 'no-such-thing' });
        isError(answer, domain, `${domain}.errors.unhandled_message`);
    }
});

wireTest('types that only a gateway sends are unknown when a client sends them', async (s) => {
    const wire = await s.peer('x');
    const sent = {
        global: ['welcome', 'token', 'error', 'success', 'authentication-request'],
        agm: [
            'success',
            'invoke',
            'result',
            'event',
            'subscribed',
            'add-interest',
            'remove-interest',
            'peer-added',
            'peer-removed',
            'methods-added',
            'methods-removed',
            'subscription-cancelled',
        ],
    };
    for (const [domain, types] of Object.entries(sent)) {
        for (const type of types) {
            const answer = await wire.request({ domain, type });
            isError(answer, domain, `${domain}.errors.unhandled_message`);
        }
    }
});

wireTest('texts that look like internal names are unknown types', async (s) => {
    const wire = await s.peer('x');
    const texts = [
        'authenticated',
        'source-removed',
        'source-added',
        'handle',
        '__init__',
        'HELLO',
    ];
    for (const domain of ['global', 'agm']) {
        for (const type of [...texts, 'constructor', '__proto__', 'toString', 'hello ', '']) {
            const answer = await wire.request({ domain, type });
            isError(answer, domain, `${domain}.errors.unhandled_message`);
        }
    }
});

wireTest('no type but hello gets a connection past the login', async (s) => {
    const wire = await s.socket();
    const claim = { user: s.user, login: s.user };
    const more = { identity: { application: 'x' }, authentication: claim, ...claim };
    for (const type of ['authenticated', 'welcome', 'success', 'authentication-success']) {
        const answer = await wire.request({ domain: 'global', type, ...more });
        assert.equal(answer.type, 'error', type);
    }
    assert.deepEqual(wire.take(), []);
});

wireTest('an unknown domain is answered by global.errors.failure', async (s) => {
    const wire = await s.peer('x');
    const answer = await wire.request({ domain: 'no-such-domain', type: 'x' });
    isError(answer, 'no-such-domain', 'global.errors.failure');
});

wireTest('joining or leaving an unknown domain is refused', async (s) => {
    const wire = await s.stranger('x');
    isError(await wire.join('no-such-domain'), 'global', 'global.errors.invalid_domain');
    isError(await wire.leave('no-such-domain'), 'global', 'global.errors.invalid_domain');
});

wireTest('a request before hello is refused', async (s) => {
    const wire = await s.socket();
    isError(await wire.join('agm'), 'global', 'global.errors.invalid_peer');
    const refused = await wire.agm('register', { methods: [{ id: '1', name: 'X' }] });
    isError(refused, 'agm', 'agm.errors.failure');
    await wire.login({ application: 'x' }, s.user);
    assert.equal((await wire.join('agm')).type, 'success');
});

wireTest('an unknown peer id in join is refused', async (s) => {
    const wire = await s.stranger('x');
    const refused = await wire.join('agm', { peer_id: 'p-none' });
    isError(refused, 'global', 'global.errors.invalid_peer');
});

wireTest("a request with somebody else's peer id is refused", async (s) => {
    const wire = await s.peer('a');
    const victim = await s.peer('b');
    const watcher = await s.peer('w');
    await settle(wire, victim, watcher);
    discard(wire, victim, watcher);
    const forged = { peer_id: victim.peerId };
    const methods = [{ id: '1', name: unique('Evil'), flags: {} }];
    assert.equal((await wire.agm('register', { methods, ...forged })).type, 'error');
    assert.equal((await wire.leave('agm', forged)).type, 'error');
    const token = await wire.request({ domain: 'global', type: 'create-token', ...forged });
    assert.equal(token.type, 'error');
    await settle(wire, victim, watcher);
    assert.deepEqual([victim.take(), watcher.take()], [[], []]);
});

wireTest('agm requests of a peer that has not joined agm are refused', async (s) => {
    const server = await s.peer('srv');
    await server.register({ id: '1', name: unique('Method'), flags: {} });
    const watcher = await s.peer('watcher');
    const outsider = await s.stranger('x');
    await settle(server, watcher);
    discard(server, watcher);
    const target = { server_id: server.peerId, method_id: '1' };
    const requests = {
        call: { ...target, arguments_kv: {} },
        subscribe: target,
        register: { methods: [{ id: '1', name: unique('Outside'), flags: {} }] },
        unregister: { methods: ['1'] },
        unsubscribe: { subscription_id: 'none' },
    };
    const answers = {};
    for (const [type, fields] of Object.entries(requests)) {
        const { type: kind, reason_uri } = await outsider.agm(type, fields);
        answers[type] = `${kind} ${reason_uri}`;
    }
    const refusals = Object.keys(requests).map((type) => [type, 'error agm.errors.failure']);
    assert.deepEqual(answers, Object.fromEntries(refusals));
    await settle(outsider, server, watcher);
    assert.deepEqual([server.take(), watcher.take()], [[], []]);
});

wireTest('a call of a peer that has not joined agm is refused', async (s) => {
    const outsider = await s.stranger('x');
    const refused = await outsider.agm('call', { server_id: 'p-1', method_id: '1' });
    isError(refused, 'agm', 'agm.errors.failure');
});

wireTest('joining twice is harmless', async (s) => {
    const wire = await s.peer('x');
    const watcher = await s.peer('watcher');
    await wire.register({ id: '1', name: unique('Kept'), flags: {} });
    await settle(wire, watcher);
    discard(wire, watcher);
    const again = await wire.join('agm');
    assert.deepEqual([again.domain, again.type], ['agm', 'success']);
    await settle(wire, watcher);
    assert.deepEqual([wire.take(), watcher.take()], [[], []]);
});

wireTest('leave and join again works, the old methods are gone', async (s) => {
    const watcher = await s.peer('watcher');
    const wire = await s.peer('x');
    await wire.register({ id: '1', name: unique('Old'), flags: {} });
    await settle(watcher);
    watcher.take();
    const reason = { reason_uri: 'my.reason', reason: 'lunch' };
    const left = await wire.leave('agm', reason);
    assert.deepEqual([left.domain, left.type], ['agm', 'success']);
    const removed = await watcher.next({ type: 'peer-removed', removed_id: wire.peerId });
    assert.deepEqual([removed.reason_uri, removed.reason], ['my.reason', 'lunch']);
    const joined = await wire.join('agm');
    assert.deepEqual([joined.domain, joined.type], ['agm', 'success']);
    await watcher.next({ type: 'peer-added', new_peer_id: wire.peerId });
    const target = { server_id: wire.peerId, method_id: '1', arguments_kv: {} };
    isError(await watcher.agm('call', target), 'agm', 'agm.errors.invocation.failure');
});

wireTest('leaving a domain one is not in is success', async (s) => {
    const wire = await s.stranger('x');
    assert.equal((await wire.leave('agm')).type, 'success');
});

wireTest('calling an unknown method id is refused', async (s) => {
    const caller = await s.peer('a');
    const server = await s.peer('b');
    const target = { server_id: server.peerId, method_id: 'nope', arguments_kv: {} };
    isError(await caller.agm('call', target), 'agm', 'agm.errors.invocation.failure');
    const subscribed = await caller.agm('subscribe', target);
    isError(subscribed, 'agm', 'agm.errors.invocation.failure');
});

wireTest('calling an unknown server is refused', async (s) => {
    const caller = await s.peer('a');
    const target = { server_id: 'p-none', method_id: '1', arguments_kv: {} };
    isError(await caller.agm('call', target), 'agm', 'agm.errors.failure');
    isError(await caller.agm('subscribe', target), 'agm', 'agm.errors.failure');
});

wireTest('a yield for an unknown invocation is ignored', async (s) => {
    const wire = await s.peer('a');
    wire.tell('yield', { invocation_id: 'none', result: {} });
    await wire.fence();
    assert.deepEqual(wire.take(), []);
});

wireTest('unregistering an unknown method id is refused and nothing is removed', async (s) => {
    const wire = await s.peer('a');
    const watcher = await s.peer('b');
    await wire.register({ id: '1', name: unique('Kept'), flags: {} });
    await settle(wire, watcher);
    discard(wire, watcher);
    for (const methods of [['zzz'], ['1', 'zzz']]) {
        const refused = await wire.agm('unregister', { methods });
        isError(refused, 'agm', 'agm.errors.unregistration.failure');
    }
    await settle(wire, watcher);
    assert.deepEqual([wire.take(), watcher.take()], [[], []]);
});

wireTest('ending an unknown subscription is refused', async (s) => {
    const wire = await s.peer('a');
    const uri = 'agm.errors.subscription.invalid_subscription';
    const fields = { subscription_id: 'none', reason_uri: '', reason: '' };
    isError(await wire.agm('unsubscribe', fields), 'agm', uri);
    wire.tell('drop-subscription', fields);
    isError(await wire.next({ request_id: 'none' }), 'agm', uri);
});

// A client at work, to see that it is not harmed.
async function bystander(s) {
    const client = await s.client('bystander');
    const name = unique('Still');
    await client.interop.register(name, () => ({ alive: 1 }));
    return async () => {
        const { returned } = await client.interop.invoke(name);
        assert.deepEqual(returned, { alive: 1 });
    };
}

clientTest('text that is not JSON closes its socket with 1007, nobody else', async (s) => {
    const stillWorks = await bystander(s);
    for (const text of ['this is not json', '[1,2', '', '{"domain":', 'NaN', '{"a":1} x']) {
        const wire = await s.peer('junk');
        wire.sendText(text);
        assert.equal(await wire.closed, 1007, JSON.stringify(text));
    }
    await stillWorks();
});

clientTest('JSON that is not an object closes its socket with 1007, nobody else', async (s) => {
    const stillWorks = await bystander(s);
    for (const text of ['null', '42', '"text"', '[]', '[[1]]', '[{"type":"ping"}]', 'true']) {
        const wire = await s.stranger('junk');
        wire.sendText(text);
        assert.equal(await wire.closed, 1007, text);
    }
    await stillWorks();
});

wireTest('junk closes the socket also before the login', async (s) => {
    const wire = await s.socket();
    wire.sendText('junk');
    assert.equal(await wire.closed, 1007);
});

wireTest('an object without any field is an unhandled message', async (s) => {
    const wire = await s.socket();
    wire.sendText('{}');
    isError(await wire.next({ type: 'error' }), 'global', 'global.errors.unhandled_message');
});

clientTest('missing or wrongly typed fields harm nobody, not even the sender', async (s) => {
    const stillWorks = await bystander(s);
    const wire = await s.peer('x');
    const agm = [
        { type: 'register' },
        { type: 'register', methods: 'x' },
        { type: 'register', methods: {} },
        { type: 'register', methods: [null] },
        { type: 'register', methods: [{}] },
        { type: 'register', methods: [7, 'x', []] },
        { type: 'register', methods: [{ id: {}, name: [] }] },
        { type: 'register', methods: [{ id: 'r', name: 'R', restrictions: '((' }] },
        { type: 'register', methods: [{ id: 'r', name: 'R', restrictions: 7 }] },
        { type: 'unregister' },
        { type: 'unregister', methods: [] },
        { type: 'unregister', methods: 7 },
        { type: 'unregister', methods: [{}, []] },
        { type: 17 },
        { type: null },
        { type: ['call'] },
        { type: { hello: 1 } },
        { type: 'call', server_id: {}, method_id: [] },
        { type: 'call' },
        { type: 'call', server_id: wire.peerId, method_id: {} },
        { type: 'call', server_id: wire.peerId, method_id: 'x', arguments: 'x', arguments_kv: 7 },
        { type: 'subscribe', server_id: [], method_id: {} },
        { type: 'publish', stream_id: null },
        { type: 'publish', stream_id: {} },
        { type: 'post', subscription_id: {} },
        { type: 'yield', invocation_id: {} },
        { type: 'yield' },
        { type: 'error', request_id: {} },
        { type: 'accepted', subscription_id: 4 },
        { type: 'accepted', subscription_id: [], stream_id: {} },
        { type: 'drop-subscription', subscription_id: {} },
        { type: 'unsubscribe', subscription_id: [] },
    ].map((frame) => ({ domain: 'agm', ...frame }));
    const others = [
        { domain: 9, type: 'x' },
        { domain: {}, type: 'x' },
        { domain: ['agm'], type: 'register' },
        { domain: null, type: 'x' },
        { domain: 'global', type: 'join' },
        { domain: 'global', type: 'join', destination: {} },
        { domain: 'global', type: 'join', destination: 'agm', restrictions: 7 },
        { domain: 'global', type: 'leave', destination: [] },
        { domain: 'global', type: 'hello' },
        { domain: 'global', type: 'hello', identity: 'x', authentication: 'y' },
        { domain: 'global', type: 'hello', identity: [], authentication: { method: {} } },
        { domain: 'global', type: 'hello', authentication: { method: 'secret', login: {} } },
        { domain: 'agm', type: 'call', peer_id: {} },
        { domain: 'agm', type: 'call', peer_id: ['x'] },
        { domain: 'metrics', type: 'define', metrics: 7 },
        { domain: 'metrics', type: 'publish', values: {} },
        { type: 'ping', peer_id: {}, domain: 'global' },
    ];
    const ids = [
        { domain: 'agm', type: 'call', request_id: { odd: true } },
        { domain: 'agm', type: 'call', request_id: [1] },
    ];
    for (const frame of [...agm, ...others, ...ids]) {
        wire.send({ request_id: 'odd', ...frame });
        const ended = wire.closed.then((code) => `closed with ${code}`);
        const served = wire.fence().then(() => 'served');
        assert.equal(await Promise.race([served, ended]), 'served', JSON.stringify(frame));
    }
    await stillWorks();
});

wireTest('request ids that are numbers or null are echoed', async (s) => {
    const wire = await s.stranger('x');
    wire.send({ domain: 'global', type: 'join', destination: 'agm', request_id: 7 });
    assert.equal((await wire.next({ request_id: 7 })).type, 'success');
    wire.send({ domain: 'global', type: 'join', destination: 'agm', request_id: null });
    assert.equal((await wire.next({ type: 'success' })).request_id, null);
});

clientTest('a client with a bad registration does not break newcomers', async (s) => {
    const wire = await s.peer('x');
    await wire.register({ id: 5, name: unique('Weird') });
    await wire.register({ id: 6, name: unique('Weird'), flags: {}, input_signature: '((((' });
    const newcomer = await s.client('new');
    const name = unique('Fine');
    await newcomer.interop.register(name, () => ({ f: 1 }));
    const { returned } = await newcomer.interop.invoke(name);
    assert.deepEqual(returned, { f: 1 });
});

wireTest('malformed methods are not passed on to others', async (s) => {
    const watcher = await s.peer('watcher');
    const wire = await s.peer('x');
    await settle(wire, watcher);
    watcher.take();
    for (const methods of [undefined, 'x', [null], [{}], [7]]) {
        wire.tell('register', { request_id: 'bad', methods });
    }
    await settle(wire, watcher);
    assert.deepEqual(outline(watcher.take()), []);
});

wireTest('an abrupt TCP close is noticed', async (s) => {
    const watcher = await s.peer('w');
    const wire = await s.peer('x');
    await watcher.next({ type: 'peer-added' });
    wire.cut();
    const removed = await watcher.next({ type: 'peer-removed' });
    assert.equal(removed.removed_id, wire.peerId);
    assert.equal(removed.reason_uri, 'agm.peer-removed');
});

wireTest('two peers may share one socket (two hellos with different identities)', async (s) => {
    const watcher = await s.peer('w');
    const wire = await s.socket();
    await wire.login({ application: 'one' }, s.user);
    const one = wire.peerId;
    await wire.join('agm');
    await wire.login({ application: 'two' }, s.user);
    const two = wire.peerId;
    assert.notEqual(one, two);
    await wire.join('agm');
    await wire.fence();
    // Each of them is told of the other, under its own peer id.
    const told = wire.take().filter(({ type }) => type === 'peer-added');
    const pairs = told.map(({ peer_id, new_peer_id }) => `${peer_id} ${new_peer_id}`);
    assert.ok(pairs.includes(`${one} ${two}`));
    assert.ok(pairs.includes(`${two} ${one}`));
    const methods = [{ id: '1', name: unique('Shared'), flags: {} }];
    const answer = await wire.agm('register', { peer_id: one, methods });
    assert.deepEqual([answer.type, answer.peer_id], ['success', one]);
    await watcher.next({ type: 'methods-added', server_id: one });
    await wire.close();
    await watcher.next({ type: 'peer-removed', removed_id: one });
    await watcher.next({ type: 'peer-removed', removed_id: two });
});

wireTest('two peers of different users on one socket do not see each other', async (s) => {
    const wire = await s.socket();
    await wire.login({ application: 'one' }, s.user);
    await wire.join('agm');
    await wire.login({ application: 'two' }, unique('other'));
    await wire.join('agm');
    await wire.fence();
    assert.deepEqual(wire.take(), []);
});

clientTest('many newcomers with junk in between: the gateway keeps serving', async (s) => {
    const stillWorks = await bystander(s);
    for (let n = 0; n < 20; n += 1) {
        const wire = await s.socket();
        wire.sendText(n % 2 ? '{"type":"ping"}' : 'junk');
        wire.cut();
    }
    const late = await s.client('late');
    const name = unique('Late');
    await late.interop.register(name, () => ({}));
    await methodVisible(late, name);
    await stillWorks();
});
