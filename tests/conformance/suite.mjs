// One gateway for each test file, tests isolated from each other by users of their own, and
// the bookkeeping of the known faults of the reference.
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { clientLibraries, connectClient, leaveQuietly } from './clients.mjs';
import { setDeadline } from './deadline.mjs';
import { againstReference, startGateway } from './gateway-process.mjs';
import { referenceDifferences } from './reference-differences.mjs';
import { WireClient } from './wire-client.mjs';

let gateway = null;

export function gatewayUrl() {
    return gateway.url;
}

export function useGateway() {
    before(async () => {
        gateway = await startGateway();
    });
    after(async () => {
        // Calls that are never answered leave the libraries with timers of half a minute; they
        // would keep the process although all is done.
        setTimeout(() => process.exit(), 500).unref();
        await gateway?.stop();
    });
}

export function unique(prefix) {
    return `${prefix}.${randomBytes(5).toString('hex')}`;
}

// What a test gets: a user nobody else has, and connections that are closed after the test.
class Session {
    user = unique('user');
    #connections = [];

    constructor(library) {
        this.library = library;
    }

    // A client of the library under test.
    async client(application, options = {}) {
        const client = await connectClient(this.library, {
            url: options.url ?? gatewayUrl(),
            user: options.user ?? this.user,
            application,
            ...options,
        });
        this.#connections.push(() => leaveQuietly(client));
        return client;
    }

    async clients(...applications) {
        const clients = [];
        for (const application of applications) {
            clients.push(await this.client(application));
        }
        return clients;
    }

    // A socket without any login.
    async socket(url = gatewayUrl()) {
        const wire = await WireClient.open(url);
        this.#connections.push(() => wire.close());
        return wire;
    }

    // A raw connection that is logged in but has joined nothing.
    async stranger(application, user = this.user) {
        const wire = await this.socket();
        await wire.login({ application }, user);
        return wire;
    }

    // A raw connection that is logged in and has joined agm.
    async peer(application, user = this.user) {
        const wire = await this.stranger(application, user);
        await wire.join('agm');
        return wire;
    }

    closeLater(close) {
        this.#connections.push(close);
    }

    // The latest first and one after the other: a client that loses its relay or its gateway
    // before it has left would try to reconnect for ever.
    async end() {
        for (const close of this.#connections.reverse()) {
            await close().catch(() => {});
        }
    }
}

function define(title, library, body) {
    const fullTitle = library ? `${title} (${library.name})` : title;
    const known = referenceDifferences[fullTitle] ?? referenceDifferences[title];
    const reason = againstReference ? known : undefined;
    test(fullTitle, async (t) => {
        const session = new Session(library);
        let failure = null;
        setDeadline(reason === undefined ? 5000 : 1000);
        try {
            await body(session);
        } catch (error) {
            failure = error;
        } finally {
            await session.end();
        }
        if (reason === undefined) {
            if (failure) {
                throw failure;
            }
        } else if (failure) {
            t.diagnostic(`the reference differs: ${reason}`);
        } else {
            throw new Error(`the reference passes, although it was said to differ: ${reason}`);
        }
    });
}

export function wireTest(title, body) {
    define(title, undefined, body);
}

// Runs once for each published client library.
export function clientTest(title, body, libraries = clientLibraries) {
    for (const library of libraries) {
        define(title, library, body);
    }
}
