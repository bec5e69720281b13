/**
 * The invocations of one MethodRegister: first in, first out, one at a time (or all that wait at
 * once, as a batch), each answered exactly once.
 *
 * An invocation of a method that returns a result waits for the answer of the Dash callback. It
 * ends with that answer, when its time is up, when the callback has ended without one, or when the
 * component goes. Its time runs from its arrival on; when it is up before its turn comes, the
 * callback never sees it. An invocation of a void method is acknowledged when it is accepted into
 * the queue, so it stays there whatever becomes of its caller, and while the Dash server is away.
 */

import { libraryError } from '../client/failures';
import type { Instance } from '../client/instance';
import type { Reply } from '../client/serving';
import { passOn, problemOf } from './answer';
import type { Delivery } from './triggered-runs';
import { isServerAway, whyUnanswered } from './why-unanswered';

/**
 * The most invocations that wait in a MethodRegister; the caller of one more hears `Overloaded`.
 */
export const LONGEST_QUEUE = 10_000;

/** How many invocations a handler gets in one value where each value takes a second. */
const MOST_AT_ONCE = 20;

/** An invocation that has less time left than this is not run: any callback takes longer. */
const DUE_SOON_MS = 10;

/** What callbacks get as `MethodRegister.invoke`. */
export interface Invocation {
    invocationId: string;
    args: Record<string, any>;
    caller: Instance;
}

export interface QueueSettings {
    returns: boolean;
    batch: boolean;
    /** Longest time from arrival to answer, in milliseconds. */
    timeoutMs: number;
}

export interface QueueOutlets {
    /** Hands a value to the callbacks; resolves when they have ended. */
    deliver: (value: Invocation | Invocation[]) => Promise<Delivery>;
    /** Stops waiting for the callbacks of the present value. */
    abandon: () => void;
    /** Whether Dash takes a second or more for each value, as in a hidden tab. */
    areCallbacksSlow: () => boolean;
    /** Resolves when the Dash server answers again. */
    untilServerAnswers: (signal: AbortSignal) => Promise<void>;
    /** Whether a callback beside these may still answer, such as one that a click triggers. */
    mayAnswerLater: (callbacks: Delivery['callbacks']) => boolean;
    warn: (message: string) => void;
    newId: () => string;
}

/** An invocation that waits, or that the callbacks have. */
interface Queued {
    invocation: Invocation;
    /** When its time is up, on the clock of performance.now(). */
    deadline: number;
    reply: Reply;
    timer: ReturnType<typeof setTimeout> | undefined;
}

/** The caller of a void method has been told already. */
const ACKNOWLEDGED: Reply = { succeed: () => {}, fail: () => {} };

export class InvocationQueue {
    settings: QueueSettings;
    private readonly outlets: QueueOutlets;
    private waiting: Queued[] = [];
    private current = new Map<string, Queued>();
    private running = false;
    private wrongId: string | undefined;
    private onAllAnswered: () => void = () => {};
    /** Whether an answer of the handler said that it takes invocations in a list. */
    private takesLists = false;
    private readonly closing = new AbortController();

    constructor(settings: QueueSettings, outlets: QueueOutlets) {
        this.settings = settings;
        this.outlets = outlets;
    }

    /** Accepts an invocation; `reply` is called once with what the caller is told. */
    enqueue(args: Record<string, any>, caller: Instance, reply: Reply): void {
        if (this.waiting.length >= LONGEST_QUEUE) {
            const message = `Overloaded: ${LONGEST_QUEUE} invocations are waiting already`;
            reply.fail(libraryError('Overloaded', message));
            return;
        }
        const { returns, timeoutMs } = this.settings;
        const invocation = { invocationId: this.outlets.newId(), args, caller };
        const deadline = returns ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
        const entry: Queued = { invocation, deadline, reply, timer: undefined };
        if (returns) {
            entry.timer = setTimeout(() => this.expire(entry, timeoutMs), timeoutMs);
        } else {
            reply.succeed({});
            entry.reply = ACKNOWLEDGED;
        }
        this.waiting.push(entry);
        this.run();
    }

    /** Takes what a callback wrote to `MethodRegister.result`. */
    answer(result: unknown): void {
        if (!this.settings.returns) {
            this.outlets.warn('it returns nothing (returns=False), so a result has no effect');
            return;
        }
        for (const one of Array.isArray(result) ? result : [result]) {
            this.answerOne(one);
        }
    }

    /**
     * The waiting invocations of a caller that has left leave the queue: nobody wants their
     * results.
     */
    callerLeft(peerId: string): void {
        if (!this.settings.returns) {
            return;
        }
        const gone = this.waiting.filter((entry) => entry.invocation.caller.peerId === peerId);
        for (const entry of gone) {
            this.settle(entry, () => entry.reply.fail({ message: 'The caller has left' }));
        }
    }

