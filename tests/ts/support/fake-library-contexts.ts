/**
 * A page whose library has contexts as those of core are: what it does oddly is kept. A subscription
 * ends with its context; the creation of a context that somebody else has made meanwhile drops the
 * data; a creation that has failed fails for ever; and after an outage the library writes what it
 * knew before.
 */

type Callback = (
    data: object,
    delta: object,
    removed: string[] | undefined,
    unsubscribe: () => void,
    extraData: { updaterId?: string },
) => void;

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** What is at the gateway of the library; other pages write here. */
export class FakeLibraryPage {
    readonly values = new Map<string, object>();
    readonly updates: [name: string, data: object][] = [];
    /** Somebody else makes this context while the page makes it. */
    overtakenBy: { name: string; data: object } | undefined;
    /** What is read gets no answer, as when it goes before it is there. */
    goesWhileRead = false;
    /** What is written gets no answer. */
    neverAnswers = false;
    /** Why the next creation fails. */
    refusal: unknown;
    readonly interop = {};
    readonly connection: FakeLibraryConnection;
    readonly contexts: FakeContexts;

    constructor() {
        this.connection = new FakeLibraryConnection();
        this.contexts = new FakeContexts(this);
    }

    /** Another page writes. */
    write(name: string, data: object): void {
        this.put(name, { ...this.values.get(name), ...copy(data) }, data, 'other');
    }

    /** Another page makes a context, and destroys it before its value is there. */
    async comeAndGo(name: string): Promise<void> {
        this.values.set(name, {});
        this.connection.say('context-added');
        await Promise.resolve();
        this.destroy(name);
    }

    destroy(name: string): void {
        this.values.delete(name);
        this.contexts.callbacks.delete(name);
        this.connection.say('context-destroyed');
    }

    put(name: string, value: object, delta: object, updaterId: string | undefined): void {
        const isNew = !this.values.has(name);
        this.values.set(name, value);
        if (isNew) {
            this.connection.say('context-added');
        }
        for (const call of this.contexts.callbacks.get(name) ?? []) {
            call(copy(value), isNew ? {} : copy(delta), [], () => {}, isNew ? {} : { updaterId });
        }
    }
}

class FakeLibraryConnection {
    readonly peerId = 'own';
    private readonly listeners: [type: string, listener: (what: any) => void][] = [];

    on(type: string, listener: () => void): void {
        this.listeners.push([type, listener]);
    }

    disconnected(listener: () => void): void {
        this.listeners.push(['disconnected', listener]);
    }

    onLibReAnnounced(listener: (what: any) => void): void {
        this.listeners.push(['announced', listener]);
    }

    connected(): void {}

    say(type: string, what: object = {}): void {
        for (const [wanted, listener] of this.listeners) {
            if (wanted === type) {
                listener(what);
            }
        }
    }
}

class FakeContexts {
    readonly callbacks = new Map<string, Set<Callback>>();
    readonly _bridge = {
        _contextsTempCache: {} as Record<string, object>,
        _creationPromises: {} as Record<string, Promise<void>>,
    };
    private readonly page: FakeLibraryPage;

    constructor(page: FakeLibraryPage) {
        this.page = page;
    }

    all(): string[] {
        return [...this.page.values.keys()];
    }

    async get(name: string): Promise<object> {
        if (this.page.goesWhileRead) {
            return new Promise(() => {});
        }
        return copy(this.page.values.get(name) ?? {});
    }

    async update(name: string, data: object): Promise<void> {
        if (this.page.neverAnswers) {
            return new Promise(() => {});
        }
        this.page.updates.push([name, copy(data)]);
        const before = this.page.values.get(name);
        if (before) {
            this.page.put(name, { ...before, ...copy(data) }, data, 'own');
        } else {
            await this.create(name, data);
        }
    }

    async set(name: string, data: object): Promise<void> {
        if (this.page.values.has(name)) {
            this.page.put(name, copy(data), data, 'own');
        } else {
            await this.create(name, data);
        }
    }

    async setPaths(name: string, paths: { path: string; value: unknown }[]): Promise<void> {
        await this.update(name, Object.fromEntries(paths.map(({ path, value }) => [path, value])));
    }

    async destroy(name: string): Promise<void> {
        if (!this.page.values.has(name)) {
            throw `context with ${name} does not exist`;
        }
        this.page.destroy(name);
    }

    async subscribe(name: string, callback: Callback): Promise<() => void> {
        const callbacks = this.callbacks.get(name) ?? new Set();
        this.callbacks.set(name, callbacks.add(callback));
        const value = this.page.values.get(name);
        if (value) {
            callback(copy(value), {}, [], () => {}, {});
        }
        return () => callbacks.delete(callback);
    }

    private create(name: string, data: object): Promise<void> {
        const { _creationPromises } = this._bridge;
        _creationPromises[name] ??= this.make(name, data).then(() => {
            delete _creationPromises[name];
        });
        return _creationPromises[name];
    }

    private async make(name: string, data: object): Promise<void> {
        if (this.page.refusal) {
            throw this.page.refusal;
        }
        const { overtakenBy } = this.page;
        const isOvertaken = overtakenBy?.name === name;
        this.page.put(name, copy(isOvertaken ? overtakenBy.data : data), {}, undefined);
    }
}
