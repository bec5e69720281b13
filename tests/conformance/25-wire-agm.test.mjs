// Interop frame by frame.
import assert from 'node:assert/strict';
import { unique, useGateway, wireTest } from './suite.mjs';
import { discard, outline, settle } from './wire-client.mjs';

useGateway();

// The fields of a frame that matter, null where the gateway has left one out.
function fields(frame, ...names) {
    return Object.fromEntries(names.map((name) => [name, frame[name] ?? null]));
}

// Methods as they were sent: a gateway may add fields of its own, which clients ignore.
function asSent(methods, sent) {
    return methods.map((method, i) => fields(method, ...Object.keys(sent[i])));
}

// A server with one method and another peer that knows of it.
async function pair(s) {
    const server = await s.peer('srv');
    const caller = await s.peer('cli');
    await server.register({ id: 'm1', name: unique('Wire'), flags: {} });
    await settle(server, caller);
    discard(server, caller);
    const target = { server_id: server.peerId, method_id: 'm1' };
    return { server, caller, target };
}

async function invoked({ server, caller, target }, more = { arguments_kv: {} }) {
    caller.tell('call', { request_id: 'c1', ...target, ...more });
    return server.next({ type: 'invoke' });
}

async function interested({ server, caller, target }, more = {}, request_id = 's1') {
    caller.tell('subscribe', { request_id, ...target, ...more });
    return server.next({ type: 'add-interest' });
}

async function subscribed(parties, stream_id = 'x', request_id = 's1') {
    const { subscription_id } = await interested(parties, {}, request_id);
    parties.server.tell('accepted', { subscription_id, stream_id });
    await parties.caller.next({ request_id, type: 'subscribed' });
    return subscription_id;
}

wireTest('the answer to join carries the joined domain, not global', async (s) => {
    const wire = await s.stranger('x');
    const answer = await wire.join('agm');
    assert.deepEqual([answer.domain, answer.type], ['agm', 'success']);
    assert.equal(answer.peer_id, wire.peerId);
});

wireTest('join: each peer is announced before its methods, success comes last', async (s) => {
    const a = await s.peer('a');
    const b = await s.peer('b');
    await a.register({ id: '1', name: unique('One'), flags: {} });
    await settle(a, b);
    b.take();
    a.take();
    const c = await s.stranger('c');
    c.send({ domain: 'global', type: 'join', destination: 'agm', request_id: 'j' });
    await c.fence();
    const frames = c.take();
    const told = frames.map(({ type, new_peer_id, server_id }) =>
        [type, new_peer_id ?? server_id].join(' ').trim(),
    );
    assert.equal(told.at(-1), 'success');
    assert.equal(frames.length, 4);
    const position = (text) => {
        assert.ok(told.includes(text), text);
        return told.indexOf(text);
    };
    position(`peer-added ${b.peerId}`);
    assert.ok(
        position(`peer-added ${a.peerId}`) < position(`methods-added ${a.peerId}`),
        told.join(),
    );
    const announced = frames.find(({ new_peer_id }) => new_peer_id === a.peerId);
    assert.deepEqual(announced.identity, a.identity);
    assert.deepEqual(announced.meta, { local: true });
    await settle(a);
    const [toOther] = a.take();
    assert.equal(toOther.type, 'peer-added');
    assert.equal(toOther.new_peer_id, c.peerId);
    assert.deepEqual(toOther.identity, c.identity);
});

wireTest('servers are announced in the order in which they joined', async (s) => {
    const early = [];
    for (const application of ['a', 'b', 'c', 'd']) {
        early.push(await s.peer(application));
    }
    const late = await s.peer('late');
    const told = late.take().filter(({ type }) => type === 'peer-added');
    assert.deepEqual(
        told.map(({ new_peer_id }) => new_peer_id),
        early.map(({ peerId }) => peerId),
    );
});

wireTest('a peer that has not joined is neither announced nor told', async (s) => {
    const outsider = await s.stranger('outsider');
    const joined = await s.peer('joined');
    await settle(joined, outsider);
    assert.deepEqual([joined.take(), outsider.take()], [[], []]);
});

wireTest('register: the peer gets methods-added about itself, then success', async (s) => {
    const wire = await s.peer('s');
    const methods = [{ id: '1', name: unique('Own'), flags: {} }];
    wire.tell('register', { request_id: 'r', methods });
    await wire.fence();
    const [added, success] = wire.take();
    assert.deepEqual(fields(added, 'domain', 'type', 'server_id', 'source_type'), {
        domain: 'agm',
        type: 'methods-added',
        server_id: wire.peerId,
        source_type: 'local',
    });
    assert.deepEqual(asSent(added.methods, methods), methods);
    assert.deepEqual(fields(success, 'domain', 'type', 'request_id'), {
        domain: 'agm',
        type: 'success',
        request_id: 'r',
    });
});

