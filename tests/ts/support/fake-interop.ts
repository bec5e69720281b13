/**
 * Pages on one gateway, each with the `interop` and `connection` objects of @interopio/core as far
 * as this package uses them. What core does oddly is kept: it takes the first connected server for
 * the best one, rejects with results and bare objects, loses all results when one server times
 * out, lets a subscription without a server hang, refuses patterns, and registers twice in an outage.
 */

import { FakeStream, type StreamCallbacks } from './fake-stream';
import { type FakeSubscription, FakeSubscriptions, type Publisher } from './fake-subscriptions';

type Handler = (args: any, caller: any) => any;
type Identity = Record<string, any>;
type MethodListener = (event: { server: Identity; method: any }) => void;

interface OfferedMethod {
    gatewayId: string;
    name: string;
    accepts?: string;
    returns?: string;
    supportsStreaming: boolean;
    [field: string]: any;
}

interface OwnMethod extends OfferedMethod {
    handler?: Handler;
    stream?: FakeStream;
}

const STATUS_SUCCESS = 0;
const STATUS_ERROR = 1;

/** Why a subscription ends, in the words of the gateway. */
interface Cancellation {
    isAway: boolean;
    reason: string | undefined;
}

export class FakeGateway {
    /** What the gateway says of the subscription that it ends at this moment. */
    cancellation: Cancellation | undefined;
    readonly pages: FakePage[] = [];
    private readonly registrations = new Map<string, number>();
    private peers = 0;

    /** A page logs in; the pages see each other in the order in which they came. */
    connect(identity: Identity = {}): FakePage {
        this.peers += 1;
        const page = new FakePage(this, { peerId: `peer-${this.peers}`, ...identity });
        this.pages.push(page);
        return page;
    }

    /** A page logs in that offers a method. */
    async offer(
        application: string,
        handler: Handler = () => ({ from: application }),
        method: any = { name: 'Sum' },
    ): Promise<FakePage> {
        const page = this.connect({ application });
        await page.interop.register(method, handler);
        return page;
    }

    /** What the real gateway tells with each announced method. */
    readonly registrationOf = (peerId: string, methodId: string): number | undefined =>
        this.registrations.get(`${peerId}/${methodId}`);

    announce(page: FakePage, method: OfferedMethod): void {
        this.registrations.set(`${page.peerId}/${method.gatewayId}`, this.registrations.size);
        for (const other of this.pages) {
            other.interop.heard('added', page, method);
        }
    }

    withdraw(page: FakePage, method: OfferedMethod): void {
        for (const other of this.pages) {
            other.interop.heard('removed', page, method);
        }
    }

    /** A page is closed. */
    leave(page: FakePage): void {
        this.pages.splice(this.pages.indexOf(page), 1);
        this.cancel(page, { isAway: true, reason: 'The publisher left' });
        for (const method of page.interop.own) {
            this.withdraw(page, method);
        }
        for (const other of this.pages) {
            other.interop.lostServer(page.interop.instance);
        }
    }

    /** All subscriptions at a page end. */
    cancel(page: FakePage, cancellation: Cancellation | undefined): void {
        this.cancellation = cancellation;
        for (const subscription of [...page.interop.subscribers]) {
            subscription.cancel();
        }
        this.cancellation = undefined;
    }
}

/** What a factory of core resolves with, for one page. */
export class FakePage {
    readonly gateway: FakeGateway;
    readonly peerId: string;
    readonly interop: FakeInterop;
    readonly connection: FakeConnection;

    constructor(gateway: FakeGateway, identity: Identity) {
        this.gateway = gateway;
        this.peerId = identity.peerId;
        this.connection = new FakeConnection();
        this.interop = new FakeInterop(this, identity);
        this.connection.disconnected(() => this.interop.kept.disconnect());
        this.connection.onRejoined = () => this.interop.kept.resubscribe();
    }
}

export class FakeConnection {
    isConnected = true;
    /** False from the loss of the connection until core has announced its methods again. */
    isAnnounced = true;
    reconnects = 0;
    /** What core does of itself when the connection is back. */
    onRejoined = () => {};
    private readonly onAnnounced = new Set<(library: { name: string }) => void>();
    private readonly onConnected = new Set<() => void>();
    private readonly onDisconnected = new Set<() => void>();

    /** Also called at once when the connection is there. */
    connected(callback: () => void): () => void {
        if (this.isConnected) {
            callback();
        }
        this.onConnected.add(callback);
        return () => this.onConnected.delete(callback);
    }

    disconnected(callback: () => void): () => void {
        this.onDisconnected.add(callback);
        return () => this.onDisconnected.delete(callback);
    }

    reconnect(): Promise<void> {
        this.reconnects += 1;
        return Promise.resolve();
    }

