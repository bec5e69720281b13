/**
 * Takes back what Dash requests although nothing has happened. It is about props that the library
 * writes; those that are written to the library are the matter of `prop-watcher.ts`.
 *
 * When a layout changes, Dash goes through the part that is new to it, which may be everything
 * beside a component that was added. It requests the callbacks of every component there, as if its
 * props had just been written, and those whose outputs are there, to fill them. That is right for a
 * prop that describes a state. A prop whose values are events still holds the last event, which
 * would happen again. `findings/dash-append-repeats-callbacks.sh` shows it.
 */

import type { Deliverer } from './deliver';
import {
    type ComponentId,
    hasInput,
    type PendingCallback,
    request,
    requestedCallbacks,
    type Store,
    withdraw,
} from './renderer';

interface EventProp {
    deliverer: Deliverer;
    /** Whether the last event may fill an output that is new, while the component itself is not. */
    mayFill: boolean;
}

export class ReplayGuard {
    private readonly props = new Map<string, EventProp>();
    private readonly examined = new WeakSet<PendingCallback>();
    private place: unknown;
    /** Whether Dash went through a part of the layout with the component in it, in this turn. */
    private isArriving = false;

    /** Guards a prop from now on. */
    add(deliverer: Deliverer, mayFill: boolean): void {
        this.props.set(deliverer.prop, { deliverer, mayFill });
    }

    /**
     * To be called after each change of the store, when the props hold what they have to.
     *
     * @param props Those of the component in the layout.
     */
    look(store: Store, id: ComponentId, props: Record<string, unknown>): void {
        for (const pending of requestedCallbacks(store)) {
            if (!this.examined.has(pending)) {
                this.examined.add(pending);
                this.examine(store, id, props, pending);
            }
        }
    }

    /**
     * To be called after each change of the layout.
     *
     * @param place Where the component is; another list when Dash has gone through its part.
     */
    notePlace(place: unknown): void {
        if (place !== this.place) {
            this.place = place;
            this.isArriving = true;
            // Dash changes the layout, notes the places and requests callbacks in one go.
            queueMicrotask(() => {
                this.isArriving = false;
            });
        }
    }

    private examine(
        store: Store,
        id: ComponentId,
        props: Record<string, unknown>,
        pending: PendingCallback,
    ): void {
        const changed = Object.keys(pending.changedPropIds);
        const replayed = new Set<string>();
        let isRefill = false;
        for (const [prop, { deliverer, mayFill }] of this.props) {
            const key = `${id}.${prop}`;
            // A new component has no event to repeat.
            const isEmpty = props[prop] === undefined || props[prop] === null;
            if (isEmpty) {
                continue;
            }
            if (changed.includes(key)) {
                // Dash would drop what it merges with a request of a layout that led to nothing
                // else.
                if (pending.executionGroup || !deliverer.expects(pending)) {
                    replayed.add(key);
                }
            } else if (pending.initialCall && hasInput(store, pending, id, prop)) {
                isRefill ||= this.isArriving || !mayFill;
            }
        }
        const rest = changed.filter((key) => !replayed.has(key));
        if (rest.length === 0 && (replayed.size > 0 || isRefill)) {
            withdraw(store, pending);
        } else if (replayed.size > 0) {
            withdraw(store, pending);
            const { changedPropIds } = pending;
            const kept = Object.fromEntries(rest.map((key) => [key, changedPropIds[key]]));
            request(store, { ...pending, changedPropIds: kept });
        }
    }
}
