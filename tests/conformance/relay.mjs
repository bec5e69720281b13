// A relay of TCP connections between clients and the gateway that can be cut and shut, and that can
// hold back what the gateway says.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Relay {
    #pairs = new Set();
    #open = true;
    #target;

    static async to(url) {
        const relay = new Relay(url);
        relay.server.listen(0, '127.0.0.1');
        await once(relay.server, 'listening');
        return relay;
    }

    constructor(url) {
        this.retarget(url);
        this.server = createServer((near) => this.#accept(near));
    }

    get url() {
        return `ws://127.0.0.1:${this.server.address().port}`;
    }

    retarget(url) {
        const { hostname, port } = new URL(url);
        this.#target = { host: hostname, port: Number(port) };
    }

    #accept(near) {
        near.on('error', () => {});
        if (!this.#open) {
            near.destroy();
            return;
        }
        const far = connect(this.#target);
        const pair = { near, far };
        this.#pairs.add(pair);
        far.on('error', () => {});
        near.setNoDelay(true);
        far.setNoDelay(true);
        near.pipe(far).pipe(near);
        const end = () => {
            near.destroy();
            far.destroy();
            this.#pairs.delete(pair);
        };
        near.on('close', end);
        far.on('close', end);
    }

    // Keeps what the gateway sends.
    hold() {
        for (const pair of this.#pairs) {
            pair.held = [];
            pair.keep = (data) => pair.held.push(data);
            pair.far.unpipe(pair.near);
            pair.far.on('data', pair.keep);
        }
    }

    // Passes on what was kept, in one piece.
    release() {
        for (const { near, far, held, keep } of this.#pairs) {
            far.off('data', keep);
            near.write(Buffer.concat(held));
            far.pipe(near);
        }
    }

    // Ends all connections at once; new ones are accepted unless the relay is shut.
    cut() {
        for (const { near, far } of this.#pairs) {
            near.destroy();
            far.destroy();
        }
    }

    shut() {
        this.#open = false;
        this.cut();
    }

    open() {
        this.#open = true;
    }

    async close() {
        this.shut();
        this.server.close();
        await once(this.server, 'close');
    }
}
