/** The callbacks that a value triggered, and those that they led to, until all have ended. */

import { AnswerLost, isLost } from './lost-answers';
import { type PendingCallback, pendingCallbacks, type Store, triggeredBy } from './renderer';
import type { FailedExecution } from './why-unanswered';

/** What the callbacks of a value came to. */
export interface Delivery {
    /** The definitions of all callbacks that it triggered, directly or through others. */
    callbacks: Set<PendingCallback['callback']>;
    /** How the first failure among them came about; undefined while none of them has failed. */
    failure?: FailedExecution;
}

/** The delivery of a value that was not set. */
export function notSet(): Delivery {
    return { callbacks: new Set() };
}

export class TriggeredRuns {
    readonly delivery = notSet();
    readonly executions = new Set<Promise<unknown>>();
    private readonly store: Store;
    private readonly runs: Set<string>;
    private readonly begun = new Set<string>();
    private readonly definitions: Set<PendingCallback['callback']>;
    /** Of runs that were given up: Dash drops them when it begins the new ones. */
    private readonly earlier: Set<Promise<unknown> | undefined>;

    /** @param key `<id>.<prop>` of the value that was just set. */
    constructor(store: Store, key: string) {
        const started = triggeredBy(store, key);
        this.store = store;
        this.runs = new Set(started.map(({ resolvedId }) => resolvedId));
        this.definitions = new Set(started.map(({ callback }) => callback));
        this.delivery.callbacks = new Set(this.definitions);
        this.earlier = new Set(pendingCallbacks(store).map((pending) => pending.executionPromise));
        this.earlier.delete(undefined);
    }

    /** Whether none of them is under way any more. Notes what they led to. */
    haveEnded(): boolean {
        const ours = pendingCallbacks(this.store).filter((pending) => this.isOurs(pending));
        for (const { callback, resolvedId, executionPromise } of ours) {
            this.delivery.callbacks.add(callback);
            if (executionPromise) {
                this.begun.add(resolvedId);
                this.note(executionPromise);
            }
        }
        return ours.every(({ executionPromise }) => executionPromise && isLost(executionPromise));
    }

    /** Whether it is one of those that the value triggered and that Dash has not begun to run. */
    isToBegin(pending: PendingCallback): boolean {
        return this.isOurs(pending) && !this.begun.has(pending.resolvedId);
    }

    /** The names of their outputs, for people. */
    get names(): string {
        return [...this.definitions].map(nameOf).join('; ');
    }

    private isOurs(pending: PendingCallback): boolean {
        const { callback, resolvedId, predecessors, executionPromise } = pending;
        if (this.earlier.has(executionPromise)) {
            return false;
        }
        return (
            (this.definitions.has(callback) && this.runs.has(resolvedId)) ||
            Boolean(predecessors?.some((predecessor) => this.definitions.has(predecessor)))
        );
    }

    private note(execution: Promise<FailedExecution>): void {
        if (isLost(execution)) {
            this.fail({ error: new AnswerLost() });
        }
        if (!this.executions.has(execution)) {
            this.executions.add(execution);
            // Where Dash cannot send the request, this is the outcome itself and not a promise.
            Promise.resolve(execution).then(
                (outcome) => outcome?.error === undefined || this.fail(outcome),
                (error) => this.fail({ error }),
            );
        }
    }

    private fail(failure: FailedExecution): void {
        this.delivery.failure ??= failure;
    }
}

/** A callback by the name that its author knows: what it updates. */
export function nameOf({ output, outputs }: PendingCallback['callback']): string {
    return output || outputs.join(', ') || 'a callback without outputs';
}
