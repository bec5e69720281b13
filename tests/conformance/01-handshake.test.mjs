// Logging in: welcome, identities, credentials, tokens.
import assert from 'node:assert/strict';
import { connectClient, rejection } from './clients.mjs';
import { clientTest, gatewayUrl, unique, useGateway, wireTest } from './suite.mjs';
import { settle } from './wire-client.mjs';

useGateway();

const authenticationFailure = 'global.errors.authentication.failure';

wireTest('hello is answered by welcome with peer id, resolved identity and domains', async (s) => {
    const wire = await s.socket();
    const welcome = await wire.login({ application: 'hs' }, s.user);
    assert.equal(welcome.domain, 'global');
    assert.equal(typeof welcome.peer_id, 'string');
    assert.ok(welcome.peer_id);
    const { application, user, login, machine, instance } = welcome.resolved_identity;
    assert.deepEqual(
        { application, user, login },
        { application: 'hs', user: s.user, login: s.user },
    );
    assert.ok(machine);
    assert.ok(instance);
    assert.ok(Array.isArray(welcome.available_domains));
    for (const uri of ['agm', 'global', 'metrics']) {
        const domain = welcome.available_domains.find((each) => each.uri === uri);
        assert.equal(domain?.version, 1, uri);
    }
});

wireTest('available domains are exactly agm, bus, context, global and metrics', async (s) => {
    const welcome = await (await s.socket()).login({ application: 'hs' }, s.user);
    const domains = welcome.available_domains.map(({ uri, version }) => `${uri} ${version}`);
    assert.deepEqual(domains.sort(), ['agm 1', 'bus 1', 'context 2', 'global 1', 'metrics 1']);
});

wireTest('welcome is the first frame on a connection, and the only one', async (s) => {
    await s.peer('earlier');
    const wire = await s.stranger('later');
    await wire.fence();
    assert.deepEqual(wire.take(), []);
});

clientTest('a client with default options (metrics on) connects and works', async (s) => {
    const { library } = s;
    const more = { metrics: undefined, insights: undefined };
    const client = await s.client('defaults', { more });
    await client.interop.register('Defaults.Echo', (args) => args);
    const { returned } = await client.interop.invoke('Defaults.Echo', { library: library.name });
    assert.deepEqual(returned, { library: library.name });
});

wireTest('metrics: join is answered with success, define and publish are ignored', async (s) => {
    const wire = await s.stranger('measured');
    const options = { system: 'x', service: 'y', instance: 'z' };
    const joined = await wire.join('metrics', { options });
    assert.deepEqual([joined.domain, joined.type], ['metrics', 'success']);
    const metrics = [{ name: '/State', type: 'string', description: '', context: {} }];
    wire.send({ domain: 'metrics', type: 'define', request_id: 'd', metrics });
    const values = [{ name: '/State', value: 'up', timestamp: 1 }];
    wire.send({ domain: 'metrics', type: 'publish', request_id: 'p', values });
    await wire.fence();
    assert.deepEqual(wire.take(), []);
    const left = await wire.leave('metrics');
    assert.deepEqual([left.domain, left.type], ['metrics', 'success']);
});

clientTest('client-supplied identity fields are kept in the resolved identity', async (s) => {
    const instance = unique('instance');
    const identity = { instance, region: 'EMEA', environment: 'DEV', custom: 7 };
    const client = await s.client('hs-id', { identity });
    const { resolvedIdentity } = client.connection;
    assert.equal(resolvedIdentity.application, 'hs-id');
    assert.equal(resolvedIdentity.user, s.user);
    for (const [name, value] of Object.entries(identity)) {
        assert.equal(resolvedIdentity[name], value, name);
    }
});

wireTest('unknown and null identity fields are kept, a sent machine too', async (s) => {
    const wire = await s.socket();
    const sent = { application: 'a', machine: 'desk-7', extra: { deep: [1] }, nothing: null };
    await wire.login(sent, s.user);
    for (const [name, value] of Object.entries(sent)) {
        assert.deepEqual(wire.identity[name], value, name);
    }
});

wireTest('a user in the sent identity is overridden by the login', async (s) => {
    const wire = await s.socket();
    await wire.login({ application: 'a', user: 'somebody', login: 'else' }, s.user);
    assert.equal(wire.identity.user, s.user);
    assert.equal(wire.identity.login, s.user);
});

