// Branches: parts of a stream with subscribers of their own.
import assert from 'node:assert/strict';
import { publish, subscribe } from './streams.mjs';
import { clientTest, unique, useGateway } from './suite.mjs';

useGateway();

// One subscriber on branch EU, one on branch US.
async function branched(s) {
    const [publisher, first, second] = await s.clients('pub', 'one', 'two');
    const name = unique('Branched');
    const published = await publish(publisher, name, (request) =>
        request.acceptOnBranch(request.arguments.region),
    );
    const eu = await subscribe(first, name, { arguments: { region: 'EU' } });
    const us = await subscribe(second, name, { arguments: { region: 'US' } });
    await published.added.count(2);
    return { ...published, eu, us };
}

// What was pushed before this has arrived when this has.
async function finish({ stream }, ...subscribers) {
    stream.push({ last: true });
    for (const { events } of subscribers) {
        await events.until((items) => items.at(-1)?.data.last, 'last event');
    }
}

function values({ values: all }) {
    return all()
        .filter(({ last }) => !last)
        .map(({ v }) => v);
}

clientTest('a push to one branch reaches only its subscribers', async (s) => {
    const branches = await branched(s);
    branches.stream.push({ v: 1 }, 'EU');
    branches.stream.push({ v: 2 }, 'US');
    await finish(branches, branches.eu, branches.us);
    assert.deepEqual([values(branches.eu), values(branches.us)], [[1], [2]]);
});

clientTest('a push to a list of branches', async (s) => {
    const branches = await branched(s);
    branches.stream.push({ v: 3 }, ['EU', 'US']);
    await finish(branches, branches.eu, branches.us);
    assert.deepEqual([values(branches.eu), values(branches.us)], [[3], [3]]);
});

clientTest('a push without a branch reaches all branches', async (s) => {
    const branches = await branched(s);
    branches.stream.push({ v: 4 });
    await finish(branches, branches.eu, branches.us);
    assert.deepEqual([values(branches.eu), values(branches.us)], [[4], [4]]);
});

clientTest('the branch object: push and listing', async (s) => {
    const branches = await branched(s);
    const { stream } = branches;
    assert.deepEqual(
        stream
            .branches()
            .map(({ key }) => key)
            .sort(),
        ['EU', 'US'],
    );
    assert.equal(stream.branch('EU').subscriptions().length, 1);
    stream.branch('EU').push({ v: 5 });
    await finish(branches, branches.eu, branches.us);
    assert.deepEqual([values(branches.eu), values(branches.us)], [[5], []]);
});

clientTest('closing a branch closes only its subscriptions', async (s) => {
    const branches = await branched(s);
    branches.stream.branch('EU').close();
    await branches.eu.closings.count(1);
    branches.stream.push({ v: 6 });
    await finish(branches, branches.us);
    assert.deepEqual(values(branches.us), [6]);
    assert.equal(branches.us.closings.items.length, 0);
    assert.deepEqual(branches.eu.values(), []);
});
