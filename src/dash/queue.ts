/**
 * The invocations of one MethodRegister: first in, first out, one at a time (or all that wait at
 * once, as a batch), each answered exactly once.
 *
 * An invocation of a method that returns a result waits for the answer of the Dash callback. It
 * ends with that answer, when its time is up, when its caller no longer waits, when the callback has
 * ended without one, or when the component goes. Its time runs from its arrival on; when it ends
 * before its turn comes, the callback never sees it. A callback that runs cannot be stopped: it is
 * told that nobody waits, the invocation keeps its place until the callback has ended or its time is
 * up, and what it answers is dropped. An invocation of a void method is acknowledged when it is
 * accepted into the queue, so it stays there whatever becomes of its caller, and while the Dash
 * server is away.
 */

import { libraryError } from '../client/failures';
import type { Instance } from '../client/instance';
import type { CancelReason, EndReason } from '../client/invocation-frames';
import type { Reply } from '../client/serving';
import { passOn, problemOf } from './answer';
import { readProgress } from './progress';
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

/** Of how many invocations that have ended it is known how. */
const MOST_ENDED = 1_000;

/** What callbacks get as `MethodRegister.invoke`. */
export interface Invocation {
    invocationId: string;
    args: Record<string, any>;
    caller: Instance;
}

/** What callbacks get as `MethodRegister.cancelled`. */
export interface Cancelled {
    invocationId: string;
    reason: CancelReason;
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
    /** Tells the callbacks that nobody waits for an invocation that they have. */
    cancelled: (value: Cancelled) => void;
    /** What a callback answered is dropped: the invocation was cancelled. */
    dropped: (count: number) => void;
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
    /** When its time is up, or its caller's, on the clock of performance.now(). */
    deadline: number;
    /** Longest time from its arrival to its answer, in milliseconds. */
    allowedMs: number;
    reply: Reply;
    timer: ReturnType<typeof setTimeout> | undefined;
    /** Whether nobody waits for the answer any more. */
    isCancelled: boolean;
}

/** The caller of a void method has been told already. */
const acknowledged = (reply: Reply): Reply => ({
    ...reply,
    succeed: () => {},
    fail: () => {},
    progress: () => {},
});

export class InvocationQueue {
    settings: QueueSettings;
    private readonly outlets: QueueOutlets;
    private readonly waiting = new Set<Queued>();
    private current = new Map<string, Queued>();
    private running = false;
    /** Whether the callbacks of the present value have not ended. */
    private callbacksRun = false;
    private wrongId: string | undefined;
    /** Whether those were cancelled that the callbacks had last, by their ids. */
    private readonly ended = new Map<string, boolean>();
    private droppedResults = 0;
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
        if (this.waiting.size >= LONGEST_QUEUE) {
            const message = `Overloaded: ${LONGEST_QUEUE} invocations are waiting already`;
            reply.fail(libraryError('Overloaded', message));
            return;
        }
        const { returns, timeoutMs } = this.settings;
        const invocation = { invocationId: this.outlets.newId(), args, caller };
        const allowedMs = Math.min(timeoutMs, reply.budgetMs ?? timeoutMs);
        const deadline = returns ? performance.now() + allowedMs : Number.POSITIVE_INFINITY;
        const times = { deadline, allowedMs, timer: undefined };
        const entry: Queued = { invocation, reply, isCancelled: false, ...times };
        if (returns) {
            entry.timer = setTimeout(() => this.expire(entry), timeoutMs);
            const { cancelled } = reply;
            cancelled.addEventListener('abort', () => this.cancel(entry, cancelled.reason));
        } else {
            reply.succeed({});
            entry.reply = acknowledged(reply);
        }
        this.waiting.add(entry);
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

    /** Takes what a callback wrote to `MethodRegister.progress`. */
    progress(written: unknown): void {
        if (!this.settings.returns) {
            this.outlets.warn('it returns nothing (returns=False), so progress has no effect');
            return;
        }
        for (const one of Array.isArray(written) ? written : [written]) {
            try {
                this.tellProgress(readProgress(one));
            } catch (error) {
                this.outlets.warn((error as Error).message);
            }
        }
    }

