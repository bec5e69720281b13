/**
 * The contexts of a page with a library or a gateway of its own, through `io.contexts` of that
 * library. What the library forgets is made up for here: a subscription that ends with its context,
 * a write that is lost because somebody else made the context first, a name that cannot be made any
 * more once its creation has failed, and an old value that a page brings back after an outage
 * although there is a newer one. The order of the writes of several pages stays the library's.
 */

import { Changes } from './changes';
import { applyDelta, type Delta, differenceOf, frozen, shared } from './context-deltas';
import { ContextConflict } from './context-errors';
import {
    checkName,
    type PathValue,
    pathsDelta,
    readOptions,
    setDelta,
    updateDelta,
} from './context-writes';
import type { ContextChange, Contexts, WriteOptions } from './contexts';
import { DEFAULT_TIMEOUT_MS, withTimeout } from './deadlines';
import { toError } from './errors';
import type { Io } from './io';

export class LibraryContexts implements Contexts {
    private readonly io: Io;
    private readonly changes = new Changes();
    private readonly subscriptions = new Set<LibrarySubscription>();
    private readonly nameListeners = new Set<(names: string[]) => void>();
    private names: readonly string[];
    /** The values before an outage; undefined while there is none. */
    private outdated: Record<string, object> | undefined;

    constructor(io: Io) {
        const { connection } = io;
        this.io = io;
        this.names = io.contexts?.all() ?? [];
        if (!io.contexts) {
            return;
        }
        for (const type of ['context-added', 'context-destroyed']) {
            // The library may handle the message after this.
            connection?.on?.(type, () => queueMicrotask(() => this.look()));
        }
        if (connection?.onLibReAnnounced) {
            connection.disconnected(() => this.lose());
            connection.onLibReAnnounced(
                ({ name }: { name: string }) => name === 'contexts' && this.comeBack(),
            );
        }
    }

    all(): string[] {
        return this.api.all();
    }

    onNames(listener: (names: string[]) => void): () => void {
        const own = (names: string[]) => listener(names);
        this.nameListeners.add(own);
        own([...this.names]);
        return () => this.nameListeners.delete(own);
    }

    async get(name: string): Promise<object> {
        checkName(name);
        const late = `The context ${name} could not be read`;
        const value = await withTimeout(this.read(name), DEFAULT_TIMEOUT_MS, late);
        return frozen(value ?? {});
    }

    subscribe(name: string, listener: (change: ContextChange) => void): () => void {
        checkName(name);
        const isOwn = (peerId: string) => peerId === this.io.connection?.peerId;
        const subscription = new LibrarySubscription(name, this.api, isOwn, listener);
        this.subscriptions.add(subscription);
        return () => {
            this.subscriptions.delete(subscription);
            subscription.close();
        };
    }

    async update(name: string, data: object, options?: WriteOptions): Promise<void> {
        await this.write(name, updateDelta(data), options, () => this.api.update(name, data));
    }

    async create(name: string, data: object): Promise<void> {
        if (this.all().includes(name)) {
            throw new ContextConflict(name, 'it exists already');
        }
        await this.set(name, data);
    }

    async set(name: string, data: object, options?: WriteOptions): Promise<void> {
        await this.write(name, setDelta(data), options, () => this.api.set(name, data));
    }

    async setPath(
        name: string,
        path: string,
        value: unknown,
        options?: WriteOptions,
    ): Promise<void> {
        await this.setPaths(name, [{ path, value }], options);
    }

    async setPaths(
        name: string,
        paths: readonly PathValue[],
        options?: WriteOptions,
    ): Promise<void> {
        const delta = pathsDelta(paths);
        const { reset } = delta;
        await this.write(name, delta, options, () =>
            reset ? this.api.set(name, reset) : this.api.setPaths(name, paths),
        );
    }

    async destroy(name: string, options?: WriteOptions): Promise<void> {
        await this.write(name, undefined, options, () => this.api.destroy(name));
    }

    /** `io.contexts` of the library. */
    private get api(): any {
        const { contexts } = this.io;
        if (!contexts) {
            throw new Error('This page has no contexts: its library was started without them');
        }
        return contexts;
    }

    /**
     * The value; undefined where the context goes while it is asked for. The library may never
     * answer then.
     */
    private async read(name: string): Promise<object | undefined> {
        this.look();
        let wasThere = false;
        let stop = () => {};
        const gone = new Promise<undefined>((resolve) => {
            stop = this.onNames((names) => {
                const isThere = names.includes(name);
                if (wasThere && !isThere) {
                    resolve(undefined);
                }
                wasThere = isThere;
            });
        });
        try {
            return await Promise.race([this.api.get(name), gone]);
        } finally {
            stop();
        }
    }

