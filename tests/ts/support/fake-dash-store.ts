/**
 * The store of Dash's renderer as far as this package looks into it: `setProps` changes the layout
 * and requests callbacks in the same turn, a value equal to the present one is ignored, each stage
 * holds a new copy of a callback, and outputs are applied before what they trigger is requested.
 * The test says when a callback starts and how it ends.
 */

import { isDeepStrictEqual } from 'node:util';
import type { PendingCallback, Store } from '../../../src/dash/renderer';

type Props = Record<string, any>;
type Path = (string | number)[];
type Definition = PendingCallback['callback'];

/** What a callback returned: values by `id.prop`. */
type Outputs = Record<string, unknown>;

interface LayoutNode {
    type: string;
    props: Props;
}

/** For the undo button; Dash never cuts it. */
interface History {
    past: object[];
    present: object;
    future: object[];
}

const STAGES = [
    'requested',
    'prioritized',
    'blocked',
    'executing',
    'watched',
    'executed',
    'stored',
] as const;

type Stage = (typeof STAGES)[number];

export class FakeDashStore implements Store {
    private state = {
        callbacks: Object.fromEntries(STAGES.map((stage) => [stage, []])) as unknown as Record<
            Stage,
            PendingCallback[]
        >,
        graphs: {
            inputMap: {} as Props,
            inputPatterns: {} as Props,
            outputMap: {} as Props,
            outputPatterns: {} as Props,
        },
        layout: { props: { children: [] as (LayoutNode | undefined)[] } },
        layoutHashes: {} as Record<string, { hash: number }>,
        paths: { strs: {} as Record<string, Path>, objs: {} as Props },
        config: { ui: false },
        error: { frontEnd: [] as { error: Error }[] },
        history: { past: [], present: {}, future: [] } as History,
    };
    private readonly listeners = new Set<() => void>();
    private readonly definitions: Definition[] = [];
    /** Every run of a callback, the oldest first. */
    readonly runs: FakeRun[] = [];
    /** What `setProps` was called with, the oldest first. */
    readonly updates: { id: string; props: Props }[] = [];
    /** What changed in the layout, whoever wrote it, the oldest first. */
    readonly changes: { id: string; prop: string; value: unknown }[] = [];

    getState(): any {
        return this.state;
    }

