// The targets of invoke: who is called, and what the caller learns when some or all fail.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

// Three clients that have one method and answer with the name of their application.
async function three(s) {
    const clients = await s.clients('appA', 'appB', 'appC');
    const name = unique('Who');
    for (const client of clients) {
        const { application } = client.interop.instance;
        await client.interop.register(name, () => ({ application }));
    }
    await Promise.all(clients.map((client) => methodVisible(client, name, 3)));
    return { clients, name };
}

function answered(result) {
    return result.all_return_values.map(({ returned }) => returned.application).sort();
}

const soon = { waitTimeoutMs: 100 };

clientTest('target all reaches every server including the own one of the caller', async (s) => {
    const { clients, name } = await three(s);
    const result = await clients[0].interop.invoke(name, {}, 'all');
    assert.deepEqual(answered(result), ['appA', 'appB', 'appC']);
});

clientTest('target skipMine reaches every server but the caller', async (s) => {
    const { clients, name } = await three(s);
    const result = await clients[0].interop.invoke(name, {}, 'skipMine');
    assert.deepEqual(answered(result), ['appB', 'appC']);
});

clientTest('target best reaches exactly one', async (s) => {
    const { clients, name } = await three(s);
    const result = await clients[0].interop.invoke(name, {}, 'best');
    assert.equal(answered(result).length, 1);
});

clientTest('target {instance} reaches that instance', async (s) => {
    const { clients, name } = await three(s);
    for (const client of clients) {
        const { instance, application } = client.interop.instance;
        const result = await clients[0].interop.invoke(name, {}, { instance });
        assert.deepEqual(answered(result), [application]);
    }
});

clientTest('a full instance from servers() as target reaches that instance', async (s) => {
    const { clients, name } = await three(s);
    const target = clients[0].interop.servers().find((each) => each.application === 'appC');
    const result = await clients[0].interop.invoke(name, {}, target);
    assert.deepEqual(answered(result), ['appC']);
});

clientTest('target {peerId} reaches that peer', async (s) => {
    const { clients, name } = await three(s);
    const { peerId } = clients[1].connection;
    const result = await clients[0].interop.invoke(name, {}, { peerId });
    assert.deepEqual(answered(result), ['appB']);
});

clientTest('a list of instances as target reaches each of them', async (s) => {
    const { clients, name } = await three(s);
    const target = clients.slice(1).map(({ interop }) => ({ instance: interop.instance.instance }));
    const result = await clients[0].interop.invoke(name, {}, target);
    assert.deepEqual(answered(result), ['appB', 'appC']);
});

clientTest('target {application} filters by application', async (s) => {
    const { clients, name } = await three(s);
    const result = await clients[0].interop.invoke(name, {}, { application: 'appB' });
    assert.deepEqual(answered(result), ['appB']);
});

clientTest('target {application} is case insensitive', async (s) => {
    const { clients, name } = await three(s);
    const result = await clients[0].interop.invoke(name, {}, { application: 'APPb' });
    assert.deepEqual(answered(result), ['appB']);
});

clientTest('a target that matches nothing is rejected after the wait timeout', async (s) => {
    const { clients, name } = await three(s);
    const error = await rejection(
        clients[0].interop.invoke(name, {}, { application: 'nobody' }, soon),
    );
    assert.ok(error.message);
});

clientTest('skipMine with only the own server is rejected after the wait timeout', async (s) => {
    const client = await s.client('alone');
    const name = unique('Mine');
    await client.interop.register(name, () => ({}));
    const error = await rejection(client.interop.invoke(name, {}, 'skipMine', soon));
    assert.ok(error.message);
});

clientTest('a method filter by definition object (accepts) picks the right method', async (s) => {
    const [server, other, caller] = await s.clients('srv', 'other', 'cli');
    const name = unique('Overloaded');
    await server.interop.register({ name, accepts: 'int a' }, () => ({ took: 'int' }));
    await other.interop.register({ name, accepts: 'String a' }, () => ({ took: 'String' }));
    await methodVisible(caller, name, 1);
    for (const [accepts, expected] of [
        ['int a', 'int'],
        ['String a', 'String'],
    ]) {
        const { returned } = await caller.interop.invoke({ name, accepts }, { a: 1 });
        assert.equal(returned.took, expected);
    }
});

clientTest('target all: one handler fails, the results and the error are all there', async (s) => {
    const { clients } = await three(s);
    const name = unique('Partly');
    await clients[0].interop.register(name, () => ({ fine: 1 }));
    await clients[1].interop.register(name, () => {
        throw new Error('boom');
    });
    await methodVisible(clients[0], name, 2);
    const result = await clients[0].interop.invoke(name, {}, 'all');
    assert.deepEqual(
        result.all_return_values.map(({ returned }) => returned),
        [{ fine: 1 }],
    );
    assert.equal(result.all_errors.length, 1);
    assert.match(result.all_errors[0].message, /boom/);
});

clientTest('target all: every handler fails, the rejection has all errors', async (s) => {
    const [a, b] = await s.clients('a', 'b');
    const name = unique('AllBad');
    await a.interop.register(name, () => {
        throw new Error('first trouble');
    });
    await b.interop.register(name, () => {
        throw new Error('second trouble');
    });
    await methodVisible(a, name, 2);
    const error = await rejection(a.interop.invoke(name, {}, 'all'));
    const text = JSON.stringify([error, error.message, error.all_errors]);
    assert.match(text, /first trouble/);
    assert.match(text, /second trouble/);
});
