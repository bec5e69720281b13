/**
 * The contexts of a page on a gateway of this project, to which it speaks itself: core changes its
 * copy before it knows the place of its write among those of others, and loses some.
 *
 * The gateway decides the order. What this page writes changes its copy when the gateway tells it,
 * among the writes of others. Writes to one context are sent in the order in which they were asked
 * for; the first one that finds no context makes it, and those after it wait for the answer. Where
 * somebody else was first, or the context goes meanwhile, a write is sent in the other way: the
 * gateway has done nothing then.
 *
 * The page is a member of each context that somebody here listens to, and of those that it has
 * written: after a restart of the gateway the members bring a context back.
 */

import { decodeFrame, encodeJson, type Frame } from './codec';
import { ContextCopy } from './context-copy';
import { applyDelta, type Delta } from './context-deltas';
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
import { isOfWindow } from './window-contexts';

const DOMAIN = 'global';
/** What core never calls a request of its own. */
const REQUEST_PREFIX = 'dash-interop-context-';
const FAILURE = 'global.errors.failure';
const CONFLICT = 'global.errors.conflict';
const UNKNOWN_ID = 'Unable to find context with id';

export class GatewayContexts implements Contexts {
    private readonly send: (frame: Frame) => void;
    private readonly contexts = new Map<string, KnownContext>();
    /** Those that there are at the gateway. */
    private readonly byId = new Map<string, KnownContext>();
    private readonly answers = new Map<string, (frame: Frame) => void>();
    private readonly nameListeners = new Set<(names: string[]) => void>();
    /** The names that were told last; in an outage they stay. */
    private names: readonly string[] = [];
    private requests = 0;
    private writes = 0;
    /** Undefined while there is no connection. */
    private peerId: string | undefined;
    /** Which gateway it is. */
    private node: string | undefined;
    /** Whether the gateway has announced all contexts that there were at the login. */
    private isComplete = false;

    /** @param send Sends a frame to the gateway; called only while there is a connection. */
    constructor(send: (frame: Frame) => void) {
        this.send = send;
    }

    // What the page asks for

    all(): string[] {
        return [...this.names];
    }

    onNames(listener: (names: string[]) => void): () => void {
        const own = (names: string[]) => listener(names);
        this.nameListeners.add(own);
        own(this.all());
        return () => this.nameListeners.delete(own);
    }

    async get(name: string): Promise<object> {
        checkName(name);
        const context = this.known(name);
        const reading = new Promise<object>((resolve, reject) => {
            context.readers.add({ resolve, reject });
        });
        this.goOn(context);
        const late = `The context ${name} could not be read`;
        return withTimeout(reading, DEFAULT_TIMEOUT_MS, late);
    }

    subscribe(name: string, listener: (change: ContextChange) => void): () => void {
        checkName(name);
        const context = this.known(name);
        const stop = context.copy.listen(listener);
        this.goOn(context);
        return () => {
            stop();
            this.goOn(context);
        };
    }

    async update(name: string, data: object, options?: WriteOptions): Promise<void> {
        await this.write(name, updateDelta(data), options);
    }

    async create(name: string, data: object): Promise<void> {
        await this.set(name, data, { ifVersion: 0 });
    }

    async set(name: string, data: object, options?: WriteOptions): Promise<void> {
        await this.write(name, setDelta(data), options);
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
        await this.write(name, pathsDelta(paths), options);
    }

    async destroy(name: string, options?: WriteOptions): Promise<void> {
        await this.write(name, undefined, options);
    }

    private write(
        name: string,
        delta: Delta | undefined,
        options: WriteOptions | undefined,
    ): Promise<void> {
        checkName(name);
        const { ifVersion, ms } = readOptions(options);
        // As it is now, and as it reaches the others: its author may go on changing it.
        const asSent = delta && (decodeFrame(encodeJson(delta)) as Delta);
        this.writes += 1;
        const write = new Write(asSent, ifVersion, this.writes);
        const context = this.known(name);
        context.waiting.push(write);
        this.goOn(context);
        const written = withTimeout(write.done, ms, `The context ${name} could not be written`);
        // Nothing is written any more once its author has heard that it was not.
        written.catch(() => context.drop(write));
        return written;
    }

    // What the gateway says

    /** It has let the page in. */
    connect({ peer_id, options }: Frame): void {
        this.peerId = peer_id ?? undefined;
        this.node = options?.node;
        for (const context of this.contexts.values()) {
            const { copy, isRestorable, node } = context;
            if (copy.hasData && isRestorable && node !== this.node) {
                this.restore(context, copy.data as object);
            }
        }
    }

