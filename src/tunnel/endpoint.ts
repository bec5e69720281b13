/**
 * One end of a tunnel: it gives messages their versions, knows which answers are stale, and which
 * request an answer belongs to. It knows neither Dash nor notebooks. Whoever connects it to the other
 * end takes frames out of it, in order, and hands it those that arrive; `tunnel.json` among the
 * vectors of the tests holds it and the end in Python to the same rules.
 *
 * A version is the highest that was sent or received before, + 1. An answer with the version of a
 * message is stale when a message with a higher version was answered before. The answer with the
 * version of a request goes to that request and to nobody else, so it is never stale.
 */

import type {
    MessageListener,
    RequestHandler,
    RequestOptions,
} from '../../dash_interop/dash_interop.d.ts';
import { type HandlerError, libraryError } from '../client/failures';
import { errorOf, TunnelError } from './errors';
import type { Frame, Incoming } from './frames';
import { MOST_WAITING, Outbox } from './outbox';
import { Receivers } from './receivers';
import { Requests, readOptions } from './requests';
import { portable, readFunction, readVersion } from './values';

type Request = Extract<Incoming, { type: 'request' }>;

export interface EndpointOutlets {
    /** There is something to take. */
    wake: () => void;
    /** Why what waits cannot be sent at present, in words; undefined where nothing is in its way. */
    obstacle: () => string | undefined;
    /** Nobody waits any more for the answer to a request that was taken. */
    cancel: (requestId: string) => void;
    /** A listener has thrown. */
    failed: (error: unknown) => void;
    newId: () => string;
}

export class Endpoint {
    private readonly outlets: EndpointOutlets;
    private counter = 0;
    private staleCount = 0;
    /** The highest version that a message was answered with. */
    private answered = 0;
    /** Why everything has ended; undefined while it has not. */
    private ended: string | undefined;
    private readonly outbox = new Outbox();
    private readonly requests: Requests;
    private readonly receivers: Receivers;
    /** The requests of the other end that listeners may answer, by version. */
    private readonly open = new Map<number, string>();
    /** Those that a handler has. */
    private readonly handled = new Set<string>();

    constructor(outlets: EndpointOutlets) {
        this.outlets = outlets;
        this.requests = new Requests(
            (requestId) => this.giveUp(requestId),
            (requestId, timeoutMs) => this.whyLate(requestId, timeoutMs),
        );
        this.receivers = new Receivers({
            handle: (handler, request) => this.handle(handler, request),
            open: ({ version, requestId }) => this.open.set(version, requestId),
            failed: (error) => outlets.failed(error),
        });
    }

    get version(): number {
        return this.counter;
    }

    get stale(): number {
        return this.staleCount;
    }

    // What its user does

    /** Sends a message; returns its version. */
    send(data: unknown): number {
        this.checkUse();
        this.outbox.checkRoom();
        const message = portable(data);
        this.counter += 1;
        this.put({ type: 'message', version: this.counter, data: message });
        return this.counter;
    }

    /** Answers what had that version; returns whether it was sent. */
    sendWithVersion(version: number, data: unknown): boolean {
        this.checkUse();
        const answered = readVersion(version);
        const message = portable(data);
        const requestId = this.open.get(answered);
        if (requestId !== undefined) {
            this.open.delete(answered);
            this.put({ type: 'answer', requestId, data: message });
            return true;
        }
        if (answered < this.answered) {
            this.staleCount += 1;
            return false;
        }
        this.outbox.checkRoom();
        this.answered = answered;
        this.see(answered);
        this.put({ type: 'message', version: answered, data: message });
        return true;
    }

    /** Asks the other end. */
    async request(data: unknown, options: RequestOptions = {}): Promise<unknown> {
        this.checkUse();
        const settings = readOptions(options);
        settings.signal?.throwIfAborted();
        const value = portable(data);
        if (settings.newestOnly) {
            this.requests.supersede();
        }
        this.outbox.checkRoom();
        this.requests.checkRoom();
        const requestId = this.outlets.newId();
        const answer = this.requests.add(requestId, settings);
        this.counter += 1;
        this.put({ type: 'request', version: this.counter, data: value, requestId });
        return answer;
    }