    private tellProgress({ invocationId, value }: ReturnType<typeof readProgress>): void {
        const entry = this.current.get(invocationId);
        if (entry) {
            entry.reply.progress(value);
        } else if (!this.ended.has(invocationId)) {
            throw new Error(
                `progress with the invocationId ${JSON.stringify(invocationId)} has no effect: no such invocation is under way`,
            );
        }
    }

    /** Nobody waits for an invocation any more. */
    private cancel(entry: Queued, reason: EndReason): void {
        const { invocationId, caller } = entry.invocation;
        if (this.waiting.has(entry)) {
            this.settle(entry);
        } else if (this.current.has(invocationId) && reason !== 'lost') {
            entry.isCancelled = true;
            this.outlets.cancelled({ invocationId, reason, caller });
            if (!this.callbacksRun) {
                this.settle(entry);
            }
        }
    }

    /** The component goes: everybody who waits is told. */
    close(message: string): void {
        const { returns } = this.settings;
        if (!returns && this.waiting.size > 0) {
            this.outlets.warn(`${this.waiting.size} accepted invocations will not run: ${message}`);
        }
        const gone = libraryError('ServerGone', message);
        for (const entry of [...this.waiting]) {
            this.settle(entry, () => entry.reply.fail({ ...gone, delivered: 'no' }));
        }
        for (const entry of [...this.current.values()]) {
            this.settle(entry, () => entry.reply.fail({ ...gone, delivered: 'yes' }));
        }
        this.waiting.clear();
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
        while (this.waiting.size > 0) {
            const entries = this.take(this.settings.batch ? this.waiting.size : this.atOnce());
            if (entries.length > 0) {
                await this.handle(entries);
            }
        }
        this.running = false;
    }

    /**
     * The first that wait. Those whose time is nearly up, as they came with one that timed out, are
     * not run.
     */
    private take(count: number): Queued[] {
        const soon = performance.now() + DUE_SOON_MS;
        const taken: Queued[] = [];
        for (const entry of this.waiting) {
            if (taken.length === count) {
                break;
            }
            if (entry.deadline <= soon) {
                this.expire(entry);
            } else {
                this.waiting.delete(entry);
                taken.push(entry);
            }
        }
        return taken;
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
        this.callbacksRun = true;
        const delivery = await this.outlets.deliver(isList ? invocations : invocations[0]);
        this.callbacksRun = false;
        for (const entry of entries.filter(({ isCancelled }) => isCancelled)) {
            this.settle(entry);
        }
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
                `handled; ${this.waiting.size} others wait until it does`,
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
        if (entry?.isCancelled || this.ended.get(id)) {
            this.droppedResults += 1;
            this.outlets.dropped(this.droppedResults);
            return;
        }
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

    private expire(entry: Queued): void {
        const { invocation, allowedMs } = entry;
        const { invocationId, caller } = invocation;
        const isCurrent = this.current.has(invocationId);
        const message = isCurrent
            ? `The handler did not answer within ${allowedMs} ms`
            : `The invocation waited ${allowedMs} ms for its turn and was not run`;
        const wasCancelled = entry.isCancelled;
        this.settle(entry, () => entry.reply.fail(libraryError('Timeout', message)));
        if (isCurrent) {
            if (!wasCancelled) {
                this.outlets.cancelled({ invocationId, reason: 'timeout', caller });
            }
            if (this.current.size === 0) {
                this.outlets.abandon();
            }
        }
    }

    private settle(entry: Queued, tell: () => void = () => {}): void {
        clearTimeout(entry.timer);
        const { invocationId } = entry.invocation;
        if (this.waiting.delete(entry)) {
            tell();
            return;
        }
        if (this.current.delete(invocationId)) {
            this.noteEnd(entry);
            if (this.current.size === 0) {
                this.onAllAnswered();
            }
        }
        tell();
    }

    private noteEnd({ invocation, isCancelled }: Queued): void {
        this.ended.set(invocation.invocationId, isCancelled);
        if (this.ended.size > MOST_ENDED) {
            const [oldest] = this.ended.keys();
            this.ended.delete(oldest);
        }
    }
}
