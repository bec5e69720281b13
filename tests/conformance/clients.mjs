// The published client libraries, with options that keep them quiet and quick.
import { createRequire } from 'node:module';
import { within } from './deadline.mjs';

const require = createRequire(import.meta.url);

export const interopioCore = { name: '@interopio/core', factory: require('@interopio/core') };
export const glue42Core = { name: '@glue42/core', factory: require('@glue42/core') };
export const clientLibraries = [interopioCore, glue42Core];

// The libraries report refused frames on the console; the tests assert what matters of them.
const silentLogger = Object.fromEntries(
    ['trace', 'debug', 'info', 'warn', 'error', 'log', 'off'].map((level) => [level, () => {}]),
);

export async function connectClient(library, { url, user, application, auth, identity, more }) {
    const created = library.factory({
        application,
        gateway: { ws: url, protocolVersion: 3, reconnectInterval: 20, reconnectAttempts: 1000 },
        auth: auth ?? { username: user, password: 'x' },
        identity,
        customLogger: silentLogger,
        metrics: false,
        insights: false,
        ...more,
    });
    return within(created, `login of ${application}`);
}

export async function leaveQuietly(client) {
    await within(Promise.resolve(client.done()), 'leave', 1000);
}

export async function rejection(promise) {
    let value;
    try {
        value = await promise;
    } catch (error) {
        return error;
    }
    throw new Error(`a rejection was expected, not ${JSON.stringify(value)?.slice(0, 200)}`);
}

// Others learn of a method a moment later than the client that registered it.
export async function methodVisible(client, name, servers = 1) {
    const visible = () =>
        (client.interop.methods({ name })[0]?.getServers() ?? []).length >= servers;
    if (visible()) {
        return;
    }
    let stop;
    const added = new Promise((resolve) => {
        stop = client.interop.serverMethodAdded(() => visible() && resolve());
    });
    try {
        await within(added, `method ${name} at ${servers} servers`);
    } finally {
        stop();
    }
}

// Returns when `gone()` holds; looks again at each event of the client that may change it.
export async function afterRemovals(client, gone, what) {
    const stops = [];
    const removed = new Promise((resolve) => {
        // The library may report an event before its own lists are up to date.
        const look = () => setImmediate(() => gone() && resolve());
        for (const event of ['serverMethodRemoved', 'methodRemoved', 'serverRemoved']) {
            stops.push(client.interop[event](look));
        }
        look();
    });
    try {
        await within(removed, what);
    } finally {
        for (const stop of stops) {
            stop();
        }
    }
}
