/**
 * Contexts as the rest of the page knows them: named dicts that all peers of a user share.
 *
 * Two things implement this: `GatewayContexts` on a gateway of this project, `LibraryContexts` in a
 * page with a library or a gateway of its own. What they hand out is shared with others, and with
 * later values of the same context, so nobody may change it.
 */

export interface ContextChange {
    /**
     * The value after the change. What the change left alone is the same object as before. To be
     * read while the listener is called: later there may be a newer one.
     */
    readonly data: object;
    /** What was set, by its top-level key; all of the value where it was replaced. */
    delta: object;
    /** The top-level keys that are gone. */
    removed: string[];
    /** The peer id of the writer; undefined where nobody wrote, or it is not known. */
    updaterId: string | undefined;
    /** Whether this page wrote it. */
    isMine: boolean;
    /** Grows with every write, 0 where the context is gone; undefined where the gateway does not count. */
    version: number | undefined;
    /** Whether the context is gone; `data` is empty then. The next change is a first one again. */
    isDestroyed: boolean;
}

export interface WriteOptions {
    /** The version that the context has to have for the write; 0 where it must not exist. */
    ifVersion?: number;
    timeoutMs?: number;
}

export interface Contexts {
    /** The names of the contexts that are known now. */
    all(): string[];
    /** Calls `listener` with the names, now and at each change. */
    onNames(listener: (names: string[]) => void): () => void;
    /**
     * The value of a context; {} where there is none. It has all that anybody has written before;
     * where the page listens to the context, all that its listeners have heard of.
     */
    get(name: string): Promise<object>;
    /**
     * Calls `listener` with each change, and with the value that is there as the first one (delta
     * {}), as soon as there is one; outages and `destroy` do not end it.
     */
    subscribe(name: string, listener: (change: ContextChange) => void): () => void;
    /** Sets top-level keys; null removes one. Makes the context where there is none. */
    update(name: string, data: object, options?: WriteOptions): Promise<void>;
    /**
     * Makes a context. Rejects with `ContextConflict` where there is one, also where another page
     * was first by a moment; a library may not tell the latter.
     */
    create(name: string, data: object): Promise<void>;
    /** Replaces the value. */
    set(name: string, data: object, options?: WriteOptions): Promise<void>;
    /** Sets what is at a dotted path; null removes it. The path "" is the value itself. */
    setPath(name: string, path: string, value: unknown, options?: WriteOptions): Promise<void>;
    setPaths(
        name: string,
        paths: readonly { path: string; value: unknown }[],
        options?: WriteOptions,
    ): Promise<void>;
    destroy(name: string, options?: WriteOptions): Promise<void>;
}
