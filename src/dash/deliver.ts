/**
 * Hands values to a prop of a component, one at a time, so that callbacks see each of them.
 *
 * Dash merges what arrives too fast: of several values given to a prop in one turn callbacks see
 * the last, and a callback that is requested again while it runs loses its earlier outputs. So a
 * value is only set when every callback that the one before it triggered, and every callback that
 * these triggered in turn, has ended and its outputs are applied; and when no callback that listens
 * to the prop runs for another reason. Where no callback listens, nothing is waited for.
 *
 * The values of one prop have to differ from each other: Dash ignores a value equal to the one it
 * has.
 */

import {
    type ComponentId,
    isAwaited,
    type PendingCallback,
    pendingCallbacks,
    type Store,
    triggeredBy,
} from './renderer';
import type { FailedExecution } from './unanswered';

export interface Slot {
    store: Store;
    id: ComponentId | undefined;
    /** Gives the component props; the latest one Dash handed out. */
    setProps: (props: Record<string, unknown>) => void;
}

/** What came of a value. */
export interface Delivery {
    /** The definitions of all callbacks that it triggered, directly or through others. */
    callbacks: Set<PendingCallback['callback']>;
    /** Whether one of them failed. */
    failed: boolean;
    /** How the first of them failed that did. */
    failure?: FailedExecution;
}

interface Waiting {
    value: unknown;
    resolve: (delivery: Delivery) => void;
}

export class Deliverer {
    private readonly prop: string;
    private readonly slot: () => Slot | undefined;
    private readonly queue: Waiting[] = [];
    private stopWaiting: (() => void) | undefined;
    private current: unknown;
    /** Executions that nobody waits for any more; Dash drops their outputs when it runs anew. */
    private readonly givenUp = new WeakSet<Promise<unknown>>();

    /**
     * @param prop The prop to give values to.
     * @param slot The component as it is mounted now; undefined while it is not.
     */
    constructor(prop: string, slot: () => Slot | undefined) {
        this.prop = prop;
        this.slot = slot;
    }

    /** The value that was set last. */
    get lastValue(): unknown {
        return this.current;
    }

    /** Sets `value` after all earlier ones; resolves when every callback it triggered has ended. */
    deliver(value: unknown): Promise<Delivery> {
        return new Promise((resolve) => {
            this.queue.push({ value, resolve });
            if (!this.stopWaiting) {
                this.next();
            }
        });
    }

    /** Stops waiting for the callbacks of the present value, so that the next one can go. */
    abandon(): void {
        this.stopWaiting?.();
    }

    private next(): void {
        const waiting = this.queue.shift();
        if (!waiting) {
            return;
        }
        const delivery: Delivery = { callbacks: new Set(), failed: false };
        const end = () => {
            this.stopWaiting = undefined;
            waiting.resolve(delivery);
            // The receiver of a delivery may react before the next value is set.
            Promise.resolve().then(() => this.stopWaiting || this.next());
        };
        this.stopWaiting = end;
        const slot = this.slot();
        if (!slot) {
            end();
        } else if (this.isAwaited(slot)) {
            this.whenFree(slot, () => this.set(slot, waiting.value, delivery, end), end);
        } else {
            this.set(slot, waiting.value, delivery, end);
        }
    }

    private set(slot: Slot, value: unknown, delivery: Delivery, end: () => void): void {
        try {
            this.setAndWatch(slot, value, delivery, end);
        } catch (error) {
            // A component that fails in rendering must not stop the values after this one.
            console.error(error);
            fail(delivery, { error });
            end();
        }
    }

    private isAwaited({ store, id }: Slot): boolean {
        return isAwaited(store, id, this.prop, this.givenUp);
    }

    private whenFree(slot: Slot, go: () => void, end: () => void): void {
        const unsubscribe = slot.store.subscribe(() => {
            if (!this.isAwaited(slot)) {
                unsubscribe();
                go();
            }
        });
        this.stopWaiting = () => {
            unsubscribe();
            end();
        };
    }

    private setAndWatch(slot: Slot, value: unknown, delivery: Delivery, end: () => void): void {
        this.current = value;
        slot.setProps({ [this.prop]: value });
        const started = triggeredBy(slot.store, slot.id, this.prop);
        if (started.length === 0) {
            end();
            return;
        }
        this.watch(slot.store, started, delivery, end);
    }

    private watch(
        store: Store,
        started: PendingCallback[],
        delivery: Delivery,
        end: () => void,
    ): void {
        const runs = new Set(started.map(({ resolvedId }) => resolvedId));
        const definitions = new Set(started.map(({ callback }) => callback));
        const executions = new Set<Promise<unknown>>();
        delivery.callbacks = new Set(definitions);
        const isOurs = (pending: PendingCallback) =>
            (definitions.has(pending.callback) && runs.has(pending.resolvedId)) ||
            pending.predecessors?.some((predecessor) => definitions.has(predecessor));
        const check = () => {
            const ours = pendingCallbacks(store).filter(isOurs);
            for (const { callback, executionPromise } of ours) {
                delivery.callbacks.add(callback);
                if (executionPromise && !executions.has(executionPromise)) {
                    executions.add(executionPromise);
                    // Where Dash cannot even ask for it, the outcome stands in place of a promise.
                    Promise.resolve(executionPromise).then(
                        (outcome) => outcome?.error === undefined || fail(delivery, outcome),
                        (error) => fail(delivery, { error }),
                    );
                }
            }
            if (ours.length === 0) {
                unsubscribe();
                finish();
            }
        };
        const finish = async () => {
            if (this.stopWaiting !== stop) {
                return;
            }
            await Promise.allSettled(executions);
            if (this.stopWaiting === stop) {
                end();
            }
        };
        const unsubscribe = store.subscribe(check);
        const stop = () => {
            unsubscribe();
            for (const execution of executions) {
                this.givenUp.add(execution);
            }
            end();
        };
        this.stopWaiting = stop;
        check();
    }
}

function fail(delivery: Delivery, failure: FailedExecution): void {
    delivery.failed = true;
    delivery.failure ??= failure;
}