wireTest('an instance sent as ? becomes the peer id', async (s) => {
    const wire = await s.socket();
    await wire.login({ application: 'a', instance: '?' }, s.user);
    assert.equal(wire.identity.instance, wire.peerId);
});

wireTest('a hello without usable credentials is refused, and may be tried again', async (s) => {
    const wire = await s.socket();
    const unusable = [
        { method: 'secret' },
        { method: 'secret', login: s.user },
        { method: 'secret', secret: 'x' },
    ];
    for (const authentication of unusable) {
        const refused = await wire.hello({ application: 'hs' }, authentication);
        assert.equal(refused.type, 'error');
        assert.equal(refused.domain, 'global');
        assert.equal(refused.reason_uri, authenticationFailure);
        assert.equal(refused.peer_id ?? null, null);
        assert.equal(typeof refused.reason, 'string');
    }
    const welcome = await wire.login({ application: 'hs' }, s.user);
    assert.equal(welcome.type, 'welcome');
});

wireTest('a hello without any authentication is refused', async (s) => {
    const wire = await s.socket();
    for (const authentication of [undefined, null, 'secret', {}]) {
        const refused = await wire.hello({ application: 'hs' }, authentication);
        assert.equal(refused.type, 'error', JSON.stringify(authentication));
    }
});

wireTest('an empty secret is fine', async (s) => {
    const wire = await s.socket();
    const authentication = { method: 'secret', login: s.user, secret: '' };
    const welcome = await wire.hello({ application: 'hs' }, authentication);
    assert.equal(welcome.type, 'welcome');
});

wireTest('an empty login is refused', async (s) => {
    const wire = await s.socket();
    const authentication = { method: 'secret', login: '', secret: 'x' };
    const refused = await wire.hello({ application: 'hs' }, authentication);
    assert.equal(refused.reason_uri, authenticationFailure);
});

wireTest('an unknown authentication method is refused', async (s) => {
    const wire = await s.socket();
    const refused = await wire.hello({ application: 'hs' }, { method: 'voodoo' });
    assert.equal(refused.type, 'error');
    assert.equal(refused.reason_uri, authenticationFailure);
});

wireTest('the access token from welcome logs in as the same user', async (s) => {
    const first = await s.socket();
    const { options } = await first.login({ application: 'hs' }, s.user);
    const second = await s.socket();
    const authentication = { method: 'access-token', token: options.access_token };
    const welcome = await second.hello({ application: 'again' }, authentication);
    assert.equal(welcome.type, 'welcome');
    const { application, user, login } = welcome.resolved_identity;
    assert.deepEqual([application, user, login], ['again', s.user, s.user]);
});

clientTest('a client logs in with an access token', async (s) => {
    const first = await s.socket();
    const { options } = await first.login({ application: 'hs' }, s.user);
    const client = await s.client('hs-token', { auth: { token: options.access_token } });
    assert.equal(client.connection.resolvedIdentity.user, s.user);
});

wireTest('create-token yields a gateway token that logs in as the same user', async (s) => {
    const first = await s.stranger('maker');
    const answer = await first.request({ domain: 'global', type: 'create-token' });
    assert.equal(answer.type, 'token');
    assert.equal(answer.domain, 'global');
    assert.equal(answer.peer_id, first.peerId);
    assert.equal(typeof answer.token, 'string');
    const second = await s.socket();
    const authentication = { method: 'gateway-token', token: answer.token };
    const welcome = await second.hello({ application: 'taker' }, authentication);
    assert.equal(welcome.type, 'welcome');
    assert.equal(welcome.resolved_identity.user, s.user);
    assert.equal(welcome.resolved_identity.application, 'taker');
});

clientTest('a client logs in with a gateway token and sees the peers of that user', async (s) => {
    const maker = await s.peer('maker');
    const { token } = await maker.request({ domain: 'global', type: 'create-token' });
    const client = await s.client('taker', { auth: { gatewayToken: token } });
    assert.equal(client.connection.resolvedIdentity.user, s.user);
    assert.ok(client.interop.servers().some(({ application }) => application === 'maker'));
});

wireTest('a bad token is refused', async (s) => {
    for (const method of ['access-token', 'gateway-token']) {
        for (const token of ['rubbish', '', null, undefined, 7]) {
            const wire = await s.socket();
            const refused = await wire.hello({ application: 'hs' }, { method, token });
            assert.equal(refused.type, 'error', `${method} ${token}`);
            assert.match(refused.reason_uri, /^global\.errors\./);
        }
    }
});

