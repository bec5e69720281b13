// A raw protocol connection: sends frames as they are and keeps what comes back in order.
import { isDeepStrictEqual } from 'node:util';
import WebSocket from 'ws';
import { within } from './deadline.mjs';

function matches(frame, expected) {
    return Object.entries(expected).every(([key, value]) => isDeepStrictEqual(frame[key], value));
}

export class WireClient {
    peerId = null;
    identity = null;
    received = [];
    #waiting = [];
    #requests = 0;

    static async open(url) {
        const wire = new WireClient(new WebSocket(url, { perMessageDeflate: false }));
        const opened = new Promise((resolve, reject) => {
            wire.socket.once('open', resolve);
            wire.socket.once('error', reject);
        });
        await within(opened, 'open socket');
        return wire;
    }

    constructor(socket) {
        this.socket = socket;
        this.closed = new Promise((resolve) => {
            socket.on('close', (code) => resolve(code));
        });
        // A failing socket closes too, and that is what the tests look at.
        socket.on('error', () => {});
        socket.on('message', (data) => this.#accept(JSON.parse(data)));
    }

    #accept(frame) {
        const index = this.#waiting.findIndex(({ expected }) => matches(frame, expected));
        if (index >= 0) {
            this.#waiting.splice(index, 1)[0].resolve(frame);
        } else {
            this.received.push(frame);
        }
    }

    // The first frame not yet taken that has these fields.
    next(expected) {
        const index = this.received.findIndex((frame) => matches(frame, expected));
        if (index >= 0) {
            return Promise.resolve(this.received.splice(index, 1)[0]);
        }
        const found = new Promise((resolve) => this.#waiting.push({ expected, resolve }));
        return within(found, () => {
            const got = JSON.stringify(this.received.slice(-10));
            return `frame like ${JSON.stringify(expected)}, but ${got.slice(0, 3000)}`;
        });
    }

    // All frames not yet taken, oldest first.
    take() {
        return this.received.splice(0);
    }

    sendText(text) {
        this.socket.send(text);
    }

    send(frame) {
        const sender = this.peerId === null ? {} : { peer_id: this.peerId };
        this.sendText(JSON.stringify({ ...sender, ...frame }));
    }

    // Sends a frame and returns the answer, success and error alike.
    request(frame) {
        const request_id = `request-${++this.#requests}`;
        this.send({ request_id, ...frame });
        return this.next({ request_id: frame.request_id ?? request_id });
    }

    hello(identity, authentication) {
        // The sender's own id is absent in a hello.
        return this.request({
            domain: 'global',
            type: 'hello',
            peer_id: undefined,
            identity,
            authentication,
        });
    }

    async login(identity, user) {
        const authentication = { method: 'secret', login: user, secret: 'x' };
        const welcome = await this.hello(identity, authentication);
        if (welcome.type !== 'welcome') {
            throw new Error(`login refused: ${JSON.stringify(welcome)}`);
        }
        this.peerId = welcome.peer_id;
        this.identity = welcome.resolved_identity;
        return welcome;
    }

    join(destination, more = {}) {
        return this.request({ domain: 'global', type: 'join', destination, ...more });
    }

    leave(destination, more = {}) {
        return this.request({ domain: 'global', type: 'leave', destination, ...more });
    }

    agm(type, fields = {}) {
        return this.request({ domain: 'agm', type, ...fields });
    }

    // For the agm types that are not answered.
    tell(type, fields = {}) {
        this.send({ domain: 'agm', type, ...fields });
    }

    register(...methods) {
        return this.agm('register', { methods });
    }

    // Whatever the gateway had to say because of earlier frames of this connection is here when
    // the answer to a harmless refused request is. Any answer will do, hence the own id.
    async fence() {
        const request_id = `fence-${++this.#requests}`;
        await this.request({ domain: 'global', type: 'join', destination: 'fence', request_id });
    }

    async close() {
        this.socket.close();
        return within(this.closed, 'closed socket');
    }

    // Without any closing handshake, as when a process is killed.
    cut() {
        this.socket.terminate();
    }
}

// The gateway handles the frames of one connection in order, but those of two connections in
// any order: the actor's fence first, then those of the onlookers.
export async function settle(...wires) {
    for (const wire of wires) {
        await wire.fence();
    }
}

export function discard(...wires) {
    for (const wire of wires) {
        wire.take();
    }
}

export function outline(frames) {
    return frames.map(({ domain, type }) => `${domain} ${type}`);
}
