/**
 * Hands values to a prop of a component, one at a time, so that callbacks see each of them, once.
 *
 * Dash merges what arrives too fast: of several values given to a prop in one turn callbacks see
 * the last, and a callback that is requested again while it runs loses its earlier outputs. So a
 * value is only set when every callback that the one before it triggered, and every callback that
 * these triggered in turn, has ended and its outputs are applied; and when no callback that listens
 * to the prop runs for another reason. Where no callback listens, nothing is waited for.
 *
 * A layout that a callback returns has a value that the prop had before, or no value. While the
 * callbacks of a value are under way, the prop holds that value whatever a layout brings.
 *
 * The values of one prop have to differ from each other: Dash ignores a value equal to the one it
 * has.
 */

import { isLost } from './lost-answers';
import {
    awaitedExecutions,
    besideHistory,
    type ComponentId,
    type Entry,
    isAwaited,
    type PendingCallback,
    type Store,
    setQuietly,
} from './renderer';
import { type Delivery, notSet, TriggeredRuns } from './triggered-runs';
import { LONGEST_WAIT_MS, until } from './until';

const HAS_NOT_ENDED = `it has not ended within ${LONGEST_WAIT_MS / 1000} s`;

export interface Slot {
    store: Store;
    id: ComponentId | undefined;
    /** Gives the component props; the latest one Dash handed out. */
    setProps: (props: Record<string, unknown>) => void;
}

interface Waiting {
    value: unknown;
    resolve: (delivery: Delivery) => void;
}

export class Deliverer {
    readonly prop: string;
    private readonly slot: () => Slot | undefined;
    private readonly warn: (message: string) => void;
    private readonly queue: Waiting[] = [];
    /** Ends the wait for other runs of the callbacks that listen; undefined while there is none. */
    private stopWaiting: (() => void) | undefined;
    /** Ends the wait for the callbacks of the present value; undefined when they have ended. */
    private stopRuns: (() => void) | undefined;
    private current: unknown;
    /** Whether the prop holds the last value for as long as the component is there. */
    private readonly isKept: boolean;
    private setting = false;
    private runs: TriggeredRuns | undefined;
    /** Executions that nobody waits for any more; Dash drops their outputs when it runs anew. */
    private readonly givenUp = new WeakSet<Promise<unknown>>();

    /**
     * @param prop The prop to give values to.
     * @param slot The component as it is mounted now; undefined while it is not.
     * @param warn Shows a warning to whoever develops the app.
     * @param isKept Whether the prop holds the last value whatever a layout brings, also when the
     *     callbacks of that have ended: it is a state, too.
     */
    constructor(
        prop: string,
        slot: () => Slot | undefined,
        warn: (message: string) => void = console.warn,
        isKept = false,
    ) {
        this.prop = prop;
        this.slot = slot;
        this.warn = warn;
        this.isKept = isKept;
    }

    /** The value that was set last. */
    get lastValue(): unknown {
        return this.current;
    }

    /** What was set last means nothing any more. */
    forget(): void {
        this.current = null;
    }

    /** Whether a callback that Dash requests is one that the present value triggers. */
    expects(pending: PendingCallback): boolean {
        return this.setting || Boolean(this.runs?.isToBegin(pending));
    }

    /** Sets `value` after all earlier ones; resolves when every callback it triggered has ended. */
    deliver(value: unknown): Promise<Delivery> {
        return new Promise((resolve) => {
            this.queue.push({ value, resolve });
            this.resume();
        });
    }

    /** Goes on with what waits, if that is possible: the component may be mounted again. */
    resume(): void {
        if (!this.stopWaiting && !this.stopRuns) {
            this.next();
        }
    }

    /** Gives up the present value, or the first that waits, so that the next one can go. */
    abandon(): void {
        if (this.stopRuns) {
            this.stopRuns();
            return;
        }
        this.stopWaiting?.();
        this.stopWaiting = undefined;
        this.queue.shift()?.resolve(notSet());
        this.resume();
    }