    subscribe(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    /** Switches the dev tools on. */
    useDevTools(): void {
        this.state.config = { ui: true };
    }

    /** What the dev tools list, the newest first. */
    get listedErrors(): string[] {
        return this.state.error.frontEnd.map(({ error }) => error.message);
    }

    dispatch({ type, payload }: { type: string; payload: any }): void {
        switch (type) {
            case 'ON_PROP_CHANGE':
                this.assign(payload.itempath[2], payload.props);
                break;
            case 'Callbacks.RemoveRequested':
                this.takeBack(payload);
                break;
            case 'Callbacks.AddRequested':
                for (const pending of payload) {
                    this.runs.push(new FakeRun(this, pending));
                }
                this.notify();
                break;
            case 'ON_ERROR':
                console.error(payload.error);
                this.state = {
                    ...this.state,
                    error: { frontEnd: [payload, ...this.state.error.frontEnd] },
                };
                break;
            default:
                throw new Error(`Dash has no action ${type}`);
        }
    }

    /** How many want to hear of changes. */
    get subscriberCount(): number {
        return this.listeners.size;
    }

    /** Puts a component into the layout; returns its path. */
    add(type: string, props: Props): (string | number)[] {
        const { children } = this.state.layout.props;
        this.replaceChildren([...children, { type, props }]);
        return ['props', 'children', children.length];
    }

    /** Takes a component out of the layout; the paths of the others stay. */
    remove(id: string): void {
        const index = this.indexOf(id);
        this.replaceChildren(
            this.state.layout.props.children.map((node, at) => (at === index ? undefined : node)),
        );
    }

    /** Two components change places in the layout. */
    swapPlaces(first: string, second: string): void {
        const indexes = [this.indexOf(first), this.indexOf(second)];
        const { children } = this.state.layout.props;
        const swapped = [...children];
        swapped[indexes[0]] = children[indexes[1]];
        swapped[indexes[1]] = children[indexes[0]];
        this.replaceChildren(swapped);
    }

    node(path: (string | number)[]): LayoutNode | undefined {
        return this.state.layout.props.children[path[2] as number];
    }

    props(id: string): Props {
        return this.state.layout.props.children[this.indexOf(id)]?.props as Props;
    }

    /** Declares a callback, as in `@callback(Output(...), Input(...))`. */
    callback({ inputs, outputs = [] }: { inputs: string[]; outputs?: string[] }): Definition {
        const definition = { inputs, outputs };
        this.definitions.push(definition);
        const { inputMap, outputMap } = this.state.graphs;
        addTo(inputMap, inputs, definition);
        addTo(outputMap, outputs, definition);
        return definition;
    }

    /** What the `setProps` of a component does. */
    setProps(id: string, props: Props): void {
        this.updates.push({ id, props });
        const { history } = this.state;
        history.present = { id, props: this.props(id) };
        this.write(id, props);
        this.state.history = {
            past: [...history.past, history.present],
            present: { id, props },
            future: [],
        };
    }

    /** What the undo button would go back through. */
    get undoable(): History {
        return this.state.history;
    }

    /** Applies values as the outputs of a callback do; requests what they trigger. */
    write(id: string, props: Props): void {
        const changed = this.apply(id, props);
        this.request(changed.map((prop) => `${id}.${prop}`));
    }

    /** The runs that are requested and not started. */
    get requested(): FakeRun[] {
        return this.runs.filter((run) => run.stage === 'requested');
    }

    /** @returns The names of the props that changed. */
    apply(id: string, props: Props): string[] {
        const index = this.indexOf(id);
        const node = this.state.layout.props.children[index] as LayoutNode;
        const changed = Object.keys(props).filter(
            (prop) => !isDeepStrictEqual(props[prop], node.props[prop]),
        );
        for (const prop of changed) {
            this.changes.push({ id, prop, value: props[prop] });
        }
        if (changed.length > 0) {
            this.assign(index, props);
        }
        return changed;
    }

    /** A callback returns all children: the layout changes, then the places, then what it requests. */
    returnLayout(children: LayoutNode[], replayed: string[] = [], filled: string[] = []): void {
        this.state = { ...this.state, layout: { props: { children } } };
        this.notify();
        this.notePlaces(children);
        this.notify();
        for (const callback of this.definitions) {
            const keys = replayed.filter((key) => callback.inputs.includes(key));
            if (keys.length > 0) {
                const changedPropIds = Object.fromEntries(keys.map((key) => [key, 1]));
                const pending = { ...this.resolve(callback), changedPropIds, executionGroup: 'g' };
                // Dash merges it with others later, when it looks at what is requested.
                this.runs.push(new FakeRun(this, pending, false));
            }
        }
        this.notify();
        for (const output of filled) {
            this.fill(output);
        }
    }

    private takeBack(gone: PendingCallback[]): void {
        for (const run of this.runs.filter(({ pending }) => gone.includes(pending))) {
            run.stage = 'gone';
        }
        const requested = this.state.callbacks.requested.filter((one) => !gone.includes(one));
        this.state = { ...this.state, callbacks: { ...this.state.callbacks, requested } };
        this.notify();
    }

    private assign(index: number, props: Props): void {
        const { children } = this.state.layout.props;
        const node = children[index] as LayoutNode;
        const fresh = { ...node, props: { ...node.props, ...props } };
        const path = ['props', 'children', index].join(',');
        const hash = (this.state.layoutHashes[path]?.hash ?? 0) + 1;
        this.state = {
            ...this.state,
            layout: {
                props: { children: children.map((old, at) => (at === index ? fresh : old)) },
            },
            layoutHashes: { ...this.state.layoutHashes, [path]: { hash } },
        };
        this.notify();
    }

    private notePlaces(children: (LayoutNode | undefined)[]): void {
        const places = children.map((node, index) => [
            node?.props.id,
            ['props', 'children', index],
        ]);
        const strs = Object.fromEntries(places.filter(([id]) => id !== undefined));
        this.state = { ...this.state, paths: { ...this.state.paths, strs } };
    }

    /** Requests the callbacks of an output that has come into the layout. */
    fill(output: string): void {
        for (const callback of this.definitions.filter(({ outputs }) => outputs.includes(output))) {
            this.runs.push(
                new FakeRun(this, {
                    ...this.resolve(callback),
                    changedPropIds: {},
                    initialCall: true,
                }),
            );
        }
        this.notify();
    }

    private resolve(callback: Definition) {
        const named = (keys: unknown[]) =>
            keys.map((key) => {
                const [id, property] = splitKey(key as string);
                return { id, property };
            });
        return {
            callback,
            resolvedId: JSON.stringify(callback.inputs),
            getInputs: () => [named(callback.inputs)],
            getOutputs: () => [named(callback.outputs)],
        };
    }

    /** Requests the callbacks that have one of the changed props as an input. */
    request(changed: string[], predecessors?: Definition[]): void {
        const triggered = this.definitions.filter(({ inputs }) =>
            inputs.some((input) => changed.includes(input as string)),
        );
        if (triggered.length === 0) {
            return;
        }
        for (const callback of triggered) {
            const changedPropIds = Object.fromEntries(changed.map((key) => [key, 1]));
            const waiting = this.requested.find((run) => run.pending.callback === callback);
            if (waiting) {
                // Dash merges: the later request takes the place of the earlier one.
                waiting.pending = {
                    ...waiting.pending,
                    changedPropIds: { ...waiting.pending.changedPropIds, ...changedPropIds },
                };
                this.swap(waiting, waiting.pending);
            } else {
                const pending = { ...this.resolve(callback), changedPropIds, predecessors };
                this.runs.push(new FakeRun(this, pending));
            }
        }
        this.notify();
    }

    /** Puts a run into its stage, out of all others; tells nobody. */
    swap(run: FakeRun, pending: PendingCallback): void {
        const callbacks = { ...this.state.callbacks };
        for (const stage of STAGES) {
            callbacks[stage] = callbacks[stage].filter(
                ({ callback, resolvedId }) =>
                    callback !== pending.callback || resolvedId !== pending.resolvedId,
            );
        }
        if (run.stage !== 'gone') {
            callbacks[run.stage] = [...callbacks[run.stage], pending];
        }
        this.state = { ...this.state, callbacks };
    }

    /** Requests a run beside others of the same callback; tells nobody. */
    addRequested(pending: PendingCallback): void {
        const requested = [...this.state.callbacks.requested, pending];
        this.state = { ...this.state, callbacks: { ...this.state.callbacks, requested } };
    }

    notify(): void {
        for (const listener of [...this.listeners]) {
            listener();
        }
    }

    private indexOf(id: string): number {
        const index = this.state.layout.props.children.findIndex((node) => node?.props.id === id);
        if (index < 0) {
            throw new Error(`No component ${id} in the layout`);
        }
        return index;
    }

    private replaceChildren(children: (LayoutNode | undefined)[]): void {
        this.state = { ...this.state, layout: { props: { children } } };
        this.notePlaces(children);
        this.notify();
    }
}

/** One run of a callback, from its request to its end. */
export class FakeRun {
    stage: Stage | 'gone' = 'requested';
    pending: PendingCallback;
    private readonly store: FakeDashStore;
    private resolve: (outcome: { data?: Outputs; error?: unknown; payload?: unknown }) => void =
        () => {};
    private reject: (reason: unknown) => void = () => {};

