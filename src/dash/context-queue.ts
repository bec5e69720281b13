/**
 * The changes of a context that wait for the callbacks of a Context. Each is delivered, or merged
 * with those after it, so that nothing that a change says is lost.
 */

import type { PumpedQueue } from './data-pump';

export const CONTEXT_DELIVERIES = ['every', 'latest'] as const;

export type ContextDelivery = (typeof CONTEXT_DELIVERIES)[number];

/** The most changes that wait; above that the oldest ones are merged. */
export const MOST_CHANGES = 10_000;

/** A change as callbacks get it. */
export interface ContextValue {
    data: Dict;
    delta: Dict;
    removed: string[];
    extraData: { updaterId: string | null; isMineUpdate: boolean; isMyUpdate: boolean };
    version: number | null;
    destroyed: boolean;
    sequence: number;
    /** How many changes this one stands for beside itself. */
    replaced?: number;
}

type Dict = Record<string, any>;

/** A change that stands for itself and for those that are merged with it. */
interface Waiting {
    change: ContextValue;
    delta: Dict;
    removed: readonly string[];
    replaced: number;
}

export class ContextQueue implements PumpedQueue<ContextValue> {
    private mode: ContextDelivery = 'every';
    private waiting: Waiting[] = [];
    private first = 0;

    set delivery(delivery: ContextDelivery) {
        // The values of the changes that wait under "latest" are not known any more.
        if (this.mode === 'latest' && delivery === 'every' && this.waitMs() === 0) {
            const all = this.takeAll();
            this.waiting = [{ ...all, change: { ...all.change } }];
        }
        this.mode = delivery;
    }

    /**
     * @param change Its `data` is looked at now if it is to be delivered, and else only when the
     *     latest is.
     * @returns Whether so many wait that changes were merged that should not have been.
     */
    add(change: ContextValue): boolean {
        const kept = this.mode === 'every' ? { ...change } : change;
        const { delta, removed } = change;
        this.waiting.push({ change: kept, delta, removed, replaced: 0 });
        if (this.waiting.length - this.first <= MOST_CHANGES) {
            return false;
        }
        const oldest = this.takeFirst();
        this.waiting[this.first] = merge(oldest, this.waiting[this.first]);
        return this.mode === 'every';
    }

    /** Nobody wants what waits any more. */
    clear(): void {
        this.waiting = [];
        this.first = 0;
    }

    waitMs(): number | undefined {
        return this.waiting.length > this.first ? 0 : undefined;
    }

    take(): ContextValue {
        if (this.mode === 'every') {
            const taken = this.takeFirst();
            return taken.replaced === 0 ? taken.change : delivered(taken);
        }
        return delivered(this.takeAll());
    }

    private takeAll(): Waiting {
        const all = this.waiting.slice(this.first);
        this.clear();
        return all.reduce(merge);
    }

    /** The rest may be long, so its first element is not taken out each time. */
    private takeFirst(): Waiting {
        const taken = this.waiting[this.first];
        this.first += 1;
        if (this.first * 2 > this.waiting.length) {
            this.waiting = this.waiting.slice(this.first);
            this.first = 0;
        }
        return taken;
    }
}

function merge(earlier: Waiting, later: Waiting): Waiting {
    return {
        change: later.change,
        delta: mergeDeltas(earlier.delta, later.delta),
        removed: [...new Set([...earlier.removed, ...later.removed])],
        replaced: earlier.replaced + later.replaced + 1,
    };
}

/** The later change, with what the earlier ones said and what still holds. */
function delivered({ change, delta, removed, replaced }: Waiting): ContextValue {
    const value = { ...change, replaced };
    if (replaced > 0) {
        value.delta = whatHolds(delta, value.data);
        value.removed = removed.filter((key) => !(key in value.data));
    }
    return value;
}

function mergeDeltas(earlier: Dict, later: Dict): Dict {
    const merged = { ...earlier, ...later };
    for (const [key, value] of Object.entries(later)) {
        if (isDict(value) && isDict(earlier[key])) {
            merged[key] = mergeDeltas(earlier[key], value);
        }
    }
    return merged;
}

/** Something else may have taken the place of what an earlier change has set. */
function whatHolds(delta: Dict, data: Dict): Dict {
    const holds: Dict = {};
    for (const [key, value] of Object.entries(delta)) {
        if (value === null || key in data) {
            const both = isDict(value) && isDict(data[key]);
            holds[key] = both ? whatHolds(value, data[key]) : value;
        }
    }
    return holds;
}

function isDict(value: unknown): value is Dict {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
