/** What every component of this package is to Dash: an id, a place in the layout, and setProps. */

import { useEffect, useRef, useState } from 'react';
import { Deliverer, type Slot } from './deliver';
import {
    type ComponentId,
    type ComponentPath,
    layoutProps,
    type Store,
    stringifyId,
} from './renderer';
import { propWatcher } from './watch';

export interface DashProps {
    /** The ID of this component, by which callbacks know it; unique in the app. */
    id?: string;
    /** Given by Dash: how the component changes its own props. */
    setProps: (props: Record<string, unknown>) => void;
}

interface DashContext {
    componentPath: ComponentPath;
    useStore: () => Store;
}

declare global {
    interface Window {
        dash_component_api?: { useDashContext: () => DashContext };
    }
}

/** A component as Dash's callbacks know it: it outlives being rendered and mounted again. */
export class DashComponent {
    slot: Slot | undefined;
    path: ComponentPath = [];
    private readonly deliverers = new Map<string, Deliverer>();
    private readonly checks = new Set<() => void>();
    private readonly written = new Map<string, unknown>();
    private readonly seen = new Map<string, WeakSet<object>>();
    private isMoving = false;

    /** The queue of one of its props. */
    deliverer(prop: string): Deliverer {
        let deliverer = this.deliverers.get(prop);
        if (!deliverer) {
            deliverer = new Deliverer(prop, () => this.slot);
            this.deliverers.set(prop, deliverer);
        }
        return deliverer;
    }

    /** Calls `onWrite` with every value that is written to one of its props; returns how to stop. */
    watch(prop: string, onWrite: (value: unknown) => void): () => void {
        const { slot } = this;
        if (!slot) {
            return () => {};
        }
        const read = () => layoutProps(slot.store, this.path, slot.id);
        const known = this.isMoving ? this.written.get(prop) : undefined;
        const onNewWrite = (value: unknown) => {
            this.written.set(prop, value);
            onWrite(value);
        };
        const seen = this.seen.get(prop) ?? new WeakSet();
        this.seen.set(prop, seen);
        const check = propWatcher(read, prop, onNewWrite, seen, known);
        const unsubscribe = slot.store.subscribe(check);
        this.checks.add(check);
        check();
        return () => {
            unsubscribe();
            this.checks.delete(check);
        };
    }

    /** It is taken out of the layout; in this turn it may be put back elsewhere. */
    leave(): void {
        this.slot = undefined;
        this.isMoving = true;
        setTimeout(() => {
            this.isMoving = false;
        });
    }

    /** To be called when the component was moved: what was written meanwhile is seen now. */
    moved(): void {
        for (const check of this.checks) {
            check();
        }
    }
}

const components = new Map<ComponentId, DashComponent>();

function componentOf(id: ComponentId | undefined): DashComponent {
    if (id === undefined) {
        return new DashComponent();
    }
    const component = components.get(id) ?? new DashComponent();
    components.set(id, component);
    return component;
}

/** The Dash side of the component that is being rendered. */
export function useDashComponent({ id: givenId, setProps }: DashProps): DashComponent {
    const context = window.dash_component_api?.useDashContext();
    if (!context) {
        throw new Error('dash_interop needs Dash 3.0 or newer');
    }
    const store = context.useStore();
    const id = givenId === undefined ? undefined : stringifyId(givenId);
    const [component] = useState(() => componentOf(id));
    // Dash makes a new setProps for each render, and only the latest is sure to be right.
    const latest = useRef(setProps);
    latest.current = setProps;
    const { componentPath } = context;
    component.path = componentPath;
    useEffect(() => {
        const slot: Slot = { store, id, setProps: (props) => latest.current(props) };
        component.slot = slot;
        return () => {
            if (component.slot === slot) {
                component.leave();
            }
        };
    }, [component, store, id]);
    const place = JSON.stringify(componentPath);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the place is what changes
    useEffect(() => component.moved(), [component, place]);
    return component;
}