    /** The connection is lost: the next login announces all contexts anew. */
    disconnect(): void {
        this.peerId = undefined;
        this.isComplete = false;
        this.answers.clear();
        this.byId.clear();
        for (const context of this.contexts.values()) {
            context.lose();
        }
    }

    /** Takes over what a frame says of contexts; returns whether it was of that kind. */
    hear(frame: Frame): boolean {
        // The gateway announces its contexts before it answers what was asked after the login.
        if (frame.request_id !== undefined && !this.isComplete) {
            this.complete();
        }
        switch (frame.type) {
            case 'context-added':
                this.add(frame);
                return true;
            case 'context-updated':
                this.change(frame);
                return true;
            case 'context-destroyed':
                this.end(frame);
                return true;
            default:
                return this.hearAnswer(frame);
        }
    }

    /** Takes over the answer to a request; returns whether it was one of a context. */
    hearAnswer(frame: Frame): boolean {
        const { request_id = '' } = frame;
        const answer = this.answers.get(request_id);
        this.answers.delete(request_id);
        answer?.(frame);
        return request_id.startsWith(REQUEST_PREFIX);
    }

    private complete(): void {
        this.isComplete = true;
        for (const context of [...this.contexts.values()]) {
            if (!context.isBeingMade) {
                this.endIfGone(context);
            }
            this.goOn(context);
        }
        this.tellNames();
    }

    private endIfGone(context: KnownContext): void {
        if (context.id === undefined && this.isComplete) {
            context.end();
        }
    }

    private add({ name, context_id }: Frame): void {
        const context = this.known(name);
        this.exists(context, context_id);
        this.goOn(context);
    }

    private exists(context: KnownContext, id: string): void {
        const isNew = context.id !== id;
        context.id = id;
        this.byId.set(id, context);
        if (isNew) {
            this.tellNames();
        }
    }

    private change({ context_id, delta, version, updater_id }: Frame): void {
        const context = this.byId.get(context_id);
        // What comes before the answer to a subscription is in the value that it brings.
        if (context?.isMember) {
            const writer = {
                updaterId: updater_id ?? undefined,
                isMine: updater_id === this.peerId,
            };
            context.copy.apply(delta, version, writer);
        }
    }

    private end({ context_id }: Frame): void {
        const context = this.byId.get(context_id);
        if (context) {
            this.byId.delete(context_id);
            context.end();
            this.tellNames();
            this.goOn(context);
        }
    }

    private tellNames(): void {
        if (!this.isComplete) {
            return;
        }
        const before = new Set(this.names);
        const names = [...this.byId.values()].map(({ name }) => name);
        if (names.length !== before.size || names.some((name) => !before.has(name))) {
            this.names = names;
            for (const listener of [...this.nameListeners]) {
                listener(this.all());
            }
        }
    }

    // One context

    private known(name: string): KnownContext {
        const context = this.contexts.get(name) ?? new KnownContext(name);
        this.contexts.set(name, context);
        return context;
    }

    /** Does what can be done now for those who want something of a context. */
    private goOn(context: KnownContext): void {
        if (this.peerId === undefined || context.isBeingMade) {
            return;
        }
        if (context.id !== undefined || this.isComplete) {
            this.sendWrites(context);
        }
        this.serveReaders(context);
        this.joinOrLeave(context);
        if (context.isIdle) {
            this.contexts.delete(context.name);
        }
    }

    /** Who listens reads what it has heard; others get all that was written before they asked. */
    private serveReaders(context: KnownContext): void {
        const { id, readers, copy, isMember, isBeingMade } = context;
        if (isMember && copy.hasListeners) {
            context.answerReaders([...readers]);
        } else if (readers.size > 0 && !isBeingMade) {
            if (isMember || (id === undefined && this.isComplete)) {
                this.catchUp(context);
            }
        }
    }

    /** The gateway answers a request, whatever it is, behind all that it has told before. */
    private catchUp(context: KnownContext): void {
        if (context.isCatchingUp) {
            return;
        }
        context.isCatchingUp = true;
        const readers = [...context.readers];
        this.ask({ type: 'subscribe-context', context_id: '' }, () => {
            context.isCatchingUp = false;
            if (context.isMember || (context.id === undefined && !context.isBeingMade)) {
                context.answerReaders(readers);
            }
            this.goOn(context);
        });
    }

    private joinOrLeave(context: KnownContext): void {
        const { id, membership, isWanted, isMember } = context;
        if (id === undefined || context.isBeingMade) {
            return;
        }
        if (isWanted && membership === 'none') {
            context.membership = 'joining';
            const readers = [...context.readers];
            this.ask({ type: 'subscribe-context', context_id: id }, (answer) =>
                this.hearJoined(context, id, answer, readers),
            );
        } else if (!isWanted && isMember) {
            context.membership = 'none';
            context.copy.forget();
            this.ask({ type: 'unsubscribe-context', context_id: id }, () => {});
        }
    }

