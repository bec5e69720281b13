/** What every component of this package is to Dash: an id, a place in the layout, and setProps. */

import { useEffect, useRef, useState } from 'react';
import { Deliverer, type Slot } from './deliver';
import { type ComponentId, type ComponentPath, type Store, stringifyId } from './renderer';
import { watchProp } from './watch';

export interface DashProps {
    id?: string;
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

    /** The queue of one of its props. */
    deliverer(prop: string): Deliverer {
        let deliverer = this.deliverers.get(prop);
        if (!deliverer) {
            deliverer = new Deliverer(prop, () => this.slot);
            this.deliverers.set(prop, deliverer);
        }
        return deliverer;
    }

    /** Sees every value that is written to one of its props. */
    watch(prop: string, onWrite: (value: unknown) => void): () => void {
        if (!this.slot) {
            return () => {};
        }
        return watchProp(this.slot.store, () => this.path, prop, onWrite);
    }
}

const components = new Map<string, DashComponent>();

function componentOf(id: ComponentId | undefined): DashComponent {
    if (id === undefined) {
        return new DashComponent();
    }
    const key = stringifyId(id);
    const component = components.get(key) ?? new DashComponent();
    components.set(key, component);
    return component;
}

/** The Dash side of the component that is being rendered. */
export function useDashComponent({ id, setProps }: DashProps): DashComponent {
    const context = window.dash_component_api?.useDashContext();
    if (!context) {
        throw new Error('dash_interop needs Dash 3.0 or newer');
    }
    const store = context.useStore();
    const [component] = useState(() => componentOf(id));
    // Dash makes a new setProps for each render, and only the latest is sure to be right.
    const latest = useRef(setProps);
    latest.current = setProps;
    component.path = context.componentPath;
    useEffect(() => {
        const slot: Slot = { store, id: id ?? '', setProps: (props) => latest.current(props) };
        component.slot = slot;
        return () => {
            if (component.slot === slot) {
                component.slot = undefined;
            }
        };
    }, [component, store, id]);
    return component;
}
