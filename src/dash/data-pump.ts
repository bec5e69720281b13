/** Brings what waits in a queue to its callbacks, and leaves the browser time in between. */

import { LONGEST_TIMEOUT_MS } from '../client/deadlines';

/** How long the page may be kept from all else, such as a click. */
const SLICE_MS = 8;

export interface PumpedQueue<Value> {
    /** How long the next value has to wait; undefined when none may be taken yet. */
    waitMs: (now: number) => number | undefined;
    /** The next value; there has to be one. */
    take: (now: number) => Value;
}

export class DataPump<Value> {
    private readonly queue: PumpedQueue<Value>;
    private readonly deliver: (value: Value) => Promise<unknown>;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private isBusy = false;
    private isStopped = false;
    private sliceBegan = 0;

    /** @param deliver Resolves when the next value may come. It has to report what goes wrong. */
    constructor(queue: PumpedQueue<Value>, deliver: (value: Value) => Promise<unknown>) {
        this.queue = queue;
        this.deliver = deliver;
    }

    stop(): void {
        this.isStopped = true;
        clearTimeout(this.timer);
    }

    /** Delivers what may be delivered now; to be called whenever the queue has changed. */
    run(): void {
        clearTimeout(this.timer);
        if (this.isBusy || this.isStopped) {
            return;
        }
        const waitMs = this.queue.waitMs(performance.now());
        if (waitMs === 0) {
            this.next();
        } else if (waitMs !== undefined) {
            this.timer = setTimeout(() => this.run(), Math.min(waitMs, LONGEST_TIMEOUT_MS));
        }
    }

    private async next(): Promise<void> {
        this.isBusy = true;
        try {
            await this.deliver(this.queue.take(performance.now()));
            if (performance.now() - this.sliceBegan > SLICE_MS) {
                await browserTurn();
                this.sliceBegan = performance.now();
            }
        } finally {
            this.isBusy = false;
        }
        this.run();
    }
}

/** Resolves after the browser had a turn. A timer would be slower, and much so in a hidden tab. */
function browserTurn(): Promise<void> {
    return new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(null);
    });
}