wireTest('method ids and unknown method fields are echoed as they were sent', async (s) => {
    const server = await s.peer('s');
    const caller = await s.peer('c');
    const methods = [
        {
            id: 7,
            name: unique('Number'),
            extra: { x: 1 },
            flags: { streaming: false, metadata: { a: 1 } },
        },
        {
            id: '7',
            name: unique('Text'),
            display_name: 'd',
            description: null,
            version: 2,
            object_types: ['A'],
            input_signature: 'int a',
            result_signature: '',
            flags: {},
        },
    ];
    await server.register(...methods);
    const added = await caller.next({ type: 'methods-added' });
    assert.deepEqual(asSent(added.methods, methods), methods);
    for (const method_id of [7, '7']) {
        caller.tell('call', { request_id: 'c', server_id: server.peerId, method_id });
        assert.equal((await server.next({ type: 'invoke' })).method_id, method_id);
    }
});

wireTest('an integer method id is not found by its string form', async (s) => {
    const server = await s.peer('s');
    const caller = await s.peer('c');
    await server.register({ id: 7, name: unique('Number'), flags: {} });
    const target = { server_id: server.peerId, method_id: '7', arguments_kv: {} };
    const refused = await caller.agm('call', target);
    assert.equal(refused.reason_uri, 'agm.errors.invocation.failure');
});

wireTest('a later registration of the same name and signatures replaces the earlier', async (s) => {
    const server = await s.peer('s');
    const watcher = await s.peer('w');
    const method = {
        name: unique('Same'),
        input_signature: 'int a',
        result_signature: 'int b',
        flags: {},
    };
    await server.register({ id: 'old', ...method });
    await watcher.next({ type: 'methods-added' });
    await server.register({ id: 'new', ...method });
    const removed = await watcher.next({ type: 'methods-removed' });
    assert.equal(removed.server_id, server.peerId);
    assert.deepEqual(removed.methods, ['old']);
    const added = await watcher.next({ type: 'methods-added' });
    assert.deepEqual(
        added.methods.map(({ id }) => id),
        ['new'],
    );
    const target = { server_id: server.peerId, arguments_kv: {} };
    const refused = await watcher.agm('call', { ...target, method_id: 'old' });
    assert.equal(refused.reason_uri, 'agm.errors.invocation.failure');
    watcher.tell('call', { request_id: 'c', ...target, method_id: 'new' });
    await server.next({ type: 'invoke', method_id: 'new' });
});

wireTest('the same name with another signature, or of another peer, stays', async (s) => {
    const server = await s.peer('s');
    const other = await s.peer('o');
    const watcher = await s.peer('w');
    const name = unique('Same');
    await server.register({ id: '1', name, input_signature: 'int a', flags: {} });
    await server.register({ id: '2', name, input_signature: 'String a', flags: {} });
    await other.register({ id: '1', name, input_signature: 'int a', flags: {} });
    await settle(server, other, watcher);
    const frames = outline(watcher.take());
    assert.equal(frames.filter((each) => each === 'agm methods-added').length, 3);
    assert.equal(frames.filter((each) => each === 'agm methods-removed').length, 0);
});

wireTest('unregister: the peer gets methods-removed about itself, then success', async (s) => {
    const { server, caller } = await pair(s);
    server.tell('unregister', { request_id: 'u', methods: ['m1'] });
    await settle(server, caller);
    assert.deepEqual(outline(server.take()), ['agm methods-removed', 'agm success']);
    const [removed, ...rest] = caller.take();
    assert.deepEqual(fields(removed, 'type', 'server_id', 'methods'), {
        type: 'methods-removed',
        server_id: server.peerId,
        methods: ['m1'],
    });
    assert.deepEqual(rest, []);
});

wireTest('invoke: positional arguments and context pass through, absent are null', async (s) => {
    const parties = await pair(s);
    const invoke = await invoked(parties, { arguments: [1, 'b', null], context: { k: 1 } });
    assert.deepEqual(
        fields(invoke, 'domain', 'method_id', 'caller_id', 'arguments', 'arguments_kv', 'context'),
        {
            domain: 'agm',
            method_id: 'm1',
            caller_id: parties.caller.peerId,
            arguments: [1, 'b', null],
            arguments_kv: null,
            context: { k: 1 },
        },
    );
    assert.equal(typeof invoke.invocation_id, 'string');
    const named = await invoked(parties, { arguments_kv: { a: { b: [null] } } });
    assert.deepEqual(fields(named, 'arguments', 'arguments_kv', 'context'), {
        arguments: null,
        arguments_kv: { a: { b: [null] } },
        context: null,
    });
    assert.notEqual(named.invocation_id, invoke.invocation_id);
    await settle(parties.caller);
    assert.deepEqual(parties.caller.take(), []);
});