clientTest('the factory of the client rejects when credentials are refused', async (s) => {
    // Besides rejecting, the libraries leave a rejection of their own unhandled.
    const listeners = process.rawListeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', () => {});
    try {
        const created = connectClient(s.library, {
            url: gatewayUrl(),
            application: 'hs-bad',
            auth: { token: 'rubbish' },
        });
        const error = await rejection(created);
        assert.doesNotMatch(String(error.message ?? error), /no login of/);
        await new Promise((resolve) => setImmediate(resolve));
    } finally {
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) {
            process.on('unhandledRejection', listener);
        }
    }
});

clientTest('two connections get different peer and instance ids', async (s) => {
    const [a, b] = await s.clients('hs-a', 'hs-a');
    assert.notEqual(a.connection.peerId, b.connection.peerId);
    const [one, two] = [a, b].map(({ connection }) => connection.resolvedIdentity.instance);
    assert.ok(one);
    assert.ok(two);
    assert.notEqual(one, two);
});

wireTest(
    'an identity that is connected on another socket is refused until that ends',
    async (s) => {
        const identity = { application: 'hs', instance: unique('instance') };
        const watcher = await s.peer('watcher');
        const first = await s.socket();
        await first.login(identity, s.user);
        await first.join('agm');
        const second = await s.socket();
        const authentication = { method: 'secret', login: s.user, secret: 'x' };
        const refused = await second.hello(identity, authentication);
        assert.equal(refused.type, 'error');
        assert.equal(refused.reason_uri, 'global.errors.already_seen');
        await first.close();
        await watcher.next({ type: 'peer-removed', removed_id: first.peerId });
        const welcome = await second.hello(identity, authentication);
        assert.equal(welcome.type, 'welcome');
        assert.equal(welcome.resolved_identity.instance, identity.instance);
    },
);

wireTest('the same application and instance of another user is not refused', async (s) => {
    const identity = { application: 'hs', instance: unique('instance') };
    await (await s.socket()).login(identity, s.user);
    const welcome = await (await s.socket()).login(identity, unique('other'));
    assert.equal(welcome.type, 'welcome');
});

for (const [kind, more] of [
    ['without an instance', {}],
    ['with an instance of its own', { instance: unique('instance') }],
]) {
    wireTest(`a second hello ${kind} on one socket replaces the earlier peer`, async (s) => {
        const identity = { application: 'twice', ...more };
        const watcher = await s.peer('watcher');
        const wire = await s.socket();
        await wire.login(identity, s.user);
        const former = wire.peerId;
        await wire.join('agm');
        await wire.register({ id: '0', name: 'Old', flags: {} });
        await wire.login(identity, s.user);
        assert.notEqual(wire.peerId, former);
        await watcher.next({ type: 'peer-removed', removed_id: former });
        await wire.join('agm');
        await watcher.next({ type: 'peer-added', new_peer_id: wire.peerId });
        const late = await s.peer('late');
        const known = late.take().filter(({ type }) => type === 'peer-added');
        const ids = known.map(({ new_peer_id }) => new_peer_id);
        assert.deepEqual(ids.sort(), [watcher.peerId, wire.peerId].sort());
    });
}

wireTest('ping is accepted silently', async (s) => {
    const wire = await s.stranger('hs');
    wire.sendText('{"type":"ping"}');
    await settle(wire);
    assert.deepEqual(wire.take(), []);
});

wireTest('a message without a domain is taken as global', async (s) => {
    const wire = await s.socket();
    const authentication = { method: 'secret', login: s.user, secret: 'x' };
    const welcome = await wire.request({
        type: 'hello',
        identity: { application: 'plain' },
        authentication,
    });
    assert.equal(welcome.type, 'welcome');
});

clientTest('others are told of a client with its whole identity', async (s) => {
    const watcher = await s.peer('watcher');
    const client = await s.client('announced');
    const added = await watcher.next({ type: 'peer-added' });
    assert.equal(added.new_peer_id, client.connection.peerId);
    assert.deepEqual(added.identity, client.connection.resolvedIdentity);
    assert.deepEqual(added.meta, { local: true });
});
