/**
 * The requests to subscribe to the stream of one StreamPublish: first in, first out, one at a time,
 * each decided once.
 *
 * A request waits for the decision of a Dash callback. It ends with that decision, when its time is
 * up, when the callback has ended and no other one can decide any more, or when the subscriber has
 * left. Its time runs from its arrival on; when it is up before its turn comes, the callback never
 * sees it.
 */

import type { Instance } from '../client/instance';
import type { SubscriptionRequest } from '../client/stream-subscribers';
import type { Decision } from './stream-writes';
import type { Delivery } from './triggered-runs';
import { whyFailed } from './why-unanswered';

/** The most requests that wait; one more is rejected. */
export const MOST_WAITING = 10_000;

/** How many requests are remembered after their end, to tell late decisions from wrong ones. */
const REMEMBERED = 1_000;

/** What callbacks get as `StreamPublish.request`. */
export interface RequestValue {
    requestId: string;
    arguments: Record<string, any>;
    caller: Instance;
}

export interface RequestOutlets {
    /** Hands a request to the callbacks; resolves when they have ended. */
    deliver: (value: RequestValue) => Promise<Delivery>;
    /** Stops waiting for the callbacks of the present request. */
    abandon: () => void;
    /** Whether a callback beside these may still decide, such as one that a click triggers. */
    mayDecideLater: (callbacks: Delivery['callbacks']) => boolean;
    warn: (message: string) => void;
}

/** A request that waits, or that the callbacks have. */
interface Entry {
    request: SubscriptionRequest;
    timer: ReturnType<typeof setTimeout>;
}

export class SubscriptionRequests {
    /** Longest time from arrival to decision, in milliseconds. */
    timeoutMs: number;
    private readonly outlets: RequestOutlets;
    private readonly waiting = new Map<string, Entry>();
    private current: Entry | undefined;
    private isRunning = false;
    private onDecided: () => void = () => {};
    /** Why a decision comes too late, by the id of the request; empty where it is nobody's fault. */
    private readonly past = new Map<string, string>();

    constructor(timeoutMs: number, outlets: RequestOutlets) {
        this.timeoutMs = timeoutMs;
        this.outlets = outlets;
    }

    add(request: SubscriptionRequest): void {
        if (this.waiting.size >= MOST_WAITING) {
            request.reject(`Overloaded: ${MOST_WAITING} requests are waiting already`);
            return;
        }
        const { timeoutMs } = this;
        const timer = setTimeout(() => this.expire(request, timeoutMs), timeoutMs);
        this.waiting.set(request.id, { request, timer });
        this.run();
    }

    /** @throws Error where no request waits for it. */
    decide({ requestId, ...decision }: Decision): void {
        const request = this.find(requestId);
        if (!request) {
            this.refuseLate(requestId);
            return;
        }
        this.settle(request, `the request ${requestId} was decided already`);
        if ('branch' in decision) {
            request.accept(decision.branch);
        } else {
            request.reject(decision.reason);
        }
    }

    /** The decision of a request cannot be read. */
    spoil(requestId: unknown, problem: string): void {
        const request = this.find(requestId);
        if (request) {
            this.settle(request, `the request ${requestId} was rejected: ${problem}`);
            request.reject(`The decision cannot be read: ${problem}`);
        }
    }

    /** The subscriber has left. */
    withdraw(request: SubscriptionRequest): void {
        this.settle(request, '');
    }

    /** Nobody decides any more: the component goes. */
    end(): void {
        for (const request of [...this.waiting.values()].map((entry) => entry.request)) {
            this.settle(request, '');
        }
        if (this.current) {
            this.settle(this.current.request, '');
        }
        this.outlets.abandon();
    }

    private async run(): Promise<void> {
        if (this.isRunning) {
            return;
        }
        this.isRunning = true;
        for (let entry = this.next(); entry; entry = this.next()) {
            const { id, arguments: given, subscriber } = entry.request;
            this.current = entry;
            const value = { requestId: id, arguments: given, caller: subscriber };
            const delivery = await this.outlets.deliver(value);
            if (this.current === entry) {
                await this.waitForLateDecision(entry.request, delivery);
            }
        }
        this.isRunning = false;
    }

    private next(): Entry | undefined {
        const [entry] = this.waiting.values();
        if (entry) {
            this.waiting.delete(entry.request.id);
        }
        return entry;
    }

    private async waitForLateDecision(
        request: SubscriptionRequest,
        { callbacks, failure }: Delivery,
    ): Promise<void> {
        if (!failure && this.outlets.mayDecideLater(callbacks)) {
            await new Promise<void>((resolve) => {
                this.onDecided = resolve;
            });
            return;
        }
        const reason = failure
            ? whyFailed(failure).message
            : 'The callback of the publisher ended without a decision';
        this.outlets.warn(`a subscription was rejected: ${reason}`);
        this.settle(request, `the request ${request.id} was rejected already: ${reason}`);
        request.reject(reason);
    }

    private expire(request: SubscriptionRequest, timeoutMs: number): void {
        const isCurrent = this.current?.request === request;
        const reason = `The publisher did not decide on the subscription within ${timeoutMs} ms`;
        this.settle(request, `the request ${request.id} was rejected after ${timeoutMs} ms`);
        this.outlets.warn(`a subscription was rejected: ${reason}`);
        request.reject(reason);
        if (isCurrent) {
            this.outlets.abandon();
        }
    }

    private find(requestId: unknown): SubscriptionRequest | undefined {
        return this.current?.request.id === requestId
            ? this.current?.request
            : this.waiting.get(requestId as string)?.request;
    }

    private refuseLate(requestId: string): void {
        const reason = this.past.get(requestId) ?? `no request ${requestId} waits for a decision`;
        if (reason !== '') {
            throw new Error(reason);
        }
    }

    /** @param past What a later decision is told; empty where it is nobody's fault. */
    private settle(request: SubscriptionRequest, past: string): void {
        const entry = this.waiting.get(request.id) ?? this.current;
        if (entry?.request !== request) {
            return;
        }
        clearTimeout(entry.timer);
        this.past.set(request.id, past);
        if (this.past.size > REMEMBERED) {
            const [oldest] = this.past.keys();
            this.past.delete(oldest);
        }
        if (!this.waiting.delete(request.id)) {
            this.current = undefined;
            this.onDecided();
        }
    }
}
