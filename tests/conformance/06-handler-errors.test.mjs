// What the caller learns of a handler that fails.
import assert from 'node:assert/strict';
import { methodVisible, rejection } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

async function failing(s, handler, register = 'register') {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Fails');
    await server.interop[register](name, handler);
    await methodVisible(caller, name);
    return { server, caller, name };
}

clientTest('a handler that throws an error rejects the call with its message', async (s) => {
    const { caller, name } = await failing(s, () => {
        throw new Error('kaputt');
    });
    const error = await rejection(caller.interop.invoke(name));
    assert.match(error.message, /kaputt/);
    assert.equal(error.executed_by.application, 'srv');
    assert.equal(error.method.name, name);
});

clientTest('a handler that throws a string', async (s) => {
    const { caller, name } = await failing(s, () => {
        throw 'just text';
    });
    const error = await rejection(caller.interop.invoke(name));
    assert.match(error.message, /just text/);
});

clientTest('a handler that returns a rejected promise', async (s) => {
    const { caller, name } = await failing(s, () => Promise.reject(new Error('later trouble')));
    const error = await rejection(caller.interop.invoke(name));
    assert.match(error.message, /later trouble/);
});

clientTest('the error callback of registerAsync', async (s) => {
    const { caller, name } = await failing(
        s,
        (_args, _caller, _success, fail) => setImmediate(fail, 'declined'),
        'registerAsync',
    );
    const error = await rejection(caller.interop.invoke(name));
    assert.match(error.message, /declined/);
});

clientTest('a thrown object travels as the context of the error', async (s) => {
    const { caller, name } = await failing(s, () => {
        throw { message: 'with data', code: 17 };
    });
    const error = await rejection(caller.interop.invoke(name));
    assert.match(error.message, /with data/);
    assert.equal(error.returned.code, 17);
});

clientTest('an empty message is still an error', async (s) => {
    const { caller, name } = await failing(s, () => {
        throw new Error('');
    });
    const error = await rejection(caller.interop.invoke(name));
    assert.equal(error.method.name, name);
});

clientTest('after an error the same method works again', async (s) => {
    let calls = 0;
    const { caller, name } = await failing(s, () => {
        calls += 1;
        if (calls === 1) {
            throw new Error('only once');
        }
        return { calls };
    });
    await rejection(caller.interop.invoke(name));
    const { returned } = await caller.interop.invoke(name);
    assert.deepEqual(returned, { calls: 2 });
});
