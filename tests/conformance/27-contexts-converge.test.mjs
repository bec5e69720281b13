// Members of a context end up with the same value, whoever writes at the same time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { interopioCore } from './clients.mjs';
import { agree, watch } from './contexts.mjs';
import { Relay } from './relay.mjs';
import { clientTest, gatewayUrl, unique, useGateway, wireTest } from './suite.mjs';

useGateway();

const VECTORS = JSON.parse(
    readFileSync(new URL('../vectors/context-deltas.json', import.meta.url), 'utf-8'),
);

// A client whose frames from the gateway can be held back, and a raw peer beside it.
async function company(s) {
    const relay = await Relay.to(gatewayUrl());
    s.closeLater(() => relay.close());
    const client = await s.client('client', { url: relay.url });
    const other = await s.stranger('other');
    return { relay, client, other };
}

async function ask(wire, type, fields) {
    const answer = await wire.request({ domain: 'global', type, ...fields });
    assert.notEqual(answer.type, 'error', JSON.stringify(answer));
    return answer;
}

async function create(wire, name, data) {
    return (await ask(wire, 'create-context', { name, data, lifetime: 'retained' })).context_id;
}

// The client writes, somebody else writes after it, and the client hears of both in one go.
async function overtaken({ relay, other }, context_id, write, delta) {
    const updated = other.next({ type: 'context-updated', context_id });
    relay.hold();
    const written = write();
    await updated;
    await ask(other, 'update-context', { context_id, delta });
    relay.release();
    await written;
}

for (const [what, data, write, delta] of [
    [
        'the same key',
        { k: 0 },
        (contexts, name) => contexts.update(name, { k: 'mine' }),
        { commands: [{ type: 'set', path: 'k', value: 'theirs' }] },
    ],
    [
        'a key in the same map',
        { k: { a: 0 } },
        (contexts, name) => contexts.update(name, { k: { a: 'mine' } }),
        { commands: [{ type: 'set', path: 'k.b', value: 'theirs' }] },
    ],
    [
        'the map around it',
        { k: { a: 0 } },
        (contexts, name) => contexts.setPath(name, 'k.b.c', 'mine'),
        { commands: [{ type: 'set', path: 'k', value: 'theirs' }] },
    ],
    [
        'another element of the same list',
        { rows: [1, 2, 3] },
        (contexts, name) => contexts.setPath(name, 'rows.2', 'mine'),
        { commands: [{ type: 'set', path: 'rows.length', value: 1 }] },
    ],
    [
        'all of it',
        { k: 0, other: 1 },
        (contexts, name) => contexts.setPath(name, 'k', 'mine'),
        { reset: { all: 'theirs' } },
    ],
    [
        'a key of what was set',
        { k: 0 },
        (contexts, name) => contexts.set(name, { a: 'mine', b: 'mine' }),
        { added: { b: 'theirs', 'dotted.key': 1 } },
    ],
    [
        'the absence of it',
        { k: { a: 0 } },
        (contexts, name) => contexts.setPath(name, 'k.a', 'mine'),
        { removed: ['k'] },
    ],
]) {
    clientTest(`a member that hears late of its own write: ${what}`, async (s) => {
        const parties = await company(s);
        const { client, other } = parties;
        const name = unique('Late');
        const { value } = await watch(client, name);
        const context_id = await create(other, name, data);
        await value(data);
        await overtaken(parties, context_id, () => write(client.contexts, name), delta);
        await agree(s, [client], name);
    });
}

clientTest('a writer that subscribes after its write, and after another one', async (s) => {
    const parties = await company(s);
    const { client, other } = parties;
    const name = unique('Joined');
    const context_id = await create(other, name, { k: 0 });
    // The client knows of the first context when it has the value of the second.
    const fence = unique('Fence');
    const { value: passed } = await watch(client, fence);
    await create(other, fence, { there: true });
    await passed({ there: true });
    await overtaken(
        parties,
        context_id,
        () => client.contexts.setPaths(name, [{ path: 'k', value: 'mine' }]),
        { added: { k: 'theirs' } },
    );
    assert.deepEqual(await agree(s, [client], name), { k: 'theirs' });
});