    /** The component is gone, so what waits is not delivered. */
    end(): void {
        const waiting = this.queue.splice(0);
        this.abandon();
        if (this.isKept) {
            this.current = undefined;
        }
        for (const { resolve } of waiting) {
            resolve(notSet());
        }
    }

    /** Puts the value back that has to be there, if a layout has brought another one. */
    hold(store: Store, { path, props }: Entry): void {
        const isHeld = this.stopRuns || (this.isKept && this.current !== undefined);
        if (isHeld && props[this.prop] !== this.current) {
            setQuietly(store, path, { [this.prop]: this.current });
        }
    }

    private next(): void {
        const slot = this.slot();
        if (!slot || this.queue.length === 0) {
            return;
        }
        if (isAwaited(slot.store, slot.id, this.prop, this.isGivenUp)) {
            this.waitForOthers(slot);
        } else {
            this.set(slot, this.queue.shift() as Waiting);
        }
    }

    /**
     * A callback that listens runs for another reason. If the value were set now, Dash would drop
     * what it returns.
     */
    private waitForOthers({ store, id }: Slot): void {
        const goOn = () => {
            this.stopWaiting = undefined;
            this.next();
        };
        const isFree = () => !isAwaited(store, id, this.prop, this.isGivenUp);
        this.stopWaiting = until(store, isFree, goOn, () => {
            this.giveUp(awaitedExecutions(store, id, this.prop));
            this.warn(
                `${this.prop} goes on without a callback that has it as Input: ${HAS_NOT_ENDED}`,
            );
            goOn();
        });
    }

    private set(slot: Slot, { value, resolve }: Waiting): void {
        const fail = (error: unknown) => {
            // The values after this one go on when the component fails to render.
            console.error(error);
            resolve({ ...notSet(), failure: { error } });
            this.resume();
        };
        if (this.give(slot, value, fail)) {
            this.follow(
                slot.store,
                new TriggeredRuns(slot.store, `${slot.id}.${this.prop}`),
                resolve,
            );
        }
    }

    private give(slot: Slot, value: unknown, fail: (error: unknown) => void): boolean {
        this.current = value;
        this.setting = true;
        try {
            besideHistory(slot.store, () => slot.setProps({ [this.prop]: value }));
            return true;
        } catch (error) {
            fail(error);
            return false;
        } finally {
            this.setting = false;
        }
    }

    private follow(store: Store, runs: TriggeredRuns, resolve: Waiting['resolve']): void {
        let stop = () => {};
        const end = () => {
            stop();
            if (this.stopRuns !== giveUp) {
                return;
            }
            this.stopRuns = undefined;
            this.runs = undefined;
            resolve(runs.delivery);
            // The receiver of a delivery may react before the next value is set.
            Promise.resolve().then(() => this.resume());
        };
        const giveUp = () => {
            this.giveUp(runs.executions);
            end();
        };
        this.runs = runs;
        this.stopRuns = giveUp;
        const late = () => {
            this.warn(
                `${this.prop} goes on without the callback of ${runs.names}: ${HAS_NOT_ENDED}`,
            );
            giveUp();
        };
        const wait = () => {
            const haveEnded = () => runs.haveEnded();
            // How an execution ended is told in the microtask before this one.
            stop = until(store, haveEnded, () => Promise.resolve().then(endOrWait), late);
        };
        // Where the component moves, Dash takes a callback back and requests it anew in one turn.
        const endOrWait = () => {
            if (this.stopRuns === giveUp && !runs.haveEnded()) {
                wait();
            } else {
                end();
            }
        };
        wait();
    }

    private readonly isGivenUp = (execution: Promise<unknown>) =>
        this.givenUp.has(execution) || isLost(execution);

    private giveUp(executions: Iterable<Promise<unknown>>): void {
        for (const execution of executions) {
            this.givenUp.add(execution);
        }
    }
}
