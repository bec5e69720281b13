/**
 * The one place that looks into Dash's renderer: which callbacks are under way, and what a
 * component's props are in the layout. The shape of the store is internal to Dash; it is the same
 * from Dash 3.0 to 4.4, and the browser tests run on the ends of that range.
 */

export interface Store {
    getState(): any;
    subscribe(listener: () => void): () => void;
}

/** An id as text; a pattern-matching id is the text of a JSON object. */
export type ComponentId = string;
export type ComponentPath = (string | number)[];

/** A callback that Dash wants to run, is running or is applying. */
export interface PendingCallback {
    /** The definition, the same object for every run. */
    callback: { inputs: unknown[]; outputs: unknown[] };
    /** Tells apart the runs of one definition for different components. */
    resolvedId: string;
    /** `<id>.<prop>` of what triggered it. */
    changedPropIds: Record<string, unknown>;
    /** The callbacks whose outputs led to this one. */
    predecessors?: PendingCallback['callback'][];
    /** What it reads, group by group, for the component it runs for. */
    getInputs: (paths: unknown) => { id: ComponentId | object; property: string }[][];
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
 * @param givenUp Executions that do not count.
 */
export function isAwaited(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
    givenUp: WeakSet<Promise<unknown>>,
): boolean {
    if (id === undefined) {
        return false;
    }
    const { paths } = store.getState();
    return pendingCallbacks(store).some(
        ({ executionPromise, getInputs }) =>
            !(executionPromise && givenUp.has(executionPromise)) &&
            getInputs(paths)
                .flat()
                .some((input) => input.property === prop && stringifyId(input.id) === id),
    );
}

/** The callbacks that a value just given to a prop has triggered. */
export function triggeredBy(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback[] {
    const { callbacks } = store.getState();
    const key = `${id}.${prop}`;
    return callbacks.requested.filter((pending: PendingCallback) => key in pending.changedPropIds);
}

/** The definitions of all callbacks that have a prop of a component among their outputs. */
export function callbacksWithOutput(
    store: Store,
    id: ComponentId | undefined,
    prop: string,
): PendingCallback['callback'][] {
    if (id === undefined) {
        return [];
    }
    const { outputMap, outputPatterns } = store.getState().graphs;
    if (!id.startsWith('{')) {
        return ofProp(outputMap[id], prop).flat();
    }
    // A pattern with the same keys may mean this component: better one too many than one missed.
    const patterns = outputPatterns[Object.keys(JSON.parse(id)).sort().join(',')];
    return ofProp(patterns, prop)
        .flat()
        .flatMap(({ callbacks }: any) => callbacks);
}

/** Entries for a prop; outputs with allow_duplicate are called `prop@hash`. */
function ofProp(byProp: Record<string, any> | undefined, prop: string): any[] {
    return Object.entries(byProp ?? {})
        .filter(([key]) => key.split('@')[0] === prop)
        .map(([, value]) => value);
}

/**
 * A component's props in the layout; undefined when another component, or none, is at the path,
 * as while the layout changes.
 */
export function layoutProps(
    store: Store,
    path: ComponentPath,
    id: ComponentId | undefined,
): Record<string, any> | undefined {
    let node = store.getState().layout;
    for (const step of path) {
        node = node?.[step];
    }
    const props = node?.props;
    return props && (id === undefined || stringifyId(props.id) === id) ? props : undefined;
}

export function stringifyId(id: string | Record<string, any>): ComponentId {
    return typeof id === 'string' ? id : (window as any).dash_component_api.stringifyId(id);
}
