// Methods of one client invoked by another.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

clientTest('register, then invoke (target best) returns the object of the handler', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Sum');
    let asked;
    await server.interop.register(name, (args, from) => {
        asked = from;
        return { sum: args.a + args.b };
    });
    await methodVisible(caller, name);
    const result = await caller.interop.invoke(name, { a: 2, b: 40 });
    assert.deepEqual(result.returned, { sum: 42 });
    assert.equal(result.executed_by.peerId, server.connection.peerId);
    assert.equal(result.executed_by.application, 'srv');
    assert.equal(result.method.name, name);
    assert.deepEqual(result.called_with, { a: 2, b: 40 });
    assert.equal(result.all_return_values.length, 1);
    assert.equal(asked.application, 'cli');
    assert.equal(asked.instance, caller.interop.instance.instance);
});

clientTest('a client can invoke its own method', async (s) => {
    const client = await s.client('own');
    const name = unique('Own');
    await client.interop.register(name, ({ n }) => ({ n: n + 1 }));
    const { returned } = await client.interop.invoke(name, { n: 1 });
    assert.deepEqual(returned, { n: 2 });
});

clientTest('invoking without arguments delivers an empty object', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('NoArguments');
    let got;
    await server.interop.register(name, (args) => {
        got = args;
    });
    await methodVisible(caller, name);
    await caller.interop.invoke(name);
    assert.deepEqual(got, {});
});

clientTest('no result arrives as {}, primitives and arrays as _value', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const expectations = [
        [undefined, {}],
        [null, {}],
        [5, { _value: 5 }],
        ['s', { _value: 's' }],
        [[1, 2], { _value: [1, 2] }],
        [{ k: null }, { k: null }],
    ];
    for (const [value, expected] of expectations) {
        const name = unique('Returns');
        await server.interop.register(name, () => value);
        await methodVisible(caller, name);
        const { returned } = await caller.interop.invoke(name);
        assert.deepEqual(returned, expected, JSON.stringify(value));
    }
});

clientTest('the metadata of a method definition is visible to the other client', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const definition = {
        name: unique('Described'),
        displayName: 'Shown as',
        description: 'What it does',
        version: 3,
        accepts: 'int a, String? b',
        returns: 'int c',
        objectTypes: ['Instrument', 'Party'],
        flags: { colour: 'red', nested: { x: [1] } },
    };
    await server.interop.register(definition, () => ({}));
    await methodVisible(caller, definition.name);
    const [method] = caller.interop.methods({ name: definition.name });
    for (const field of Object.keys(definition)) {
        assert.deepEqual(method[field], definition[field], field);
    }
    assert.equal(method.supportsStreaming, false);
    const [by] = method.getServers();
    assert.equal(by.application, 'srv');
});

clientTest('the same name cannot be registered twice by one client', async (s) => {
    const client = await s.client('srv');
    const name = unique('Twice');
    await client.interop.register(name, () => ({ v: 1 }));
    await rejection(client.interop.register(name, () => ({ v: 2 })));
    const { returned } = await client.interop.invoke(name);
    assert.deepEqual(returned, { v: 1 });
});

clientTest('twenty methods registered at once are all invocable', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const names = Array.from({ length: 20 }, (_none, i) => unique(`Many${i}`));
    await Promise.all(names.map((name, i) => server.interop.register(name, () => ({ i }))));
    await Promise.all(names.map((name) => methodVisible(caller, name)));
    const results = await Promise.all(names.map((name) => caller.interop.invoke(name)));
    assert.deepEqual(
        results.map(({ returned }) => returned.i),
        names.map((_name, i) => i),
    );
});
