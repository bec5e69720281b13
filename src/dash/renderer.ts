/**
 * The one place that knows Dash's renderer: which callbacks are requested or under way, what a
 * component's props are in the layout, and how both are corrected. The shape of the store and the
 * names of its actions are internal to Dash; they are the same from Dash 3.0 to 4.5, and the
 * browser tests run on the ends of that range.
 */

export interface Store {
    getState(): any;
    subscribe(listener: () => void): () => void;
    dispatch(action: { type: string; payload: unknown }): unknown;
}

/** An id as text; a pattern-matching id is the text of a JSON object. */
export type ComponentId = string;
export type ComponentPath = (string | number)[];

/** A callback that Dash wants to run, is running or is applying. */
export interface PendingCallback {
    /** The definition, the same object for every run. */
    callback: { inputs: unknown[]; outputs: unknown[]; output?: string };
    /** Tells apart the runs of one definition for different components. */
    resolvedId: string;
    /** `<id>.<prop>` of what triggered it. */
    changedPropIds: Record<string, unknown>;
    /** Whether Dash wants it because an output of it has just come into the layout. */
    initialCall?: boolean;
    /** There when Dash wants it because a layout has changed; the same for all that it led to. */
    executionGroup?: string;
    /** The callbacks whose outputs led to this one. */
    predecessors?: PendingCallback['callback'][];
    /** What it reads, group by group, for the component it runs for. */
    getInputs: (paths: unknown) => { id: ComponentId | object; property: string }[][];
    /** What it writes, in the same way. */
    getOutputs?: (paths: unknown) => { id: ComponentId | object; property: string }[][];
    /** There once it runs. */
    executionPromise?: Promise<{ error?: unknown; payload?: unknown }>;
}

/** From wish to applied outputs; what is in `stored` beyond that has ended. */
const STAGES = ['requested', 'prioritized', 'blocked', 'executing', 'watched', 'executed'];

export function pendingCallbacks(store: Store): PendingCallback[] {
    const { callbacks } = store.getState();
    return STAGES.flatMap((stage) => callbacks[stage] ?? []);
}

/**
 * Whether a callback that has a prop of a component as Input is under way, whatever triggered it.
 *
 * @param isGivenUp Says which executions do not count.
 */
export function isAwaited(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
    isGivenUp: (execution: Promise<unknown>) => boolean,
): boolean {
    return listeningCallbacks(store, id, prop).some(
        ({ executionPromise }) => !(executionPromise && isGivenUp(executionPromise)),
    );
}

/** The executions under way of callbacks that have a prop of a component as Input. */
export function awaitedExecutions(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): Promise<unknown>[] {
    return listeningCallbacks(store, id, prop).flatMap(
        ({ executionPromise }) => executionPromise ?? [],
    );
}