    onReceive(listener: MessageListener): void {
        this.checkUse();
        this.receivers.setMain(readFunction('on_receive', listener));
    }

    /** @returns How to stop. */
    listen(listener: MessageListener): () => void {
        this.checkUse();
        return this.receivers.listen(readFunction('listen', listener));
    }

    onRequest(handler: RequestHandler): void {
        this.checkUse();
        this.receivers.setHandler(readFunction('on_request', handler));
    }

    // What connects it to the other end

    /** How many frames wait to be taken. */
    get waiting(): number {
        return this.outbox.size;
    }

    /** The frames that have waited longest. They are sent now, and not handed out again. */
    take(most = Number.POSITIVE_INFINITY): Frame[] {
        return this.outbox.take(most);
    }

    /** Whether a request of this end has no answer yet. */
    awaits(requestId: string): boolean {
        return this.requests.has(requestId);
    }

    /**
     * A frame has arrived from the other end.
     *
     * @throws TunnelError where nobody listens and too many messages wait already: it is lost.
     */
    receive(frame: Frame): void {
        if (this.ended !== undefined) {
            return;
        }
        switch (frame.type) {
            case 'answer':
                this.settle(frame);
                break;
            case 'cancel':
                this.forget(frame.requestId);
                break;
            default:
                this.see(frame.version);
                this.admit(frame);
        }
    }

    /** The tunnel is gone: whoever waits is told, and so is whoever uses it from now on. */
    end(reason: string): void {
        if (this.ended !== undefined) {
            return;
        }
        this.ended = reason;
        this.outbox.clear();
        this.receivers.clear();
        this.open.clear();
        this.handled.clear();
        this.requests.failAll(new TunnelError('Ended', reason));
    }

    // How

    private checkUse(): void {
        if (this.ended !== undefined) {
            throw new TunnelError('Ended', this.ended);
        }
    }

    private see(version: number): void {
        this.counter = Math.max(this.counter, version);
    }

    private put(frame: Frame): void {
        this.outbox.add(frame);
        this.outlets.wake();
    }

    private admit(frame: Incoming): void {
        if (this.receivers.take(frame)) {
            return;
        }
        const words = `Overloaded: ${MOST_WAITING} messages wait already for somebody who listens`;
        if (frame.type === 'message') {
            throw new TunnelError('Overloaded', words);
        }
        const { requestId } = frame;
        this.put({ type: 'answer', requestId, error: libraryError('Overloaded', words) });
    }

    private settle(answer: Extract<Frame, { type: 'answer' }>): void {
        if ('error' in answer) {
            this.requests.fail(answer.requestId, errorOf(answer.error));
        } else {
            this.requests.succeed(answer.requestId, answer.data);
        }
    }

    /** The other end does not wait for the answer to its request any more. */
    private forget(requestId: string): void {
        this.receivers.withdraw(requestId);
        this.handled.delete(requestId);
        for (const [version, open] of this.open) {
            if (open === requestId) {
                this.open.delete(version);
            }
        }
    }

    /** Nobody waits for the answer to an own request any more. */
    private giveUp(requestId: string): void {
        if (!this.outbox.withdraw(requestId)) {
            this.outlets.cancel(requestId);
        }
    }

    private whyLate(requestId: string, timeoutMs: number): string {
        if (!this.outbox.holds(requestId)) {
            return `There was no answer within ${timeoutMs} ms`;
        }
        const obstacle = this.outlets.obstacle() ?? 'what was sent before it took too long';
        return `The request waited ${timeoutMs} ms and was not sent: ${obstacle}`;
    }

    private async handle(
        handler: RequestHandler,
        { requestId, data, version }: Request,
    ): Promise<void> {
        this.handled.add(requestId);
        let answer: Frame;
        try {
            const value = await handler(data, version);
            answer = { type: 'answer', requestId, data: portable(value ?? null) };
        } catch (error) {
            answer = { type: 'answer', requestId, error: describe(error) };
        }
        if (this.handled.delete(requestId)) {
            this.put(answer);
        }
    }
}

/** What the other end is told of an exception. */
function describe(error: unknown): HandlerError {
    return error instanceof Error
        ? { message: `${error.name}: ${error.message}`, type: error.name }
        : { message: String(error) };
}