    onLibReAnnounced(callback: (library: { name: string }) => void): () => void {
        this.onAnnounced.add(callback);
        return () => this.onAnnounced.delete(callback);
    }

    /** How many want to hear that the connection is back. */
    get waitingForConnection(): number {
        return this.onConnected.size + this.onAnnounced.size;
    }

    goAway(): void {
        this.isConnected = false;
        this.isAnnounced = false;
        for (const callback of [...this.onDisconnected]) {
            callback();
        }
    }

    comeBack(): void {
        this.isConnected = true;
        this.onRejoined();
        for (const callback of [...this.onConnected]) {
            callback();
        }
    }

    /** After the connection is back, one library after the other is ready again. */
    announceAgain(name = 'interop'): void {
        this.isAnnounced ||= name === 'interop';
        for (const callback of [...this.onAnnounced]) {
            callback({ name });
        }
    }
}

export class FakeInterop implements Publisher {
    /** As core has it: data and functions in one object. */
    readonly instance: Identity;
    /** The calls of this page, as they reach core. */
    readonly invocations: { method: any; args: any; target: any; options: any }[] = [];
    readonly subscriptions: { method: any; options: any }[] = [];
    /** As core keeps them. */
    readonly kept = new FakeSubscriptions(() => this.instance);
    /** Those of others that this page has accepted. */
    subscribers: FakeSubscription[] = [];
    /** What this page offers, with each copy. */
    readonly own: OwnMethod[] = [];
    /** The changes that this page asked for, in order, begun and ended. */
    readonly log: string[] = [];
    /** Registrations wait until the test lets them go. */
    holdChanges: Promise<unknown> = Promise.resolve();
    private readonly page: FakePage;
    private readonly methodListeners = new Set<MethodListener>();
    private readonly methodRemovedListeners = new Set<MethodListener>();
    private readonly removedListeners = new Set<(server: Identity, reason: string) => void>();
    private nextId = 0;
    /** Calls that are under way when the connection is lost fail without a message. */
    breakCalls: () => void = () => {};
    private readonly callsBreak = new Promise<any>((resolve) => {
        this.breakCalls = () =>
            resolve({ invocationId: '', message: undefined, status: STATUS_ERROR });
    });

    constructor(page: FakePage, identity: Identity) {
        this.page = page;
        this.instance = {
            application: 'app',
            instance: `instance of ${identity.peerId}`,
            user: undefined,
            isLocal: true,
            ...identity,
            getMethods: () => this.methodsForInstance(identity),
            getStreams: () => [],
        };
    }

    methods(filter: any): OfferedMethod[] {
        const wanted = typeof filter === 'string' ? { name: filter } : filter;
        return this.everybody().flatMap(({ methods }) =>
            methods.filter((method) => matches(wanted, method)),
        );
    }

    servers(filter: any): Identity[] {
        return this.everybody()
            .filter(({ methods }) => methods.some((method) => matches(filter, method)))
            .map(({ instance }) => instance);
    }

    methodsForInstance(filter: Identity): OfferedMethod[] {
        return this.everybody()
            .filter(({ instance }) => matches(filter, instance))
            .flatMap(({ methods }) => methods);
    }

    /** Tells of the methods that are there already later, not at once. */
    serverMethodAdded(listener: MethodListener): () => void {
        this.methodListeners.add(listener);
        const present = this.everybody();
        setTimeout(() => {
            for (const { instance, methods } of present) {
                for (const method of methods) {
                    if (this.methodListeners.has(listener)) {
                        listener({ server: instance, method });
                    }
                }
            }
        }, 0);
        return () => this.methodListeners.delete(listener);
    }

    serverMethodRemoved(listener: MethodListener): () => void {
        this.methodRemovedListeners.add(listener);
        return () => this.methodRemovedListeners.delete(listener);
    }

    serverRemoved(listener: (server: Identity, reason: string) => void): () => void {
        this.removedListeners.add(listener);
        return () => this.removedListeners.delete(listener);
    }

    /** How many want to hear of servers that are gone. */
    get removedListenerCount(): number {
        return this.removedListeners.size;
    }

    /** How many want to hear of new methods. */
    get methodListenerCount(): number {
        return this.methodListeners.size;
    }

    register(definition: any, handler: Handler): Promise<void> {
        return this.registerCore(definition, handler);
    }

    /** Takes the first answer and no other one. */
    registerAsync(
        definition: any,
        handler: (
            args: any,
            caller: any,
            succeed: (result?: any) => void,
            fail: (error?: any) => void,
        ) => unknown,
    ): Promise<void> {
        return this.registerCore(
            definition,
            (args, caller) =>
                new Promise((resolve, reject) => {
                    handler(args, caller, resolve, reject);
                }),
        );
    }

