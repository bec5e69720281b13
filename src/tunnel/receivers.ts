/**
 * Who gets what arrives at one end. What nobody is there for waits until somebody is: a message for
 * a listener, a request for a handler or a listener.
 */

import type { MessageListener, RequestHandler } from '../../dash_interop/dash_interop.d.ts';
import type { Incoming } from './frames';
import { MOST_WAITING } from './outbox';

export interface ReceiverOutlets {
    /** A request goes to a handler. */
    handle: (handler: RequestHandler, request: Extract<Incoming, { type: 'request' }>) => void;
    /** A request is about to go to listeners, any of which may answer it. */
    open: (request: Extract<Incoming, { type: 'request' }>) => void;
    /** A listener has thrown. */
    failed: (error: unknown) => void;
}

export class Receivers {
    private readonly outlets: ReceiverOutlets;
    /** The one that others replace. */
    private main: MessageListener | undefined;
    private readonly others = new Set<{ listener: MessageListener }>();
    private handler: RequestHandler | undefined;
    private waiting: Incoming[] = [];
    private isFlushing = false;

    constructor(outlets: ReceiverOutlets) {
        this.outlets = outlets;
    }

    setMain(listener: MessageListener): void {
        this.main = listener;
        this.flush();
    }

    /** @returns How to stop. */
    listen(listener: MessageListener): () => void {
        // The same function may listen twice.
        const entry = { listener };
        this.others.add(entry);
        this.flush();
        return () => this.others.delete(entry);
    }

    setHandler(handler: RequestHandler): void {
        this.handler = handler;
        this.flush();
    }

    /** @returns Whether it is taken, or kept; too many may wait already. */
    take(frame: Incoming): boolean {
        // What has waited longer goes first.
        if (!this.isFlushing && this.mayGo(frame)) {
            this.hand(frame);
            return true;
        }
        if (this.waiting.length >= MOST_WAITING) {
            return false;
        }
        this.waiting.push(frame);
        return true;
    }

    /** A request that nobody waits for any more goes to nobody. */
    withdraw(requestId: string): void {
        this.waiting = this.waiting.filter(
            (frame) => frame.type !== 'request' || frame.requestId !== requestId,
        );
    }

    clear(): void {
        this.main = undefined;
        this.others.clear();
        this.handler = undefined;
        this.waiting = [];
    }

    /** Hands out what waits once the present code has run: it may have more to set up. */
    private flush(): void {
        if (this.isFlushing || this.waiting.length === 0) {
            return;
        }
        this.isFlushing = true;
        queueMicrotask(() => {
            let next = 0;
            const kept: Incoming[] = [];
            // More may come meanwhile.
            while (next < this.waiting.length) {
                const frame = this.waiting[next];
                next += 1;
                if (this.mayGo(frame)) {
                    this.hand(frame);
                } else {
                    kept.push(frame);
                }
            }
            this.waiting = kept;
            this.isFlushing = false;
        });
    }

    private mayGo(frame: Incoming): boolean {
        const isRequest = frame.type === 'request';
        return (
            this.main !== undefined ||
            this.others.size > 0 ||
            (isRequest && this.handler !== undefined)
        );
    }

    private hand(frame: Incoming): void {
        if (frame.type === 'request') {
            if (this.handler) {
                this.outlets.handle(this.handler, frame);
                return;
            }
            this.outlets.open(frame);
        }
        const main = this.main ? [this.main] : [];
        for (const listener of [...main, ...[...this.others].map((each) => each.listener)]) {
            try {
                listener(frame.version, frame.data);
            } catch (error) {
                this.outlets.failed(error);
            }
        }
    }
}