    private hearJoined(
        context: KnownContext,
        id: string,
        answer: Frame,
        readers: readonly Reader[],
    ): void {
        if (context.id !== id) {
            // It has gone meanwhile, and there may be another one of its name.
            return;
        }
        if (answer.type === 'subscribed-context') {
            this.becomeMember(context, answer);
            context.answerReaders(readers);
            this.goOn(context);
        } else {
            context.membership = 'none';
            const problem = `The context ${context.name} cannot be read: ${answer.reason}`;
            console.warn(`dash_interop: ${problem}`);
            context.refuseReaders(new Error(problem));
        }
    }

    private becomeMember(context: KnownContext, { data, version, restorable }: Frame): void {
        context.membership = 'member';
        context.isRestorable = Boolean(restorable);
        context.node = this.node;
        context.copy.take(data ?? {}, version);
    }

    private sendWrites(context: KnownContext): void {
        while (context.waiting.length > 0 && !context.isBeingMade) {
            const write = context.waiting.shift() as Write;
            if (context.id === undefined) {
                this.writeToNone(context, write);
            } else {
                this.writeToOne(context, context.id, write);
            }
        }
    }

    private writeToNone(context: KnownContext, write: Write): void {
        const { name } = context;
        const { delta, ifVersion } = write;
        if (!delta) {
            write.fail(new Error(`There is no context ${name} that could be destroyed`));
        } else if (ifVersion) {
            write.fail(new ContextConflict(name, `there is none, so not version ${ifVersion}`));
        } else {
            this.make(context, write, delta);
        }
    }

    private writeToOne(context: KnownContext, context_id: string, write: Write): void {
        const { name, copy } = context;
        const { delta, ifVersion } = write;
        if (ifVersion === 0) {
            write.fail(
                new ContextConflict(name, 'it exists, and version 0 means that it must not'),
            );
            return;
        }
        const what = delta
            ? { type: 'update-context', delta, echo: true }
            : { type: 'destroy-context' };
        const condition = ifVersion === undefined ? {} : { if_version: copy.versionFor(ifVersion) };
        context.isWritten ||= delta !== undefined;
        context.sent.add(write);
        this.ask({ ...what, context_id, ...condition }, (answer) => {
            if (isGone(answer) && delta && context.sent.has(write)) {
                context.putBack(write);
                this.goOn(context);
            } else {
                context.sent.delete(write);
                settle(write, name, answer);
            }
        });
    }

    private make(context: KnownContext, write: Write, delta: Delta): void {
        const { name } = context;
        const data = applyDelta({}, delta).value;
        // A gateway that was restarted may get the rest from those who had the context before.
        const paths = delta.commands?.map(({ path }) => path);
        context.sent.add(write);
        this.askToCreate(context, { data, paths }, (answer) => {
            if (answer.type === 'context-created') {
                this.becomeMaker(context, { data, ...answer });
                write.succeed();
            } else if (answer.type === 'subscribed-context') {
                // Somebody was first, and the gateway has taken no notice of the data.
                this.becomeMember(context, answer);
                context.putBack(write);
            } else {
                context.sent.delete(write);
                settle(write, name, answer);
            }
        });
    }

    private becomeMaker(context: KnownContext, { data, version }: Frame): void {
        context.membership = 'member';
        context.isWritten = true;
        context.isRestorable = true;
        context.node = this.node;
        context.copy.begin(data, version, { updaterId: this.peerId, isMine: true });
    }

    /** The gateway is another one than before, and may not have the value. */
    private restore(context: KnownContext, data: object): void {
        const { name, copy } = context;
        this.askToCreate(context, { data, version: copy.version }, (answer) => {
            if (answer.type === 'error') {
                console.warn(`dash_interop: The context ${name} is not restored: ${answer.reason}`);
                this.endIfGone(context);
            } else {
                this.becomeMember(context, { data, restorable: true, ...answer });
            }
        });
    }

    private askToCreate(
        context: KnownContext,
        what: { data: object; version?: number | undefined; paths?: string[] | undefined },
        onAnswer: (answer: Frame) => void,
    ): void {
        const { name } = context;
        context.isBeingMade = true;
        const request = { type: 'create-context', name, ...what, lifetime: 'retained', echo: true };
        // Whoever opened a window may have gone before it, and so destroys its context no more.
        const end = isOfWindow(name) ? { ends_unused: true } : {};
        this.ask({ ...request, ...end }, (answer) => {
            context.isBeingMade = false;
            if (answer.type !== 'error') {
                this.exists(context, answer.context_id);
            }
            onAnswer(answer);
            this.goOn(context);
        });
    }