    /** @param isAlone Whether it takes the place of other runs of the callback. */
    constructor(store: FakeDashStore, pending: PendingCallback, isAlone = true) {
        this.store = store;
        this.pending = pending;
        if (isAlone) {
            store.swap(this, pending);
        } else {
            store.addRequested(pending);
        }
    }

    move(stage: Stage | 'gone', more: Partial<PendingCallback> = {}): void {
        this.stage = stage;
        this.pending = { ...this.pending, ...more };
        this.store.swap(this, this.pending);
        this.store.notify();
    }

    /** Dash sends it to the server. */
    start(): void {
        this.move('prioritized');
        const executionPromise = new Promise<{
            data?: Outputs;
            error?: unknown;
            payload?: unknown;
        }>((resolve, reject) => {
            this.resolve = resolve;
            this.reject = reject;
        });
        executionPromise.catch(() => {});
        this.move('executing', { executionPromise });
        this.move('watched');
    }

    /** The answer of the server is there and its outputs are applied. */
    async finish(outputs: Outputs = {}): Promise<void> {
        this.startIfWaiting();
        this.resolve({ data: outputs });
        await Promise.resolve();
        this.move('executed');
        const changed = Object.entries(outputs).flatMap(([key, value]) => {
            const [id, prop] = splitKey(key);
            return this.store.apply(id, { [prop]: value }).map((name) => `${id}.${name}`);
        });
        // Dash takes a callback out and requests what it triggered in one step.
        this.stage = 'stored';
        this.store.swap(this, this.pending);
        const predecessors = [...(this.pending.predecessors ?? []), this.pending.callback];
        this.store.request(changed, predecessors);
        this.store.notify();
    }

    /** The callback raised PreventUpdate. */
    preventUpdate(): Promise<void> {
        return this.finish({});
    }

    /** The callback raised an exception: on the server, or in the page where it has a payload. */
    async fail(error: unknown = serverError(), payload: unknown = null): Promise<void> {
        this.startIfWaiting();
        this.resolve({ error, payload });
        await Promise.resolve();
        this.move('executed');
        this.move('stored');
    }

    /** The request of the callback itself breaks. */
    async breakOff(reason: unknown = new Error('network')): Promise<void> {
        this.startIfWaiting();
        this.reject(reason);
        await Promise.resolve();
        this.move('executed');
        this.move('stored');
    }

    private startIfWaiting(): void {
        if (this.stage === 'requested') {
            this.start();
        }
    }
}

function addTo(map: Props, keys: string[], definition: Definition): void {
    for (const key of keys) {
        const [id, prop] = splitKey(key);
        map[id] ??= {};
        map[id][prop] = [...(map[id][prop] ?? []), definition];
    }
}

function serverError(): Response {
    return new Response(null, { status: 500, statusText: 'INTERNAL SERVER ERROR' });
}

function splitKey(key: string): [string, string] {
    const dot = key.lastIndexOf('.');
    return [key.slice(0, dot), key.slice(dot + 1)];
}
