// Values on their way through the gateway.
import assert from 'node:assert/strict';
import { methodVisible } from './clients.mjs';
import { clientTest, unique, useGateway, wireTest } from './suite.mjs';

useGateway();

async function echo(s) {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Echo');
    let received;
    await server.interop.register(name, (args) => {
        received = args;
        return args;
    });
    await methodVisible(caller, name);
    return async (value) => {
        const { returned } = await caller.interop.invoke(name, value);
        return { received, returned };
    };
}

async function survives(s, value) {
    const { received, returned } = await (await echo(s))(value);
    assert.deepEqual(received, value);
    assert.deepEqual(returned, value);
}

clientTest('nested objects, arrays, null, booleans, floats, empty values survive', async (s) => {
    await survives(s, {
        nested: { a: { b: { c: [1, [2, [3]], {}] } } },
        nothing: null,
        yes: true,
        no: false,
        float: 0.1,
        small: 1e-300,
        negative: -2.5e10,
        zero: 0,
        emptyText: '',
        emptyList: [],
        emptyObject: {},
        mixed: [null, 1, 'a', { x: null }, []],
    });
});

clientTest('unicode and awkward keys survive', async (s) => {
    await survives(s, {
        'Zürich €': '漢字 \u{1f600} עברית',
        'with.dot': 1,
        'with/slash': 2,
        'with"quote': 'a"b\\c',
        'with:colon': 3,
        ':keyword': ':value',
        'with space ': ' x ',
        '': 'empty key',
        control: '\u0000\u0001\n\t\u2028\u007f',
        $dollar: '#hash',
        constructor: 'c',
        type: 'hello',
        domain: 'global',
        peer_id: 'nobody',
    });
});

clientTest('Date values arrive as Date', async (s) => {
    const date = new Date(1700000000123);
    const { received, returned } = await (await echo(s))({ date, list: [date] });
    for (const value of [received, returned]) {
        assert.ok(value.date instanceof Date);
        assert.equal(value.date.getTime(), date.getTime());
        assert.equal(value.list[0].getTime(), date.getTime());
    }
});

wireTest('dates are ordinary strings for the gateway', async (s) => {
    const server = await s.peer('srv');
    const caller = await s.peer('cli');
    await server.register({ id: '1', name: unique('Dated'), flags: {} });
    const date = '#T42_DATE#1700000000123';
    caller.tell('call', {
        request_id: 'c1',
        server_id: server.peerId,
        method_id: '1',
        arguments_kv: { date },
    });
    const invoke = await server.next({ type: 'invoke' });
    assert.deepEqual(invoke.arguments_kv, { date });
});

clientTest('large integers in strings and floats keep their values', async (s) => {
    await survives(s, {
        text: '9007199254740993',
        max: Number.MAX_SAFE_INTEGER,
        min: Number.MIN_SAFE_INTEGER,
        third: 1 / 3,
        largest: Number.MAX_VALUE,
        smallest: Number.MIN_VALUE,
        epsilon: 1 + Number.EPSILON,
        exponent: 1.5e21,
    });
});

for (const megabytes of [1, 5]) {
    clientTest(`a ${megabytes} MB argument and result`, async (s) => {
        const text = 'abcdefghij'.repeat(megabytes * 100_000);
        const { received, returned } = await (await echo(s))({ text });
        assert.ok(received.text === text);
        assert.ok(returned.text === text);
    });
}

clientTest('an array of 5000 rows', async (s) => {
    const rows = Array.from({ length: 5000 }, (_none, i) => ({
        id: i,
        symbol: `SYM${i}`,
        price: i / 7,
        tags: ['a', 'b'],
        active: i % 2 === 0,
    }));
    await survives(s, { rows });
});