    private ask(request: Frame, onAnswer: (answer: Frame) => void): void {
        this.requests += 1;
        const request_id = `${REQUEST_PREFIX}${this.requests}`;
        this.answers.set(request_id, onAnswer);
        this.send({ domain: DOMAIN, ...request, request_id, peer_id: this.peerId });
    }
}

/** Somebody who wants a value once. */
interface Reader {
    resolve: (data: object) => void;
    reject: (error: Error) => void;
}

/** A context that somebody in the page wants something of, or that there is at the gateway. */
class KnownContext {
    readonly name: string;
    readonly copy = new ContextCopy();
    /** That of the gateway; undefined while there is none. */
    id: string | undefined;
    /** Whether the gateway tells this page of changes. */
    membership: 'none' | 'joining' | 'member' = 'none';
    /** Whether a `create-context` is under way; it makes this page a member. */
    isBeingMade = false;
    /** Whether an answer is awaited behind which all is known that has happened before. */
    isCatchingUp = false;
    isWritten = false;
    /** Whether its members may bring it back after a restart of the gateway. */
    isRestorable = false;
    /** The gateway that the value is of. */
    node: string | undefined;
    /** The writes that are not sent yet, in order. */
    readonly waiting: Write[] = [];
    /** Those that are sent and not answered. */
    readonly sent = new Set<Write>();
    readonly readers = new Set<Reader>();

    constructor(name: string) {
        this.name = name;
    }

    get isMember(): boolean {
        return this.membership === 'member';
    }

    get isWanted(): boolean {
        return this.copy.hasListeners || this.readers.size > 0 || this.isWritten;
    }

    /** Whether nothing is left to be remembered of it. */
    get isIdle(): boolean {
        const isBusy = this.isBeingMade || this.waiting.length > 0 || this.sent.size > 0;
        return this.id === undefined && !this.isWanted && !isBusy;
    }

    /** Tells the value, or that there is none. */
    answerReaders(readers: readonly Reader[]): void {
        for (const reader of readers) {
            reader.resolve(this.copy.data ?? {});
            this.readers.delete(reader);
        }
    }

    refuseReaders(error: Error): void {
        for (const { reject } of this.readers) {
            reject(error);
        }
        this.readers.clear();
    }

    /** It is gone. */
    end(): void {
        this.id = undefined;
        this.membership = 'none';
        this.isWritten = false;
        this.copy.end();
    }

    /** The connection is lost. */
    lose(): void {
        this.id = undefined;
        this.membership = 'none';
        this.isBeingMade = false;
        this.isCatchingUp = false;
        const what = `The connection was lost while the context ${this.name} was written`;
        for (const { fail } of this.sent) {
            fail(new Error(`${what}: it is not known whether it was`));
        }
        this.sent.clear();
    }

    /** Puts a write that the gateway did not carry out back to its place. */
    putBack(write: Write): void {
        if (this.sent.delete(write)) {
            const next = this.waiting.findIndex(({ place }) => place > write.place);
            this.waiting.splice(next === -1 ? this.waiting.length : next, 0, write);
        }
    }

    drop(write: Write): void {
        const index = this.waiting.indexOf(write);
        if (index !== -1) {
            this.waiting.splice(index, 1);
        }
        this.sent.delete(write);
    }
}

/** A write to a context, or its destruction. */
class Write {
    /** Undefined where the context is to be destroyed. */
    readonly delta: Delta | undefined;
    readonly ifVersion: number | undefined;
    /** Its place among all writes of this page. */
    readonly place: number;
    readonly done: Promise<void>;
    succeed!: () => void;
    fail!: (error: Error) => void;

    constructor(delta: Delta | undefined, ifVersion: number | undefined, place: number) {
        this.delta = delta;
        this.ifVersion = ifVersion;
        this.place = place;
        this.done = new Promise((resolve, reject) => {
            this.succeed = resolve;
            this.fail = reject;
        });
    }
}

function settle(write: Write, name: string, { type, reason_uri, reason }: Frame): void {
    if (type !== 'error') {
        write.succeed();
    } else if (reason_uri === CONFLICT) {
        write.fail(new ContextConflict(name, reason));
    } else {
        const done = write.delta ? 'written' : 'destroyed';
        write.fail(new Error(`The context ${name} was not ${done}: ${reason}`));
    }
}

function isGone({ type, reason_uri, reason }: Frame): boolean {
    return type === 'error' && reason_uri === FAILURE && String(reason).startsWith(UNKNOWN_ID);
}
