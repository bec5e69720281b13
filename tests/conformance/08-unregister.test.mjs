// Methods that go away while their client stays.
import assert from 'node:assert/strict';
import { afterRemovals, methodVisible, rejection } from './clients.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

function methodGone(client, name) {
    const gone = () => client.interop.methods({ name }).length === 0;
    return afterRemovals(client, gone, `removal of ${name}`);
}

const soon = { waitTimeoutMs: 100 };

clientTest('after unregister the method disappears for others and invoke fails', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Gone');
    await server.interop.register(name, () => ({}));
    await methodVisible(caller, name);
    await server.interop.unregister(name);
    await methodGone(caller, name);
    await rejection(caller.interop.invoke(name, {}, 'best', soon));
});

clientTest('unregister, then register again uses the new handler', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const name = unique('Again');
    await server.interop.register(name, () => ({ v: 1 }));
    await methodVisible(caller, name);
    await server.interop.unregister(name);
    await methodGone(caller, name);
    await server.interop.register(name, () => ({ v: 2 }));
    await methodVisible(caller, name);
    const { returned } = await caller.interop.invoke(name);
    assert.deepEqual(returned, { v: 2 });
});

clientTest('unregister of one method leaves the others', async (s) => {
    const [server, caller] = await s.clients('srv', 'cli');
    const [leaving, staying] = [unique('Leaves'), unique('Stays')];
    await server.interop.register(leaving, () => ({}));
    await server.interop.register(staying, () => ({ here: true }));
    await methodVisible(caller, staying);
    await server.interop.unregister(leaving);
    await methodGone(caller, leaving);
    const { returned } = await caller.interop.invoke(staying);
    assert.deepEqual(returned, { here: true });
});

clientTest('unregister of an unknown method is rejected', async (s) => {
    const client = await s.client('srv');
    await rejection(client.interop.unregister(unique('Unknown')));
});

clientTest('of two servers, unregistering one leaves the other reachable', async (s) => {
    const [one, two, caller] = await s.clients('one', 'two', 'cli');
    const name = unique('Shared');
    await one.interop.register(name, () => ({ by: 'one' }));
    await two.interop.register(name, () => ({ by: 'two' }));
    await methodVisible(caller, name, 2);
    await one.interop.unregister(name);
    const single = () => caller.interop.methods({ name })[0]?.getServers().length === 1;
    await afterRemovals(caller, single, 'removal of one server');
    const { all_return_values: values } = await caller.interop.invoke(name, {}, 'all');
    assert.deepEqual(
        values.map(({ returned }) => returned.by),
        ['two'],
    );
});