    private async registerCore(definition: any, handler: Handler): Promise<void> {
        this.log.push(`register ${definition.name}`);
        if (this.own.some(({ name }) => name === definition.name)) {
            return Promise.reject(
                `A method with the name "${definition.name}" already exists! Please, provide a unique name for the method.`,
            );
        }
        if (!this.page.connection.isAnnounced) {
            // The queued message and the announcement of the reconnect both arrive.
            this.offer(definition, { handler });
            this.offer(definition, { handler });
            return;
        }
        const method = this.keep(definition, { handler });
        await this.holdChanges;
        this.page.gateway.announce(this.page, method);
        this.log.push(`registered ${definition.name}`);
    }

    async unregister(name: string): Promise<void> {
        this.log.push(`unregister ${name}`);
        const method = this.own.find((one) => one.name === name && !one.supportsStreaming);
        if (!method) {
            return Promise.reject(
                `Method with a name "${name}" does not exist or is not registered by your application!`,
            );
        }
        if (!this.page.connection.isAnnounced) {
            // The queued message names the old registration; the reconnect makes a new one.
            return;
        }
        await this.holdChanges;
        this.own.splice(this.own.indexOf(method), 1);
        this.page.gateway.withdraw(this.page, method);
        this.log.push(`unregistered ${name}`);
    }

    async createStream(definition: any, callbacks: StreamCallbacks = {}): Promise<FakeStream> {
        const { name } = definition;
        this.log.push(`create ${name}`);
        if (this.own.some((one) => one.name === name)) {
            return Promise.reject(
                `A stream with the name "${name}" already exists! Please, provide a unique name for the stream.`,
            );
        }
        const stream = new FakeStream(callbacks, () => this.server.unregister({ name }, true));
        const more = { stream, supportsStreaming: true };
        if (!this.page.connection.isAnnounced) {
            // The queued message and the announcement of the reconnect both arrive.
            this.offer(definition, more);
        }
        const method = this.keep(definition, more);
        await Promise.race([this.holdChanges, this.callsBreak]).then((broken) => {
            if (broken) {
                this.own.splice(this.own.indexOf(method), 1);
                throw broken;
            }
        });
        this.page.gateway.announce(this.page, method);
        this.log.push(`created ${name}`);
        return stream;
    }

    /** What core has for itself. */
    readonly server = {
        unregister: async ({ name }: { name: string }, isStream: boolean): Promise<void> => {
            this.log.push(`unregister ${name}`);
            const method = this.own.find(
                (one) => one.name === name && one.supportsStreaming === isStream,
            );
            if (!method) {
                return Promise.reject(`Method with a name "${name}" does not exist`);
            }
            if (this.page.connection.isAnnounced) {
                this.own.splice(this.own.indexOf(method), 1);
                this.page.gateway.withdraw(this.page, method);
                this.log.push(`unregistered ${name}`);
            }
        },
    };

    /** The stream of a name that this page offers. */
    stream(name: string): FakeStream {
        const found = this.own.find((one) => one.name === name)?.stream;
        if (!found) {
            throw new Error(`There is no stream ${name}`);
        }
        return found;
    }

    async invoke(method: any, args: any, target: any = 'best', options: any = {}): Promise<any> {
        this.invocations.push({ method, args, target, options });
        if (JSON.stringify(target).includes('regex') || containsPattern(target)) {
            throw invalid(`The provided 'target' argument is invalid.`, method, args);
        }
        const chosen = this.choose(method, target);
        if (chosen.length === 0) {
            throw invalid(`Can not find a method matching ${JSON.stringify(method)}`, method, args);
        }
        const timeoutMs = options.methodResponseTimeoutMs ?? 30_000;
        // One that times out takes the results of the others with it.
        const messages = await Promise.all(
            chosen.map((server) =>
                Promise.race([
                    server.interop.called(method, args, this.instance, this),
                    rejectAfter(timeoutMs, method.name, server.interop.instance),
                    this.callsBreak,
                ]),
            ),
        );
        const result = resultOf(messages, method, args);
        return messages.every(({ status }) => status === STATUS_ERROR)
            ? Promise.reject(result)
            : result;
    }

    subscribe(method: any, options: any = {}): Promise<any> {
        this.subscriptions.push({ method, options });
        const chosen = this.choose(method, options.target ?? 'best');
        if (chosen.length === 0) {
            // Core looks again later, and without a time to wait it never does.
            return new Promise(() => {});
        }
        return this.kept.subscribe(method, options, chosen[0].interop);
    }

    request(subscription: FakeSubscription): { end: () => void } {
        return this.stream(subscription.method.name).ask({
            arguments: subscription.options.arguments,
            instance: subscription.subscriber,
            onAccepted: () => subscription.accept(),
            onRejected: (reason) => subscription.reject(reason),
            onClosed: () => subscription.cancel(),
        });
    }

    /** Pushes to all that have subscribed to it. */
    push(data: any): void {
        for (const subscription of [...this.subscribers]) {
            subscription.push(data);
        }
    }

