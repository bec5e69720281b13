/**
 * Sees every value that is written to a prop, also when several are written in one turn: React
 * would render only the last.
 *
 * A value comes in one of two ways. Somebody writes it to the prop: a callback that has the prop as
 * Output, or `set_props`. That is always a new value, and the same object is one write however
 * often it is seen. Or it comes with a layout: a callback returns the component, among others, as
 * children of another one. Such a layout may be made anew, and then its value is a new one; or it
 * is what the callback got as State, and then the value is a copy of one that was seen before.
 */

import { canonicalText } from './canonical';

/** How many values are remembered. A value of a layout counts as new when more have come since. */
const REMEMBERED = 1_000;

export class PropWatcher {
    private readonly prop: string;
    /** Objects that were seen; the same object is the same write. */
    private readonly seen = new WeakSet<object>();
    /** Digests of the values that were seen last, the oldest first. */
    private readonly digests = new Set<number>();
    private last: unknown;

    constructor(prop: string) {
        this.prop = prop;
    }

    /**
     * Looks whether something was written; to be called after each change of the layout.
     *
     * @param props Those of the component in the layout.
     * @param isWrite Whether the change was a write to the component itself; a layout brought it
     *     otherwise.
     * @param isCopy Whether such a layout is one that this page has shown before.
     * @returns The value that was written; undefined when nothing was.
     */
    look(props: Record<string, unknown>, isWrite: boolean, isCopy: boolean): unknown {
        const value = props[this.prop] ?? undefined;
        if (value === this.last) {
            return undefined;
        }
        this.last = value;
        if (value === undefined || this.wasSeen(value)) {
            return undefined;
        }
        const digest = digestOf(value);
        if (!isWrite && isCopy && this.digests.has(digest)) {
            return undefined;
        }
        this.remember(digest);
        return value;
    }

    private wasSeen(value: unknown): boolean {
        if (typeof value !== 'object' || value === null) {
            return false;
        }
        const wasSeen = this.seen.has(value);
        this.seen.add(value);
        return wasSeen;
    }

    private remember(digest: number): void {
        // A digest that comes again is the newest.
        this.digests.delete(digest);
        this.digests.add(digest);
        if (this.digests.size > REMEMBERED) {
            const [oldest] = this.digests;
            this.digests.delete(oldest);
        }
    }
}

/** 53 bits of a value's canonical text. */
function digestOf(value: unknown): number {
    const text = canonicalText(value);
    let low = 0x811c9dc5;
    let high = 0x9e3779b9;
    for (let index = 0; index < text.length; index += 1) {
        const unit = text.charCodeAt(index);
        low = Math.imul(low ^ unit, 0x01000193);
        high = Math.imul(high ^ unit, 0x85ebca6b);
    }
    return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