function listeningCallbacks(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback[] {
    return id === undefined
        ? []
        : pendingCallbacks(store).filter((pending) => hasInput(store, pending, id, prop));
}

/** Whether a callback has a prop of a component as Input. */
export function hasInput(
    store: Store,
    { getInputs }: PendingCallback,
    id: ComponentId,
    prop: string,
): boolean {
    return getInputs(store.getState().paths)
        .flat()
        .some((input) => input.property === prop && stringifyId(input.id) === id);
}

/** The callbacks that Dash wants to run and has not begun to look at: it does in a later turn. */
export function requestedCallbacks(store: Store): PendingCallback[] {
    return store.getState().callbacks.requested;
}

/** Takes a requested callback back. */
export function withdraw(store: Store, requested: PendingCallback): void {
    store.dispatch({ type: 'Callbacks.RemoveRequested', payload: [requested] });
}

/** Requests a callback. */
export function request(store: Store, pending: PendingCallback): void {
    store.dispatch({ type: 'Callbacks.AddRequested', payload: [pending] });
}

/** The callbacks that a value just given to a prop, `<id>.<prop>`, has triggered. */
export function triggeredBy(store: Store, key: string): PendingCallback[] {
    return requestedCallbacks(store).filter(({ changedPropIds }) => key in changedPropIds);
}

/** The definitions of all callbacks that have a prop of a component among their outputs. */
export function callbacksWithOutput(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback['callback'][] {
    const { outputMap, outputPatterns, partialOutputPatterns } = store.getState().graphs;
    return callbacksOf(outputMap, outputPatterns, partialOutputPatterns, id, prop);
}

/** The definitions of all callbacks that have a prop of a component among their inputs. */
export function callbacksWithInput(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback['callback'][] {
    const { inputMap, inputPatterns, partialInputPatterns } = store.getState().graphs;
    return callbacksOf(inputMap, inputPatterns, partialInputPatterns, id, prop);
}

/**
 * @param byKeys Patterns by the names of their keys.
 * @param partialByKeys Those among them that mean ids with more keys, too; from Dash 4.5 on.
 */
function callbacksOf(
    byId: Record<string, any>,
    byKeys: Record<string, any>,
    partialByKeys: Record<string, any> | undefined,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback['callback'][] {
    if (id === undefined) {
        return [];
    }
    if (!id.startsWith('{')) {
        return ofProp(byId[id], prop).flat();
    }
    const fields = JSON.parse(id);
    const names = Object.keys(fields).sort().join(',');
    const partial = Object.entries(partialByKeys ?? {}).filter(([others]) => others !== names);
    return [byKeys[names], ...partial.map(([, byProp]) => byProp)]
        .flatMap((byProp) => ofProp(byProp, prop).flat())
        .filter((pattern) => isMeantBy(pattern, fields))
        .flatMap(({ callbacks }) => callbacks);
}

/** Whether an id has the keys and the fixed values of a pattern; a wildcard stands for any value. */
function isMeantBy({ keys, values }: any, fields: Record<string, unknown>): boolean {
    return keys.every(
        (key: string, index: number) =>
            key in fields && (values[index]?.wild || values[index] === fields[key]),
    );
}

/** Entries for a prop; outputs with allow_duplicate are called `prop@hash`. */
function ofProp(byProp: Record<string, any> | undefined, prop: string): any[] {
    return Object.entries(byProp ?? {})
        .filter(([key]) => key.split('@')[0] === prop)
        .map(([, value]) => value);
}

/** What the layout holds for a component at one moment. */
export interface Entry {
    path: ComponentPath;
    props: Record<string, any>;
    /**
     * How often something was written to this place in the layout. A layout that a callback returns
     * counts at the place of the component whose children they are, and not here.
     */
    writes: number;
}

/**
 * A component's entry in the layout; undefined while another component, or no component, is at its
 * place, as it may be while the layout changes.
 *
 * @param lastPath Where the component was rendered, for one that Dash does not know by an id.
 */
export function layoutEntry(
    store: Store,
    id: ComponentId | undefined,
    lastPath: ComponentPath,
): Entry | undefined {
    const path = (id !== undefined && pathOf(store, id)) || lastPath;
    const state = store.getState();
    let node = state.layout;
    for (const step of path) {
        node = node?.[step];
    }
    const props = node?.props;
    if (!props || (id !== undefined && stringifyId(props.id) !== id)) {
        return undefined;
    }
    const hash = state.layoutHashes[path.join(',')] ?? 0;
    // A number of its own in Dash 3.0, and one entry among others later.
    return { path, props, writes: hash.hash ?? hash };
}

/**
 * Layout and paths: other objects whenever something in the layout, or a place in it, has changed.
 */
export function layoutState(store: Store): { layout: unknown; paths: unknown } {
    return store.getState();
}

/**
 * Where a component is in the layout; undefined when it is not. The list is another one whenever
 * Dash has gone through a part of the layout that holds the component.
 */
export function pathOf(store: Store, id: ComponentId): ComponentPath | undefined {
    const { strs, objs } = store.getState().paths;
    if (!id.startsWith('{')) {
        return strs[id];
    }
    const parts = Object.entries(JSON.parse(id)).sort(([a], [b]) => (a < b ? -1 : 1));
    const places = objs[parts.map(([key]) => key).join(',')] ?? [];
    const wanted = JSON.stringify(parts.map(([, value]) => value));
    return places.find(({ values }: any) => JSON.stringify(values) === wanted)?.path;
}

/** Sets props in the layout without any callback being requested. */
export function setQuietly(store: Store, path: ComponentPath, props: Record<string, any>): void {
    // As if it came with an answer: Dash keeps a history of other changes, for undo.
    const payload = { itempath: path, props, source: 'response' };
    store.dispatch({ type: 'ON_PROP_CHANGE', payload });
}

/**
 * Makes a change that Dash does not keep for its undo button. What the library sets is not for
 * users to undo, and Dash would keep every value as long as the page lives.
 */
export function besideHistory(store: Store, change: () => void): void {
    const { history } = store.getState();
    // The change writes to this object, too.
    const before = { ...history };
    change();
    if (history) {
        store.getState().history = before;
    }
}

/**
 * Puts a problem into the list of Dash's dev tools, which also print it, as Dash does with its own.
 *
 * @returns Whether they are on.
 */
export function showInDevTools(store: Store, message: string): boolean {
    const { config, error } = store.getState();
    if (!config?.ui || !Array.isArray(error?.frontEnd)) {
        return false;
    }
    const shown = new Error(message);
    // The place in this library where it was noticed would not help.
    shown.stack = message;
    store.dispatch({ type: 'ON_ERROR', payload: { type: 'frontEnd', error: shown } });
    return true;
}

export function stringifyId(id: string | Record<string, any>): ComponentId {
    return typeof id === 'string' ? id : (window as any).dash_component_api.stringifyId(id);
}
