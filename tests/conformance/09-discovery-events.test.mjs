// What a client is told about the others.
import assert from 'node:assert/strict';
import { afterRemovals, leaveQuietly, methodVisible } from './clients.mjs';
import { Collected } from './deadline.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

// Everything the client reports about others, in the order in which it does.
function journal(client) {
    const entries = new Collected();
    const own = client.interop.instance.instance;
    for (const event of ['serverAdded', 'serverRemoved']) {
        client.interop[event]((server) => {
            if (server.instance !== own) {
                entries.add(`${event} ${server.application}`);
            }
        });
    }
    for (const event of ['methodAdded', 'methodRemoved']) {
        client.interop[event](({ name }) => entries.add(`${event} ${name}`));
    }
    for (const event of ['serverMethodAdded', 'serverMethodRemoved']) {
        client.interop[event](({ server, method }) => {
            entries.add(`${event} ${server.application} ${method.name}`);
        });
    }
    return entries;
}

function includes(...expected) {
    return (items) => expected.every((entry) => items.includes(entry));
}

clientTest('serverAdded fires for a new peer, serverRemoved when it leaves', async (s) => {
    const watcher = await s.client('watcher');
    const entries = journal(watcher);
    const other = await s.client('newcomer');
    await entries.until(includes('serverAdded newcomer'), 'serverAdded');
    await leaveQuietly(other);
    await entries.until(includes('serverRemoved newcomer'), 'serverRemoved');
});

clientTest('methodAdded and serverMethodAdded on register, the removed events later', async (s) => {
    const [watcher, server] = await s.clients('watcher', 'srv');
    const entries = journal(watcher);
    const name = unique('Seen');
    await server.interop.register(name, () => ({}));
    await entries.until(includes(`methodAdded ${name}`, `serverMethodAdded srv ${name}`), 'added');
    await server.interop.unregister(name);
    await entries.until(
        includes(`methodRemoved ${name}`, `serverMethodRemoved srv ${name}`),
        'removed',
    );
});

clientTest('methodAdded fires once for two servers, serverMethodAdded for each', async (s) => {
    const [watcher, one, two] = await s.clients('watcher', 'one', 'two');
    const entries = journal(watcher);
    const name = unique('Both');
    await one.interop.register(name, () => ({}));
    await two.interop.register(name, () => ({}));
    const each = [`serverMethodAdded one ${name}`, `serverMethodAdded two ${name}`];
    await entries.until(includes(...each), 'both servers');
    assert.equal(entries.items.filter((entry) => entry === `methodAdded ${name}`).length, 1);
});

clientTest('the methods of a peer that disconnects are reported removed', async (s) => {
    const [watcher, server] = await s.clients('watcher', 'srv');
    const names = [unique('First'), unique('Second')];
    for (const name of names) {
        await server.interop.register(name, () => ({}));
    }
    await methodVisible(watcher, names[1]);
    const entries = journal(watcher);
    await leaveQuietly(server);
    const expected = names.flatMap((name) => [
        `methodRemoved ${name}`,
        `serverMethodRemoved srv ${name}`,
    ]);
    await entries.until(includes(...expected, 'serverRemoved srv'), 'removals');
    assert.equal(watcher.interop.methods({ name: names[0] }).length, 0);
});

clientTest('a late joiner gets all peers and methods', async (s) => {
    const early = await s.clients('one', 'two', 'three');
    const names = early.map((_client, i) => unique(`Method${i}`));
    for (const [i, client] of early.entries()) {
        await client.interop.register(names[i], () => ({}));
    }
    const late = await s.client('late');
    const applications = late.interop.servers().map(({ application }) => application);
    for (const application of ['one', 'two', 'three']) {
        assert.ok(applications.includes(application), application);
    }
    for (const [i, name] of names.entries()) {
        const [method] = late.interop.methods({ name });
        const { peerId } = method.getServers()[0];
        assert.equal(peerId, early[i].connection.peerId);
    }
});

clientTest('methodsForInstance and instance.getMethods list the methods of a peer', async (s) => {
    const [watcher, server, other] = await s.clients('watcher', 'srv', 'other');
    const names = [unique('A'), unique('B')].sort();
    for (const name of names) {
        await server.interop.register(name, () => ({}));
        await methodVisible(watcher, name);
    }
    const foreign = unique('C');
    await other.interop.register(foreign, () => ({}));
    await methodVisible(watcher, foreign);
    const instance = watcher.interop.servers().find(({ application }) => application === 'srv');
    const listed = (methods) => methods.map(({ name }) => name).sort();
    assert.deepEqual(listed(watcher.interop.methodsForInstance(instance)), names);
    assert.deepEqual(listed(instance.getMethods()), names);
});

clientTest('peers on the same gateway are flagged local', async (s) => {
    const watcher = await s.client('watcher');
    const other = await s.client('other');
    const name = unique('Local');
    await other.interop.register(name, () => ({}));
    await methodVisible(watcher, name);
    const [server] = watcher.interop.methods({ name })[0].getServers();
    assert.equal(server.isLocal, true);
});

clientTest('of several servers each leaves the list of the others when it ends', async (s) => {
    const [watcher, ...others] = await s.clients('watcher', 'one', 'two');
    const present = () => watcher.interop.servers().map(({ application }) => application);
    for (const client of others) {
        const { application } = client.interop.instance;
        await leaveQuietly(client);
        await afterRemovals(
            watcher,
            () => !present().includes(application),
            `removal of ${application}`,
        );
    }
});
