/** What a page knows of one context, and who in the page wants to hear of it. */

import { applyDelta, type Delta, describe, differenceOf, frozen, shared } from './context-deltas';
import type { ContextChange } from './contexts';

interface Listener {
    hear: (change: ContextChange) => void;
    /** Whether it has heard of a value. The first one it hears of has no delta. */
    hasHeard: boolean;
}

/** Who has written. */
export interface Writer {
    updaterId: string | undefined;
    isMine: boolean;
}

const NOBODY: Writer = { updaterId: undefined, isMine: false };
const NOTHING = Object.freeze({});

export class ContextCopy {
    private readonly listeners = new Set<Listener>();
    private value: object | undefined;
    private latest: number | undefined;
    /** The first version that had the present value. */
    private since: number | undefined;

    /** Whether there is a value that is known. */
    get hasData(): boolean {
        return this.value !== undefined;
    }

    /** The value, to be handed out; undefined while it is not known, or there is none. */
    get data(): object | undefined {
        return frozen(this.value);
    }

    get version(): number | undefined {
        return this.latest;
    }

    get hasListeners(): boolean {
        return this.listeners.size > 0;
    }

    /** Calls `hear` with each change, and first of all with the value, as soon as there is one. */
    listen(hear: (change: ContextChange) => void): () => void {
        const listener = { hear, hasHeard: false };
        this.listeners.add(listener);
        queueMicrotask(() => this.tellFirst(listener));
        return () => this.listeners.delete(listener);
    }

    /** The gateway tells the value, and not how it came about. */
    take(data: object, version: number | undefined): void {
        const before = this.value;
        const value = shared(before, data);
        this.note(value, version, value !== before);
        if (value !== before) {
            this.tell(differenceOf(before ?? NOTHING, value), NOBODY);
        }
    }

    /** This page has made the context, so its listeners hear a change and not a first value. */
    begin(data: object, version: number | undefined, writer: Writer): void {
        this.note(data, version, true);
        for (const listener of this.listeners) {
            listener.hasHeard = true;
        }
        this.tell({ delta: frozen(data), removed: [] }, writer);
    }

    /** Nobody hears of a change that leaves the value as it was. */
    apply(delta: Delta, version: number | undefined, writer: Writer): void {
        const before = this.value ?? NOTHING;
        const keys = Object.keys(before);
        const { value, isChanged } = applyDelta(before, delta);
        this.note(value, version, isChanged);
        if (isChanged && this.hasListeners) {
            this.tell(describe(delta, keys), writer);
        }
    }

    /** The context is gone. */
    end(): void {
        const { value } = this;
        if (value === undefined) {
            return;
        }
        this.value = this.latest = this.since = undefined;
        const change = { data: NOTHING, delta: NOTHING, removed: Object.keys(value), ...NOBODY };
        for (const listener of [...this.listeners]) {
            if (listener.hasHeard) {
                // The next value is a first one again.
                listener.hasHeard = false;
                call(listener.hear, { ...change, version: 0, isDestroyed: true });
            }
        }
    }

    /** Nobody needs the value any more. */
    forget(): void {
        this.value = this.latest = this.since = undefined;
    }

    /**
     * The version to ask the gateway for. Of a write that changed nothing no listener hears, so the
     * versions that had one value are one to those who compare them.
     */
    versionFor(ifVersion: number): number {
        const { since, latest } = this;
        const isPresent = since !== undefined && latest !== undefined && since <= ifVersion;
        return isPresent && ifVersion <= latest ? latest : ifVersion;
    }

    private note(value: object, version: number | undefined, isChanged: boolean): void {
        this.since = isChanged ? version : this.since;
        this.value = value;
        this.latest = version;
    }

    private tell(what: Pick<ContextChange, 'delta' | 'removed'>, writer: Writer): void {
        const rest = { ...what, ...writer, version: this.latest, isDestroyed: false };
        const change = this.withData(rest);
        for (const listener of [...this.listeners]) {
            if (!listener.hasHeard) {
                this.tellFirst(listener);
            } else if (this.listeners.has(listener)) {
                call(listener.hear, change);
            }
        }
    }

    private tellFirst(listener: Listener): void {
        if (this.hasData && !listener.hasHeard && this.listeners.has(listener)) {
            listener.hasHeard = true;
            const change = { delta: NOTHING, removed: [], ...NOBODY };
            call(
                listener.hear,
                this.withData({ ...change, version: this.latest, isDestroyed: false }),
            );
        }
    }

    /** Who does not look at the value does not cause a copy of it. */
    private withData(change: Omit<ContextChange, 'data'>): ContextChange {
        const read = () => this.data ?? NOTHING;
        return Object.defineProperty(change, 'data', {
            get: read,
            enumerable: true,
        }) as ContextChange;
    }
}

/** What one listener does wrong is not the fault of the others. */
function call(hear: (change: ContextChange) => void, change: ContextChange): void {
    try {
        hear(change);
    } catch (error) {
        console.error(error);
    }
}