wireTest('positional and named arguments together are refused', async (s) => {
    const { server, caller, target } = await pair(s);
    const both = { ...target, arguments_kv: { a: 1 }, arguments: [1] };
    const refused = await caller.agm('call', both);
    assert.equal(refused.type, 'error');
    assert.equal(refused.reason_uri, 'agm.errors.invocation.failure');
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('a result of any JSON type goes to the caller under its request id', async (s) => {
    const parties = await pair(s);
    for (const result of [{ v: 1 }, {}, [1, 2], 'text', 5, false, null]) {
        const { invocation_id } = await invoked(parties);
        parties.server.tell('yield', { invocation_id, result });
        const answer = await parties.caller.next({ request_id: 'c1' });
        assert.equal(answer.domain, 'agm');
        assert.equal(answer.type, 'result');
        assert.deepEqual(answer.result ?? null, result);
    }
    await settle(parties.server);
    assert.deepEqual(parties.server.take(), []);
});

wireTest('the second yield for one invocation is ignored', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { invocation_id } = await invoked(parties);
    server.tell('yield', { invocation_id, result: { v: 1 } });
    server.tell('yield', { invocation_id, result: { v: 2 } });
    await settle(server, caller);
    assert.deepEqual(
        caller.take().map(({ result }) => result),
        [{ v: 1 }],
    );
    assert.deepEqual(server.take(), []);
});

wireTest('an error of the callee keeps reason, reason_uri and context', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { invocation_id } = await invoked(parties);
    const failure = { reason_uri: 'my.uri', reason: 'boom', context: { code: 17, list: [1] } };
    server.tell('error', { request_id: invocation_id, ...failure });
    const answer = await caller.next({ request_id: 'c1' });
    assert.equal(answer.type, 'error');
    assert.equal(answer.domain, 'agm');
    assert.deepEqual(fields(answer, 'reason_uri', 'reason', 'context'), failure);
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('an error of the callee after the caller has gone is harmless', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { invocation_id } = await invoked(parties);
    await caller.close();
    await server.next({ type: 'peer-removed' });
    server.tell('yield', { invocation_id, result: {} });
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('a yield from a peer that was not called does not answer the call', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const forger = await s.peer('forger');
    const { invocation_id } = await invoked(parties);
    forger.tell('yield', { invocation_id, result: { forged: 1 } });
    forger.tell('error', { request_id: invocation_id, reason_uri: 'f', reason: 'forged' });
    await forger.fence();
    server.tell('yield', { invocation_id, result: { genuine: 1 } });
    const answer = await caller.next({ request_id: 'c1' });
    assert.deepEqual(answer.result, { genuine: 1 });
});

wireTest('a peer may call its own method', async (s) => {
    const wire = await s.peer('self');
    await wire.register({ id: '1', name: unique('Own'), flags: {} });
    const target = { server_id: wire.peerId, method_id: '1', arguments_kv: {} };
    wire.tell('call', { request_id: 'c1', ...target });
    const { invocation_id, caller_id } = await wire.next({ type: 'invoke' });
    assert.equal(caller_id, wire.peerId);
    wire.tell('yield', { invocation_id, result: { v: 1 } });
    assert.deepEqual((await wire.next({ request_id: 'c1' })).result, { v: 1 });
});

wireTest('subscribe: arguments, flags and context reach the publisher', async (s) => {
    const parties = await pair(s);
    const asked = { arguments_kv: { sym: 'VOD' }, flags: { f: 1 }, context: { c: 1 } };
    const interest = await interested(parties, asked);
    const names = ['method_id', 'caller_id', 'arguments', 'arguments_kv', 'flags', 'context'];
    assert.deepEqual(fields(interest, ...names), {
        method_id: 'm1',
        caller_id: parties.caller.peerId,
        arguments: null,
        ...asked,
    });
    assert.equal(typeof interest.subscription_id, 'string');
    await settle(parties.caller);
    assert.deepEqual(parties.caller.take(), []);
});

wireTest('accepted gives subscribed, publish then gives an event with oob false', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { subscription_id } = await interested(parties);
    server.tell('accepted', { subscription_id, stream_id: 'x' });
    const answer = await caller.next({ request_id: 's1' });
    assert.deepEqual(fields(answer, 'domain', 'type', 'subscription_id'), {
        domain: 'agm',
        type: 'subscribed',
        subscription_id,
    });
    const published = { sequence: 5, snapshot: true, data: { v: 1 } };
    server.tell('publish', { stream_id: 'x', ...published });
    const event = await caller.next({ type: 'event' });
    assert.deepEqual(
        fields(event, 'domain', 'subscription_id', 'oob', 'sequence', 'snapshot', 'data'),
        { domain: 'agm', subscription_id, oob: false, ...published },
    );
    server.tell('publish', { stream_id: 'x', data: { v: 2 } });
    const plain = await caller.next({ type: 'event' });
    assert.deepEqual(fields(plain, 'oob', 'sequence', 'snapshot', 'data'), {
        oob: false,
        sequence: null,
        snapshot: null,
        data: { v: 2 },
    });
    await settle(server);
    assert.deepEqual(server.take(), []);
});

wireTest('publish reaches each subscription of its stream and no other stream', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const first = await subscribed(parties, 'x', 's1');
    const second = await subscribed(parties, 'x', 's2');
    const third = await subscribed(parties, 'y', 's3');
    server.tell('publish', { stream_id: 'x', data: { v: 1 } });
    server.tell('publish', { stream_id: 'y', data: { v: 2 } });
    await settle(server, caller);
    const got = caller.take().map(({ subscription_id, data }) => `${subscription_id} ${data.v}`);
    assert.deepEqual(got.sort(), [`${first} 1`, `${second} 1`, `${third} 2`].sort());
});