    /** Withdraws a stream. */
    closeStream(name: string): void {
        const { gateway } = this.page;
        gateway.cancel(this.page, { isAway: true, reason: 'The publisher withdrew the stream' });
        const stream = this.own.find((one) => one.name === name) as OwnMethod;
        this.own.splice(this.own.indexOf(stream), 1);
        gateway.withdraw(this.page, stream);
    }

    /** A call arrives: the message that goes back. */
    async called(method: any, args: any, caller: Identity, from: FakeInterop): Promise<any> {
        const found = this.own.find((one) => matches(method, one));
        const copy = structuredClone(args);
        await Promise.resolve();
        try {
            const returned = await found?.handler?.(copy, caller);
            return this.message(STATUS_SUCCESS, '', returned, from);
        } catch (error: any) {
            const failure = error ?? '';
            const said = failure.message || failure;
            const reason = typeof said === 'string' ? said : JSON.stringify(failure);
            return this.message(STATUS_ERROR, reason, failure, from);
        }
    }

    heard(what: 'added' | 'removed', page: FakePage, method: OfferedMethod): void {
        const listeners = what === 'added' ? this.methodListeners : this.methodRemovedListeners;
        for (const listener of [...listeners]) {
            listener({ server: page.interop.instance, method });
        }
    }

    lostServer(server: Identity): void {
        for (const listener of [...this.removedListeners]) {
            listener(server, 'left');
        }
    }

    private message(status: number, message: string, result: any, from: FakeInterop): any {
        let sent = result || {};
        if (typeof sent !== 'object' || Array.isArray(sent)) {
            sent = { _value: sent };
        }
        // An Error crosses the wire without its message.
        const instance = from.page.gateway.pages.includes(this.page) ? this.instance : undefined;
        return { status, message, result: JSON.parse(JSON.stringify(sent)), instance };
    }

    /** Offers a method without a look at its name, as a peer may that is not core. */
    offer(definition: any, more: Partial<OwnMethod> = {}): void {
        this.page.gateway.announce(this.page, this.keep(definition, more));
    }

    private keep(definition: any, more: Partial<OwnMethod>): OwnMethod {
        const method = {
            supportsStreaming: false,
            ...definition,
            ...more,
            gatewayId: String(this.nextId),
        };
        this.nextId += 1;
        this.own.push(method);
        return method;
    }

    private everybody(): { instance: Identity; methods: OfferedMethod[]; page: FakePage }[] {
        const { pages } = this.page.gateway;
        const others = pages.filter((page) => page !== this.page);
        return [this.page, ...others].map((page) => ({
            page,
            instance: page.interop.instance,
            methods: page.interop.own,
        }));
    }

    private choose(method: any, target: any): FakePage[] {
        const offering = this.everybody()
            .filter(({ methods }) => methods.some((one) => matches(method, one)))
            .map(({ page }) => page);
        if (target === 'best') {
            return offering.slice(0, 1);
        }
        if (target === 'all') {
            return offering;
        }
        const filters: Identity[] = Array.isArray(target) ? target : [target];
        return filters.flatMap((filter) =>
            offering.filter((page) => matches(filter, page.interop.instance)),
        );
    }
}

function matches(filter: Identity, value: Identity): boolean {
    return Object.entries(filter)
        .filter(([, wanted]) => wanted !== undefined && wanted !== null)
        .filter(([key, wanted]) => key !== 'gatewayId' && typeof wanted !== 'function')
        .every(([key, wanted]) =>
            key === 'objectTypes'
                ? wanted.every((one: string) => (value[key] ?? []).includes(one))
                : String(wanted).toLowerCase() === String(value[key]).toLowerCase(),
        );
}

function containsPattern(target: any): boolean {
    return Object.values(target).some((value) => value instanceof RegExp);
}

function rejectAfter(timeoutMs: number, name: string, instance: Identity): Promise<never> {
    return new Promise((_resolve, reject) => {
        setTimeout(
            () =>
                reject({
                    invocationId: 'one',
                    message: `Invocation timeout (${timeoutMs} ms) reached for method name: ${name}, target instance: ${JSON.stringify(instance)}`,
                    status: STATUS_ERROR,
                }),
            timeoutMs,
        );
    });
}

function invalid(message: string, method: any, args: any): any {
    return resultOf([{ status: STATUS_ERROR, message }], method, args);
}

function resultOf(messages: any[], method: any, called_with: any): any {
    const [first] = messages;
    return {
        method,
        called_with,
        returned: first.result,
        executed_by: first.instance,
        all_return_values: messages.filter(({ status }) => status === STATUS_SUCCESS),
        all_errors: messages.filter(({ status }) => status === STATUS_ERROR),
        message: first.message,
        status: first.status,
    };
}