    /** The component goes: everybody who waits is told. */
    close(message: string): void {
        const { returns } = this.settings;
        if (!returns && this.waiting.length > 0) {
            this.outlets.warn(
                `${this.waiting.length} accepted invocations will not run: ${message}`,
            );
        }
        for (const entry of [...this.waiting, ...this.current.values()]) {
            this.settle(entry, () => entry.reply.fail(libraryError('ServerGone', message)));
        }
        this.waiting = [];
        this.closing.abort();
        this.outlets.abandon();
    }

    private async run(): Promise<void> {
        if (this.running) {
            return;
        }
        this.running = true;
        // All that arrives in this turn goes into one batch.
        await Promise.resolve();
        while (this.waiting.length > 0) {
            this.expireDue();
            const entries = this.settings.batch
                ? this.waiting
                : this.waiting.slice(0, this.atOnce());
            this.waiting = this.waiting.slice(entries.length);
            if (entries.length > 0) {
                await this.handle(entries);
            }
        }
        this.running = false;
    }

    /**
     * Several at once help only where the browser slows callbacks down and the handler takes lists.
     */
    private atOnce(): number {
        return this.takesLists && this.settings.returns && this.outlets.areCallbacksSlow()
            ? MOST_AT_ONCE
            : 1;
    }

    private async handle(entries: Queued[]): Promise<void> {
        const invocations = entries.map(({ invocation }) => invocation);
        this.current = new Map(entries.map((entry) => [entry.invocation.invocationId, entry]));
        this.wrongId = undefined;
        const isList = this.settings.batch || invocations.length > 1;
        const delivery = await this.outlets.deliver(isList ? invocations : invocations[0]);
        if (this.settings.returns && this.current.size > 0) {
            await this.waitForLateAnswers(delivery);
        }
        this.current.clear();
        if (!this.settings.returns && isServerAway(delivery.failure)) {
            await this.waitForServer(entries.length);
        }
    }

    /**
     * Acknowledged invocations wait for a server that is away: each would be lost with its request.
     */
    private async waitForServer(lost: number): Promise<void> {
        this.outlets.warn(
            `the Dash server did not answer, so ${lost} accepted invocations may not have been ` +
                `handled; ${this.waiting.length} others wait until it does`,
        );
        await this.outlets.untilServerAnswers(this.closing.signal);
    }

    private async waitForLateAnswers(delivery: Delivery): Promise<void> {
        const { callbacks, failure } = delivery;
        if (!failure && callbacks.size > 0 && this.outlets.mayAnswerLater(callbacks)) {
            await new Promise<void>((resolve) => {
                this.onAllAnswered = resolve;
            });
            return;
        }
        const { wrongId } = this;
        const error = whyUnanswered({ failure, hasHandler: callbacks.size > 0, wrongId });
        for (const entry of [...this.current.values()]) {
            this.outlets.warn(error.message);
            this.settle(entry, () => entry.reply.fail(error));
        }
    }

    private answerOne(result: any): void {
        const problem = problemOf(result);
        if (problem !== undefined) {
            this.outlets.warn(problem);
        }
        const id = result?.invocationId;
        const entry = this.current.get(id);
        if (!entry) {
            this.wrongId =
                id === undefined ? 'no invocationId' : `the invocationId ${JSON.stringify(id)}`;
            this.outlets.warn(
                `a result with ${this.wrongId} has no effect: no such invocation is waiting for it`,
            );
            return;
        }
        this.takesLists ||= result.takesLists === true;
        this.settle(entry, () => passOn(result, problem, entry.reply));
    }

    private expire(entry: Queued, timeoutMs: number): void {
        const isCurrent = this.current.has(entry.invocation.invocationId);
        const message = isCurrent
            ? `The handler did not answer within ${timeoutMs} ms`
            : `The invocation waited ${timeoutMs} ms for its turn and was not run`;
        this.settle(entry, () => entry.reply.fail(libraryError('Timeout', message)));
        if (isCurrent && this.current.size === 0) {
            this.outlets.abandon();
        }
    }

    /** Invocations whose time is nearly up, as they came with one that timed out, are not run. */
    private expireDue(): void {
        const soon = performance.now() + DUE_SOON_MS;
        for (const entry of this.waiting.filter(({ deadline }) => deadline <= soon)) {
            this.expire(entry, this.settings.timeoutMs);
        }
    }

    private settle(entry: Queued, tell: () => void): void {
        clearTimeout(entry.timer);
        if (!this.current.delete(entry.invocation.invocationId)) {
            this.waiting = this.waiting.filter((other) => other !== entry);
        } else if (this.current.size === 0) {
            this.onAllAnswered();
        }
        tell();
    }
}