wireTest('post to one subscription is an event with oob true', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const first = await subscribed(parties, 'x', 's1');
    await subscribed(parties, 'x', 's2');
    server.tell('post', { subscription_id: first, data: { v: 1 } });
    await settle(server, caller);
    const events = caller.take();
    assert.equal(events.length, 1);
    assert.deepEqual(fields(events[0], 'type', 'subscription_id', 'oob', 'data'), {
        type: 'event',
        subscription_id: first,
        oob: true,
        data: { v: 1 },
    });
});

wireTest('an error with the subscription id rejects the subscription', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { subscription_id } = await interested(parties);
    server.tell('error', { request_id: subscription_id, reason_uri: 'u', reason: 'no' });
    const answer = await caller.next({ request_id: 's1' });
    assert.deepEqual(fields(answer, 'type', 'reason_uri', 'reason'), {
        type: 'error',
        reason_uri: 'u',
        reason: 'no',
    });
    const ended = await caller.agm('unsubscribe', { subscription_id });
    assert.equal(ended.reason_uri, 'agm.errors.subscription.invalid_subscription');
});

wireTest('accepted without a stream id is refused', async (s) => {
    const parties = await pair(s);
    const { subscription_id } = await interested(parties);
    const refused = await parties.server.agm('accepted', { subscription_id });
    assert.equal(refused.type, 'error');
    assert.equal(refused.reason_uri, 'agm.errors.subscription.invalid_subscription');
    await settle(parties.caller);
    assert.deepEqual(parties.caller.take(), []);
});

wireTest('drop-subscription before accepting is refused, after it cancels', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const { subscription_id } = await interested(parties);
    const drop = { subscription_id, reason_uri: 'u', reason: 'bye' };
    server.tell('drop-subscription', drop);
    const refused = await server.next({ request_id: subscription_id });
    assert.equal(refused.type, 'error');
    assert.equal(refused.reason_uri, 'agm.errors.subscription.invalid_subscription');
    await settle(caller);
    assert.deepEqual(caller.take(), []);
    server.tell('accepted', { subscription_id, stream_id: 'x' });
    await caller.next({ type: 'subscribed' });
    server.tell('drop-subscription', drop);
    const cancelled = await caller.next({ type: 'subscription-cancelled' });
    assert.deepEqual(fields(cancelled, 'subscription_id', 'reason_uri', 'reason'), drop);
    server.tell('publish', { stream_id: 'x', data: {} });
    await settle(server, caller);
    assert.deepEqual([server.take(), caller.take()], [[], []]);
});