clientTest('a member that hears late of two writes, the second to everything', async (s) => {
    const { relay, client, other } = await company(s);
    const name = unique('Twice');
    const { value } = await watch(client, name);
    const context_id = await create(other, name, { a: { b: 0 } });
    await value({ a: { b: 0 } });
    const second = other.next({ type: 'context-updated', context_id, delta: { reset: { c: 2 } } });
    relay.hold();
    const written = [client.contexts.setPath(name, 'a.b', 1), client.contexts.set(name, { c: 2 })];
    await second;
    relay.release();
    await Promise.all(written);
    assert.deepEqual(await agree(s, [client], name), { c: 2 });
});

clientTest('a creator that hears late of its context', async (s) => {
    const parties = await company(s);
    const { relay, client, other } = parties;
    const name = unique('Created');
    const added = other.next({ type: 'context-added', name });
    relay.hold();
    const made = client.contexts.update(name, { mine: 1, both: 'mine' });
    const { context_id } = await added;
    await ask(other, 'update-context', { context_id, delta: { added: { both: 'theirs' } } });
    relay.release();
    await made;
    assert.deepEqual(await agree(s, [client], name), { mine: 1, both: 'theirs' });
});

clientTest('a second creator that hears late of what is there', async (s) => {
    const parties = await company(s);
    const { relay, client, other } = parties;
    const name = unique('Second');
    relay.hold();
    const context_id = await create(other, name, { first: 1 });
    const behind = unique('Behind');
    const made = [
        client.contexts.update(name, { second: 1 }),
        client.contexts.update(behind, { third: 1 }),
    ];
    await other.next({ type: 'context-added', name: behind });
    await ask(other, 'update-context', { context_id, delta: { added: { first: 2 } } });
    relay.release();
    await Promise.all(made);
    assert.deepEqual(await agree(s, [client], name), { first: 2 });
});

clientTest('five clients that write the same keys a hundred times', async (s) => {
    const clients = await s.clients('a', 'b', 'c', 'd', 'e');
    const name = unique('Busy');
    const watched = await Promise.all(clients.map((client) => watch(client, name)));
    await clients[0].contexts.update(name, { start: true });
    await Promise.all(watched.map(({ value }) => value({ start: true })));
    for (let round = 0; round < 20; round++) {
        await Promise.all(
            clients.flatMap(({ contexts }, i) => [
                contexts.update(name, { k: `${i}.${round}`, [`own${i}`]: round }),
                contexts.setPath(name, `deep.k${round % 3}`, `${i}.${round}`),
                contexts.setPath(name, 'deep.both', i),
                round % 5 === i
                    ? contexts.set(name, { reset: i, deep: { k1: round } })
                    : contexts.update(name, { k: null, deep: { k2: i } }),
                contexts.setPath(name, 'list', [round, i]),
            ]),
        );
    }
    await agree(s, clients, name);
});

wireTest('members of the library and newcomers take deltas as the vectors say', async (s) => {
    s.library = interopioCore;
    const member = await s.client('member');
    const wire = await s.stranger('wire');
    const fence = unique('Fence');
    const { value: passed } = await watch(member, fence);
    const fence_id = await create(wire, fence, { n: -1 });
    const apart = [];
    for (const [n, { what, value, delta, result, refused }] of VECTORS.entries()) {
        const name = unique('Vector');
        await member.contexts.subscribe(name, () => {});
        const context_id = await create(wire, name, value);
        const answer = await wire.request({
            domain: 'global',
            type: 'update-context',
            context_id,
            delta,
        });
        await ask(wire, 'update-context', { context_id: fence_id, delta: { reset: { n } } });
        await passed({ n });
        const live = JSON.parse(JSON.stringify(await member.contexts.get(name)));
        const { data } = await ask(wire, 'subscribe-context', { context_id });
        const expected = result ?? value;
        const said = refused === undefined || answer.reason.includes(refused);
        const type = refused === undefined ? 'success' : 'error';
        if (
            answer.type !== type ||
            !said ||
            !isDeepStrictEqual(live, expected) ||
            !isDeepStrictEqual(data, expected)
        ) {
            apart.push({ what, answer, live, data, expected });
        }
    }
    assert.deepEqual(apart, []);
});
