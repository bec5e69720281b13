/** What every component of this package is to Dash: an id, a place in the layout, and setProps. */

import { useEffect, useMemo, useRef } from 'react';
import { Deliverer, type Slot } from './deliver';
import { watchAnswers } from './lost-answers';
import { OwnPropWatcher } from './own-prop-watcher';
import { PropWatcher } from './prop-watcher';
import {
    type ComponentId,
    type ComponentPath,
    type Entry,
    layoutEntry,
    layoutState,
    pathOf,
    type Store,
    setQuietly,
    stringifyId,
} from './renderer';
import { ReplayGuard } from './replays';

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

/** Sees what is written to one prop. */
type Watcher = Pick<PropWatcher, 'look'>;

/** What a component does as long as it is in the layout. */
export interface Part {
    /** The component has left the layout and was not put back in the same turn. */
    end: () => void;
}

/**
 * A component as Dash's callbacks know it. React may mount it anew at any change of the layout, as
 * when one is added beside it; what it does goes on meanwhile, and ends when it has not come back
 * by the end of the turn.
 */
export class DashComponent {
    slot: Slot | undefined;
    /** Where it was rendered last. */
    path: ComponentPath = [];
    private readonly deliverers = new Map<string, Deliverer>();
    private readonly watchers = new Map<string, Watcher>();
    private readonly listeners = new Map<string, (value: any) => void>();
    /** The props that are emptied when they have been read. */
    private readonly taken = new Set<string>();
    private readonly parts = new Map<string, Part>();
    private readonly guard = new ReplayGuard();
    /** A prop that the library sets. A copy of this component has it; a new component does not. */
    private mark: string | undefined;
    private entry: Entry | undefined;
    /** Layout and paths of Dash's store at the last look. */
    private layout: unknown;
    private paths: unknown;
    private isPresent = false;
    private wasWritten = false;
    private unsubscribe: (() => void) | undefined;
    private fate: Promise<void> | undefined;

    /**
     * The queue of a prop that the library sets.
     *
     * @param isKept Whether the prop holds the last value whatever a layout brings.
     */
    deliverer(prop: string, isKept = false): Deliverer {
        let deliverer = this.deliverers.get(prop);
        if (!deliverer) {
            deliverer = new Deliverer(prop, () => this.place(), console.warn, isKept);
            this.deliverers.set(prop, deliverer);
        }
        return deliverer;
    }

    /**
     * The queue of a prop that the library sets and whose values are events: the callbacks of each
     * value run once, however the layout changes.
     *
     * @param mayFill Whether the last value may fill an output that comes into the layout later.
     * @param isKept Whether the prop holds the last value whatever a layout brings.
     */
    eventDeliverer(prop: string, mayFill: boolean, isKept = false): Deliverer {
        const deliverer = this.deliverer(prop, isKept);
        this.guard.add(deliverer, mayFill);
        return deliverer;
    }

    /** Empties a prop that the library sets, of which no callback hears. */
    empty(prop: string): void {
        this.deliverer(prop).forget();
        if (this.slot && this.entry) {
            setQuietly(this.slot.store, this.entry.path, { [prop]: null });
        }
    }

    /** A prop as the layout has it: React keeps one that is called `key` from the component. */
    propInLayout(prop: string): unknown {
        return this.entry?.props[prop];
    }

    /** The part of a name, made when it is first asked for. */
    part<T extends Part>(name: string, make: () => T): T {
        const part = (this.parts.get(name) as T | undefined) ?? make();
        this.parts.set(name, part);
        return part;
    }

    /**
     * Calls `onWrite` with every value that is written to one of its props while the component is
     * in the layout: once with each, also with one that was there before or that is still there
     * later.
     *
     * @param mark A prop that only the library sets, by which a copy of the component is known.
     */
    watch(prop: string, onWrite: (value: any) => void, mark: string): void {
        this.listen(prop, onWrite, mark, () => new PropWatcher(prop));
    }

    /**
     * As `watch`, for values that may be texts or numbers: the prop is emptied, as a text that is
     * written again could not be told from one that is still there.
     */
    take(prop: string, onWrite: (value: any) => void, mark: string): void {
        this.taken.add(prop);
        this.watch(prop, onWrite, mark);
    }

    /** Calls `onWrite` when somebody else writes to a prop that the library sets. */
    watchOwn(prop: string, onWrite: () => void, mark: string): void {
        this.listen(prop, onWrite, mark, () => new OwnPropWatcher(this.deliverer(prop)));
    }

    private listen(
        prop: string,
        onWrite: (value: any) => void,
        mark: string,
        makeWatcher: () => Watcher,
    ): void {
        this.watchers.set(prop, this.watchers.get(prop) ?? makeWatcher());
        this.listeners.set(prop, onWrite);
        this.mark = mark;
        if (this.entry) {
            this.lookAt(prop, onWrite);
        }
        if (this.slot && this.entry) {
            this.putMark(this.slot.store);
            this.emptyTaken(this.slot.store);
        }
    }

    /** React has put it into the page, for the first time or again. */
    mount(slot: Slot): void {
        this.slot = slot;
        watchAnswers(slot.store);
        this.unsubscribe ??= slot.store.subscribe(() => this.look(slot));
        this.look(slot);
        this.resume();
    }

    /** React takes it out of the page; in this turn it may be put back, here or elsewhere. */
    unmount(slot: Slot): void {
        if (this.slot !== slot) {
            return;
        }
        this.slot = undefined;
        this.fate = new Promise((resolve) => {
            setTimeout(() => {
                if (!this.slot) {
                    this.end();
                }
                resolve();
            });
        });
    }