wireTest('unsubscribe: remove-interest for the publisher, success, no more events', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const subscription_id = await subscribed(parties);
    const reason = { reason_uri: 'u', reason: 'done' };
    const answer = await caller.agm('unsubscribe', { subscription_id, ...reason });
    assert.deepEqual([answer.domain, answer.type], ['agm', 'success']);
    const removed = await server.next({ type: 'remove-interest' });
    assert.deepEqual(
        fields(removed, 'subscription_id', 'method_id', 'caller_id', 'reason_uri', 'reason'),
        { subscription_id, method_id: 'm1', caller_id: caller.peerId, ...reason },
    );
    server.tell('publish', { stream_id: 'x', data: {} });
    await settle(server, caller);
    assert.deepEqual(caller.take(), []);
});

wireTest('unregistering a method cancels its subscriptions first', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const subscription_id = await subscribed(parties);
    server.tell('unregister', { request_id: 'u', methods: ['m1'] });
    await settle(server, caller);
    const [cancelled, removed, ...rest] = caller.take();
    assert.deepEqual(fields(cancelled, 'type', 'subscription_id', 'reason_uri', 'reason'), {
        type: 'subscription-cancelled',
        subscription_id,
        reason_uri: 'agm.method-removed',
        reason: 'Method has been removed',
    });
    assert.equal(removed.type, 'methods-removed');
    assert.deepEqual(rest, []);
    assert.deepEqual(outline(server.take()), ['agm methods-removed', 'agm success']);
});

wireTest('publishing to nobody and accepting the unknown are ignored', async (s) => {
    const { server, caller } = await pair(s);
    server.tell('publish', { stream_id: 'none', data: {} });
    server.tell('accepted', { subscription_id: 'none', stream_id: 'x' });
    await settle(server, caller);
    assert.deepEqual([server.take(), caller.take()], [[], []]);
});

for (const accepted of [true, false]) {
    const kind = accepted ? 'accepted' : 'not yet accepted';
    wireTest(`a publisher that disconnects: ${kind} subscriptions are cancelled`, async (s) => {
        const parties = await pair(s);
        const { server, caller } = parties;
        const subscription_id = accepted
            ? await subscribed(parties)
            : (await interested(parties)).subscription_id;
        await settle(caller);
        caller.take();
        await server.close();
        const removed = await caller.next({ type: 'peer-removed' });
        assert.equal(removed.reason_uri, 'agm.peer-removed');
        // peer-removed is the last of them, so what is left came before it.
        const [cancelled, ...between] = caller.take();
        assert.deepEqual(fields(cancelled, 'type', 'subscription_id', 'reason_uri', 'reason'), {
            type: 'subscription-cancelled',
            subscription_id,
            reason_uri: 'agm.peer-removed',
            reason: 'Peer has been removed',
        });
        assert.ok(between.every(({ type }) => type === 'methods-removed'));
    });
}

wireTest('a subscriber that disconnects: remove-interest, then peer-removed', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const subscription_id = await subscribed(parties);
    await settle(server);
    server.take();
    await caller.close();
    const removed = await server.next({ type: 'peer-removed' });
    assert.equal(removed.removed_id, caller.peerId);
    const [interest, ...rest] = server.take();
    assert.deepEqual(fields(interest, 'type', 'subscription_id', 'reason_uri', 'caller_id'), {
        type: 'remove-interest',
        subscription_id,
        reason_uri: 'agm.peer-removed',
        caller_id: caller.peerId,
    });
    assert.deepEqual(rest, []);
});

wireTest('the end of one publisher leaves the subscriptions to another', async (s) => {
    const parties = await pair(s);
    const { server, caller } = parties;
    const other = await s.peer('other');
    await other.register({ id: 'm1', name: unique('Other'), flags: {} });
    await subscribed(parties, 'x', 's1');
    const target = { server_id: other.peerId, method_id: 'm1' };
    const kept = await subscribed({ server: other, caller, target }, 'x', 's2');
    await server.close();
    await caller.next({ type: 'peer-removed' });
    other.tell('publish', { stream_id: 'x', data: { v: 1 } });
    const event = await caller.next({ type: 'event' });
    assert.equal(event.subscription_id, kept);
});

wireTest('frames before hello with a stale peer id do no harm', async (s) => {
    const wire = await s.socket();
    const stale = { domain: 'agm', peer_id: 'p-gone', request_id: 'z' };
    wire.send({ ...stale, type: 'publish', stream_id: '0', data: {} });
    wire.send({ ...stale, type: 'yield', invocation_id: 'x', result: {} });
    wire.send({ ...stale, type: 'accepted', subscription_id: 'x', stream_id: '0' });
    const welcome = await wire.login({ application: 'back' }, s.user);
    assert.equal(welcome.type, 'welcome');
    assert.equal((await wire.join('agm')).type, 'success');
});
