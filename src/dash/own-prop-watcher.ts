import type { Deliverer } from './deliver';

/**
 * Sees what others write to a prop that the library sets. A copy of the component that comes with a
 * layout brings a value that the library has set before: a callback got it as State.
 */
export class OwnPropWatcher {
    private readonly deliverer: Deliverer;
    private last: unknown;

    constructor(deliverer: Deliverer) {
        this.deliverer = deliverer;
    }

    /** As `PropWatcher.look`. */
    look(props: Record<string, unknown>, isWrite: boolean, isCopy: boolean): unknown {
        const value = props[this.deliverer.prop] ?? undefined;
        const isNew = value !== this.last;
        this.last = value;
        const isOwn = value === this.deliverer.lastValue || (isCopy && !isWrite);
        return isNew && !isOwn ? value : undefined;
    }
}
