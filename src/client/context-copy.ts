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

    /** Undefined while it is not known, or there is none. */
    get data(): object | undefined {
        return this.value;
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
        const value = shared(before, { ...data });
        this.note(value, version);
        if (value !== before) {
            this.tell(differenceOf(before ?? NOTHING, value), NOBODY);
        }
    }

    /** This page has made the context, so its listeners hear a change and not a first value. */
    begin(data: object, version: number | undefined, writer: Writer): void {
        const value = frozen(data);
        this.note(value, version);
        for (const listener of this.listeners) {
            listener.hasHeard = true;
        }
        this.tell({ delta: value, removed: [] }, writer);
    }

    /** Nobody hears of a change that leaves the value as it was. */
    apply(delta: Delta, version: number | undefined, writer: Writer): void {
        const before = this.value ?? NOTHING;
        const value = applyDelta(before, delta);
        this.note(value, version);
        if (value !== before) {
            this.tell(describe(delta, before), writer);
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

    private note(value: object, version: number | undefined): void {
        this.since = value === this.value ? this.since : version;
        this.value = value;
        this.latest = version;
    }

    private tell(what: Pick<ContextChange, 'delta' | 'removed'>, writer: Writer): void {
        const data = this.value as object;
        const change = { data, ...what, ...writer, version: this.latest, isDestroyed: false };
        for (const listener of [...this.listeners]) {
            if (!listener.hasHeard) {
                this.tellFirst(listener);
            } else if (this.listeners.has(listener)) {
                call(listener.hear, change);
            }
        }
    }

    private tellFirst(listener: Listener): void {
        const { value: data, latest: version } = this;
        if (data !== undefined && !listener.hasHeard && this.listeners.has(listener)) {
            listener.hasHeard = true;
            const change = { data, delta: NOTHING, removed: [], ...NOBODY };
            call(listener.hear, { ...change, version, isDestroyed: false });
        }
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
