/**
 * The contexts of pages on one gateway: values are kept and told in the order of the writes, a
 * little later, to the writer as to all others. What changes nothing is told to nobody.
 */

import { isDeepStrictEqual } from 'node:util';
import { ContextConflict } from '../../../src/client/context-errors';
import type { ContextChange, Contexts } from '../../../src/client/contexts';

type Listener = (change: ContextChange) => void;

interface Stored {
    data: any;
    version: number;
}

export class FakeContextGateway {
    readonly stored = new Map<string, Stored>();
    readonly pages: FakeContexts[] = [];
    /** What was written, the oldest first. */
    readonly writes: { by: string; name: string; paths: { path: string; value: unknown }[] }[] = [];
    private version = 0;

    connect(peerId: string): FakeContexts {
        const page = new FakeContexts(this, peerId);
        this.pages.push(page);
        return page;
    }

    /** Makes a channel as a gateway does that has some from the start. */
    addChannel(name: string, data: object = {}, more: object = {}): void {
        const value = { name, meta: { color: name.toLowerCase() }, data, ...more };
        this.write('gateway', `___channel___${name}`, value, value);
    }

    write(by: string, name: string, data: any, delta: object, removed: string[] = []): void {
        this.version += 1;
        const isNew = !this.stored.has(name);
        if (isDeepStrictEqual(data, this.stored.get(name)?.data)) {
            return;
        }
        this.stored.set(name, { data, version: this.version });
        for (const page of this.pages) {
            page.hear(name, {
                data,
                delta: isNew ? {} : delta,
                removed,
                updaterId: by,
                isMine: by === page.peerId,
                version: this.version,
                isDestroyed: false,
            });
            if (isNew) {
                page.hearNames();
            }
        }
    }

    destroy(name: string): void {
        const { data, version } = this.stored.get(name) as Stored;
        this.stored.delete(name);
        for (const page of this.pages) {
            const change = { data, delta: {}, removed: [], version, isDestroyed: true };
            page.hear(name, { ...change, updaterId: undefined, isMine: false });
            page.hearNames();
        }
    }
}

export class FakeContexts implements Contexts {
    /** Whether it hears anything; what it asks for waits otherwise. */
    isConnected = true;
    private readonly subscriptions = new Map<string, Set<Listener>>();
    private readonly nameListeners = new Set<(names: string[]) => void>();

    constructor(
        private readonly gateway: FakeContextGateway,
        readonly peerId: string,
    ) {}

    all(): string[] {
        return [...this.gateway.stored.keys()];
    }

    onNames(listener: (names: string[]) => void): () => void {
        this.nameListeners.add(listener);
        listener(this.all());
        return () => this.nameListeners.delete(listener);
    }

    async get(name: string): Promise<object> {
        return this.gateway.stored.get(name)?.data ?? {};
    }

    subscribe(name: string, listener: Listener): () => void {
        const listeners = this.subscriptions.get(name) ?? new Set();
        this.subscriptions.set(name, listeners.add(listener));
        const present = this.gateway.stored.get(name);
        if (present) {
            const { data, version } = present;
            const change = { data, version, delta: {}, removed: [], isDestroyed: false };
            queueMicrotask(() => {
                if (this.isConnected && listeners.has(listener)) {
                    listener({ ...change, updaterId: undefined, isMine: false });
                }
            });
        }
        return () => listeners.delete(listener);
    }

    /** How many listen to a context. */
    count(name: string): number {
        return this.subscriptions.get(name)?.size ?? 0;
    }

    async update(name: string, data: object): Promise<void> {
        const paths = Object.entries(data).map(([path, value]) => ({ path, value }));
        await this.setPaths(name, paths);
    }

    async create(name: string, data: object): Promise<void> {
        await Promise.resolve();
        if (this.gateway.stored.has(name)) {
            throw new ContextConflict(name, 'it exists');
        }
        this.gateway.write(this.peerId, name, data, data);
    }

    async set(name: string, data: object): Promise<void> {
        await Promise.resolve();
        this.gateway.write(this.peerId, name, data, data);
    }

    setPath(name: string, path: string, value: unknown): Promise<void> {
        return this.setPaths(name, [{ path, value }]);
    }

    async setPaths(name: string, paths: { path: string; value: unknown }[]): Promise<void> {
        this.gateway.writes.push({ by: this.peerId, name, paths });
        await Promise.resolve();
        const data = structuredClone(this.gateway.stored.get(name)?.data ?? {});
        const delta: any = {};
        for (const { path, value } of paths) {
            put(data, path.split('.'), value);
            put(delta, path.split('.'), value);
        }
        this.gateway.write(this.peerId, name, data, delta);
    }

    async destroy(name: string): Promise<void> {
        await Promise.resolve();
        this.gateway.destroy(name);
    }

    hear(name: string, change: ContextChange): void {
        const listeners = this.subscriptions.get(name) ?? new Set();
        for (const listener of [...listeners]) {
            queueMicrotask(() => listeners.has(listener) && listener(change));
        }
    }

    hearNames(): void {
        for (const listener of [...this.nameListeners]) {
            listener(this.all());
        }
    }
}

function put(into: any, [key, ...rest]: string[], value: unknown): void {
    if (rest.length > 0) {
        into[key] ??= {};
        put(into[key], rest, value);
    } else if (value === null) {
        delete into[key];
    } else {
        into[key] = value;
    }
}
