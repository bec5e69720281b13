// Steps that the tests of contexts have in common.
import { isDeepStrictEqual } from 'node:util';
import { Collected } from './deadline.mjs';

// All that a subscription reports from now on, and a way to wait for a value.
export async function watch(client, name) {
    const seen = new Collected();
    const unsubscribe = await client.contexts.subscribe(
        name,
        (data, delta, removed, _stop, extra) =>
            seen.add({ data, delta, removed, updaterId: extra?.updaterId }),
    );
    return {
        seen,
        unsubscribe,
        value: (expected) =>
            seen.until(
                (items) => isDeepStrictEqual(items.at(-1)?.data, expected),
                `value ${JSON.stringify(expected)}`,
            ),
    };
}

// Waits until all clients have the same value, which is the gateway's as a newcomer reads it.
export async function agree(s, clients, name) {
    const newcomer = await s.client('newcomer');
    const expected = await newcomer.contexts.get(name);
    const looks = new Collected();
    const look = async () => {
        const values = await Promise.all(clients.map((client) => client.contexts.get(name)));
        looks.add(values.every((value) => isDeepStrictEqual(value, expected)));
    };
    for (const client of clients) {
        await client.contexts.subscribe(name, look);
    }
    await look();
    await looks.until(
        (items) => items.includes(true),
        `agreement on ${JSON.stringify(expected).slice(0, 300)}`,
    );
    return expected;
}