    /** Resolves when it is known whether it comes back; undefined while it is in the page. */
    get untilDecided(): Promise<void> | undefined {
        return this.slot ? undefined : this.fate;
    }

    /** React has rendered it at its new place. */
    moved(): void {
        if (this.slot) {
            this.lookAtLayout(this.slot);
            this.resume();
        }
    }

    /** Handles what has changed since the last look. */
    private look(slot: Slot): void {
        const { store, id } = slot;
        const { layout, paths } = layoutState(store);
        // Most changes of the store have nothing to do with the layout.
        if (layout !== this.layout || paths !== this.paths) {
            this.layout = layout;
            this.paths = paths;
            this.lookAtLayout(slot);
        }
        if (id !== undefined && this.entry) {
            this.guard.look(store, id, this.entry.props);
        }
    }

    private lookAtLayout({ store, id }: Slot): void {
        const before = this.entry;
        const entry = layoutEntry(store, id, this.path);
        if (entry && !this.isPresent) {
            // Later in this turn: the layout may go on changing.
            queueMicrotask(() => this.resume());
        }
        this.isPresent = entry !== undefined;
        this.entry = entry ?? before;
        if (this.entry && this.entry.props !== before?.props) {
            this.wasWritten = isWrite(before, this.entry);
            this.change(store);
        }
        if (id !== undefined) {
            this.guard.notePlace(pathOf(store, id));
        }
    }

    /**
     * Where values can be given to it now: it has to be rendered where the layout has it. Dash
     * would drop what is given to another place, or give it to whatever is there.
     */
    private place(): Slot | undefined {
        const { slot, path } = this;
        const entry = slot && layoutEntry(slot.store, slot.id, path);
        return entry?.path.join() === path.join() ? slot : undefined;
    }

    private resume(): void {
        for (const deliverer of this.deliverers.values()) {
            deliverer.resume();
        }
    }

    private change(store: Store): void {
        for (const [prop, onWrite] of this.listeners) {
            this.lookAt(prop, onWrite);
        }
        for (const deliverer of this.deliverers.values()) {
            deliverer.hold(store, this.entry as Entry);
        }
        this.putMark(store);
        this.emptyTaken(store);
    }

    private lookAt(prop: string, onWrite: (value: any) => void): void {
        const { props } = this.entry as Entry;
        const isCopy = this.mark !== undefined && this.mark in props;
        const value = this.watchers.get(prop)?.look(props, this.wasWritten, isCopy);
        if (value !== undefined) {
            onWrite(value);
        }
    }

    private putMark(store: Store): void {
        const { mark, entry } = this;
        if (mark && entry && !(mark in entry.props)) {
            setQuietly(store, entry.path, { [mark]: null });
        }
    }

    /** Empties what was taken, once all listeners have seen the change. */
    private emptyTaken(store: Store): void {
        const { path, props } = this.entry as Entry;
        const full = [...this.taken].filter((prop) => (props[prop] ?? undefined) !== undefined);
        if (full.length > 0) {
            setQuietly(store, path, Object.fromEntries(full.map((prop) => [prop, null])));
        }
    }

    private end(): void {
        this.unsubscribe?.();
        this.unsubscribe = undefined;
        this.mark = undefined;
        this.listeners.clear();
        this.taken.clear();
        for (const part of this.parts.values()) {
            part.end();
        }
        this.parts.clear();
        for (const deliverer of this.deliverers.values()) {
            deliverer.end();
        }
    }
}

/**
 * Whether a change was a write to the component itself, and not a layout that a callback returned.
 */
function isWrite(before: Entry | undefined, { path, writes }: Entry): boolean {
    return before?.path.join() === path.join() && before.writes !== writes;
}

const components = new Map<string, DashComponent>();

/**
 * The component of an id, or of a place where it has no id. One of another type that takes the place
 * is another component, and ends the one that was there.
 */
function componentOf(
    type: string,
    id: ComponentId | undefined,
    path: ComponentPath,
): DashComponent {
    const key = `${type} ${id ?? `at ${path.join()}`}`;
    const component = components.get(key) ?? new DashComponent();
    components.set(key, component);
    return component;
}

/** An ID as text, also one that is a pattern. */
export function stringId(id: DashProps['id']): string | undefined {
    return id === undefined ? undefined : stringifyId(id);
}

/**
 * The Dash side of the component that is being rendered.
 *
 * @param type What the component is called in Python.
 */
export function useDashComponent(
    type: string,
    { id: givenId, setProps }: DashProps,
): DashComponent {
    const context = window.dash_component_api?.useDashContext();
    if (!context) {
        throw new Error('dash_interop needs Dash 3.0 or newer');
    }
    const store = context.useStore();
    const id = stringId(givenId);
    const { componentPath } = context;
    // What Dash renders in the place of a component may be another component.
    // biome-ignore lint/correctness/useExhaustiveDependencies: where it has an id, it may move
    const component = useMemo(() => componentOf(type, id, componentPath), [type, id]);
    // Dash makes a new setProps for each render, and only the latest is sure to be right.
    const latest = useRef(setProps);
    latest.current = setProps;
    component.path = componentPath;
    useEffect(() => {
        const slot: Slot = { store, id, setProps: (props) => latest.current(props) };
        component.mount(slot);
        return () => component.unmount(slot);
    }, [component, store, id]);
    const place = JSON.stringify(componentPath);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the place is what changes
    useEffect(() => {
        component.moved();
    }, [component, place]);
    return component;
}