    /** Writes of this page to one context come one after the other. */
    private async write(
        name: string,
        delta: Delta | undefined,
        options: WriteOptions | undefined,
        act: () => Promise<unknown>,
    ): Promise<void> {
        checkName(name);
        const { ifVersion, ms } = readOptions(options);
        if (ifVersion !== undefined) {
            throw new Error(
                `ifVersion needs a gateway of dash_interop, so the context ${name} was not written`,
            );
        }
        const late = `The context ${name} could not be written`;
        // One that the library never answers holds up those behind it only so long.
        const carryOut = () => withTimeout(this.carryOut(name, delta, act), ms, late);
        await withTimeout(this.changes.inOrder(name, carryOut), ms, late);
    }

    private async carryOut(
        name: string,
        delta: Delta | undefined,
        act: () => Promise<unknown>,
    ): Promise<void> {
        const isNew = delta && !this.all().includes(name);
        try {
            await act();
        } catch (reason) {
            // The library would give the same answer for as long as the page is there.
            delete this.api._bridge?._creationPromises?.[name];
            throw reason;
        }
        if (isNew) {
            // Where somebody else was first, the library drops the data.
            const meant = applyDelta({}, delta).value;
            const value = await this.read(name);
            if (value && shared(meant, value) !== meant) {
                await act();
            }
        }
        this.look();
    }

    /** Something may have changed in the list of contexts. */
    private look(): void {
        if (this.outdated) {
            return;
        }
        const names: string[] = this.all();
        const gone = new Set(this.names.filter((name) => !names.includes(name)));
        for (const subscription of this.subscriptions) {
            if (gone.has(subscription.name)) {
                subscription.end();
            }
        }
        if (names.join('\n') !== this.names.join('\n')) {
            this.names = names;
            for (const listener of [...this.nameListeners]) {
                listener([...names]);
            }
        }
    }

    /** The library would write these values again when it is back, over newer ones. */
    private lose(): void {
        const bridge = this.io.contexts?._bridge;
        this.outdated = { ...this.outdated, ...bridge?._contextsTempCache };
        if (bridge) {
            bridge._contextsTempCache = {};
        }
    }

    /** The gateway may have restarted; what it does not know any more is made anew. */
    private comeBack(): void {
        const outdated = this.outdated ?? {};
        this.outdated = undefined;
        const present = this.all();
        for (const [name, data] of Object.entries(outdated)) {
            if (!present.includes(name) && Object.keys(data).length > 0) {
                this.api.update(name, data).catch(() => {
                    // The connection is lost again.
                });
            }
        }
        setTimeout(() => this.look());
    }
}

/** One subscription, also to a context that comes and goes. */
class LibrarySubscription {
    readonly name: string;
    private readonly api: any;
    private readonly isOwn: (peerId: string) => boolean;
    private readonly listener: (change: ContextChange) => void;
    /** The value that was told last; undefined while there is none. */
    private value: object | undefined;
    private hasHeard = false;
    private stop: () => void;

    constructor(
        name: string,
        api: any,
        isOwn: (peerId: string) => boolean,
        listener: (change: ContextChange) => void,
    ) {
        this.name = name;
        this.api = api;
        this.isOwn = isOwn;
        this.listener = listener;
        this.stop = this.start();
    }

    close(): void {
        this.stop();
    }

    /** The context is gone: the library will not tell of another one of its name. */
    end(): void {
        const { value } = this;
        this.close();
        this.value = undefined;
        this.hasHeard = false;
        this.stop = this.start();
        if (value === undefined) {
            // It went before its value was told.
            return;
        }
        const removed = Object.keys(value);
        const what = { data: {}, delta: {}, removed, version: undefined };
        this.listener({ ...what, updaterId: undefined, isMine: false, isDestroyed: true });
    }

    /** @returns How to stop. */
    private start(): () => void {
        let isOver = false;
        const hear = (data: object, delta: object, removed: unknown, _stop: unknown, more: any) =>
            isOver || this.hear(data, delta, removed, more?.updaterId);
        const starting: Promise<() => void> = this.api.subscribe(this.name, hear);
        starting.catch((reason) => {
            console.warn(`dash_interop: The context ${this.name} cannot be read`, toError(reason));
        });
        return () => {
            isOver = true;
            starting.then(
                (stop) => stop(),
                () => {},
            );
        };
    }

    private hear(data: object, told: object, removed: any, updaterId: string | undefined): void {
        const before = this.value;
        const value = frozen(shared(before, data));
        this.value = value;
        if (value === before) {
            return;
        }
        // A value that the gateway tells anew comes without a delta.
        const isTold = Object.keys(told ?? {}).length > 0;
        const difference = differenceOf(before ?? {}, value);
        const change = {
            data: value,
            delta: this.hasHeard ? (isTold ? frozen(told) : difference.delta) : {},
            removed: this.hasHeard ? (removed ?? difference.removed) : [],
        };
        this.hasHeard = true;
        const isMine = updaterId !== undefined && this.isOwn(updaterId);
        const whose = { updaterId, isMine, version: undefined, isDestroyed: false };
        this.listener({ ...change, ...whose });
    }
}
