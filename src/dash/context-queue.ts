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

export class ContextQueue implements PumpedQueue<ContextValue> {
    delivery: ContextDelivery = 'every';
    private waiting: ContextValue[] = [];
    private first = 0;

    /** @returns Whether so many wait that changes were merged that should not have been. */
    add(change: ContextValue): boolean {
        this.waiting.push(change);
        if (this.waiting.length - this.first <= MOST_CHANGES) {
            return false;
        }
        const oldest = this.takeFirst();
        this.waiting[this.first] = merge(oldest, this.waiting[this.first]);
        return true;
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
        if (this.delivery === 'every') {
            return this.takeFirst();
        }
        const all = this.waiting.slice(this.first);
        this.clear();
        return { replaced: 0, ...all.reduce(merge) };
    }

    /** The rest may be long, so its first element is not taken out each time. */
    private takeFirst(): ContextValue {
        const taken = this.waiting[this.first];
        this.first += 1;
        if (this.first * 2 > this.waiting.length) {
            this.waiting = this.waiting.slice(this.first);
            this.first = 0;
        }
        return taken;
    }
}

/** The later of two changes, with what the earlier one said and what still holds. */
export function merge(earlier: ContextValue, later: ContextValue): ContextValue {
    const { data } = later;
    const replaced = (earlier.replaced ?? 0) + (later.replaced ?? 0) + 1;
    const removed = new Set([...earlier.removed, ...later.removed]);
    const gone = [...removed].filter((key) => !(key in data));
    const delta = mergeDeltas(earlier.delta, later.delta, data);
    return { ...later, delta, removed: gone, replaced };
}

function mergeDeltas(earlier: Dict, later: Dict, data: Dict): Dict {
    const merged = { ...later };
    for (const [key, value] of Object.entries(earlier)) {
        if (!(key in later)) {
            // Something else may have taken the place of what it was in.
            if (key in data || value === null) {
                merged[key] = value;
            }
        } else if (isDict(value) && isDict(later[key]) && isDict(data[key])) {
            merged[key] = mergeDeltas(value, later[key], data[key]);
        }
    }
    return merged;
}

function isDict(value: unknown): value is Dict {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
