/**
 * The part of the Interop API that the components use, with the faults of @interopio/core healed:
 * targets are chosen here (the server that registered first is best; patterns work), one server
 * that times out does not take the results of the others with it, nothing is registered twice in
 * an outage, and nothing waits for ever.
 */

import { type MethodDefinition, readDefinition, readTimeout } from './definition';
import { chooseServers, type Instance, OWN_VIEW } from './targets';

export const DEFAULT_TIMEOUT_MS = 30_000;

/** Handles one invocation; calls one of `reply`'s functions once, now or later. */
export type Handler = (args: Record<string, any>, caller: Instance, reply: Reply) => void;

/** How the caller of an invocation hears of its end. */
export interface Reply {
    succeed: (result: Record<string, any>) => void;
    fail: (error: HandlerError) => void;
}

/** An error as it travels to the caller. */
export interface HandlerError {
    message: string;
    [field: string]: any;
}

export interface InvokeOptions {
    waitTimeoutMs?: number;
    methodResponseTimeoutMs?: number;
}

export interface InvocationResult {
    method: MethodDefinition;
    called_with: Record<string, any>;
    executed_by: Instance | null;
    returned: any;
    message: string;
    status: number;
    all_return_values: ReturnValue[];
    all_errors: FailedInvocation[];
}

export interface ReturnValue {
    executed_by: Instance | null;
    returned: any;
    called_with: Record<string, any>;
    method: MethodDefinition;
    message: string;
    status: number;
}

export interface FailedInvocation {
    executed_by: Instance | null;
    called_with: Record<string, any>;
    name: string;
    message: string;
    /** Type of the exception in the handler, where it told. */
    type?: string;
    /** Whatever else the handler put into its error. */
    returned?: any;
}

export interface RegisterOptions {
    timeoutMs?: number;
    /** Called when the method is registered although its time was up, as after a long outage. */
    onLateSuccess?: () => void;
}

/** No server answered with a result. */
export class InvocationFailed extends Error {
    readonly errors: FailedInvocation[];

    constructor(message: string, errors: FailedInvocation[] = []) {
        super(message);
        this.errors = errors;
    }
}

/** What core's `io` object offers that is used here; injected factories offer the same. */
export interface Io {
    interop: any;
    connection?: any;
}

type RegistrationOf = (peerId: string, methodId: string) => number | undefined;

const STATUS_SUCCESS = 0;

/** What a page keeps when it comes back. */
const SAME_PAGE = ['instance', 'application', 'user'];

/** How long after a login core may take to announce again what it had registered. */
const ANNOUNCE_TIMEOUT_MS = 5_000;

export class InteropClient {
    readonly io: Io;
    private readonly interop: any;
    private readonly registrationOf: RegistrationOf;
    /** Registrations and their removal run one after the other for each name. */
    private readonly changes = new Map<string, Promise<unknown>>();
    /** Who handles each method that is registered. */
    private readonly handlers = new Map<string, Handler>();
    /** Pending from the loss of the connection until core has announced its methods again. */
    private outage: Promise<void> | undefined;

    constructor(io: Io, registrationOf: RegistrationOf = () => undefined) {
        this.io = io;
        this.interop = io.interop;
        this.registrationOf = registrationOf;
        io.connection?.disconnected?.(() => {
            this.outage ??= this.untilAnnounced().then(() => {
                this.outage = undefined;
            });
        });
    }

    /** This page as every other one sees it. */
    get instance(): Instance {
        const fields = Object.entries(plainInstance(this.interop.instance) ?? {});
        return Object.fromEntries(fields.filter(([name]) => !OWN_VIEW.includes(name)));
    }

    /** Offers a method. Resolves when others can call it, rejects with an Error that says why not. */
    async register(
        definition: unknown,
        handler: Handler,
        { timeoutMs = DEFAULT_TIMEOUT_MS, onLateSuccess }: RegisterOptions = {},
    ): Promise<void> {
        const method = readDefinition(definition);
        if (typeof handler !== 'function') {
            throw new Error(`Method ${method.name} needs a handler`);
        }
        const register = async () => {
            // Core announces its methods again after an outage, this one among them, and calls
            // would reach the copy that nobody listens to.
            await this.outage;
            // Not register(), which would put an answer off behind whatever the page is doing.
            await this.interop.registerAsync(
                method,
                (args: any, caller: any, succeed: Reply['succeed'], fail: Reply['fail']) =>
                    handler(args ?? {}, plainInstance(caller) ?? {}, { succeed, fail }),
            );
            this.handlers.set(method.name, handler);
        };
        const what = `Method ${method.name} could not be registered`;
        const registering = this.inOrder(method.name, register);
        await withTimeout(registering, timeoutMs, what, onLateSuccess);
    }

    /**
     * Withdraws a method, after all changes to it that were asked for before; with a handler only
     * if it is the one that was registered.
     */
    async unregister(definition: unknown, handler?: Handler): Promise<void> {
        const { name } = readDefinition(definition);
        await this.inOrder(name, async () => {
            if (handler && this.handlers.get(name) !== handler) {
                return;
            }
            // What core forgets while it is away, it announces again.
            await this.outage;
            await this.interop.unregister(name);
            this.handlers.delete(name);
        });
    }

    /**
     * Calls a method at the servers that `target` chooses.
     *
     * @returns What the servers returned, in the order in which they registered the method.
     * @throws InvocationFailed when no server is found or none of them returned a result.
     */
    async invoke(
        definition: unknown,
        args: unknown,
        target?: unknown,
        options: InvokeOptions = {},
    ): Promise<InvocationResult> {
        const method = readDefinition(definition);
        const calledWith = readArguments(args);
        const timeoutMs = readTimeout(options.methodResponseTimeoutMs, DEFAULT_TIMEOUT_MS);
        // Where servers are known already, the calls leave before this function first awaits.
        const known = this.chooseServers(method, target, false);
        const servers =
            known.length > 0
                ? known
                : await this.waitForServers(method, target, false, options.waitTimeoutMs);
        const outcomes = await Promise.all(
            servers.map((server) => this.invokeOne(method, calledWith, server, timeoutMs)),
        );
        return joinOutcomes(method, calledWith, outcomes);
    }

    /** Subscribes to a stream; rejects when it does not appear in time. */
    async subscribe(definition: unknown, options: Record<string, any> = {}): Promise<any> {
        const method = readDefinition(definition);
        const { target, ...rest } = options;
        const servers = await this.waitForServers(method, target, true, options.waitTimeoutMs);
        const timeoutMs = readTimeout(options.methodResponseTimeout, DEFAULT_TIMEOUT_MS);
        const chosen = servers.map(({ peerId }) => ({ peerId }));
        const parameters = { ...rest, target: chosen, methodResponseTimeout: timeoutMs };
        const subscribing = this.interop.subscribe(method, parameters).catch((reason: any) => {
            throw toError(reason);
        });
        return withTimeout(
            subscribing,
            timeoutMs,
            `Nobody accepted the subscription to ${method.name}`,
        );
    }

    /** Whether somebody offers a method now, as a method and not a stream. */
    isOffered(definition: unknown): boolean {
        return this.serversOf(readDefinition(definition), false).length > 0;
    }

    /** The names of all methods that are offered now, in order. */
    offered(): string[] {
        const names: string[] = this.interop
            .methods({})
            .filter(({ supportsStreaming }: any) => !supportsStreaming)
            .map(({ name }: MethodDefinition) => name);
        return [...new Set(names)].sort();
    }

    /** Calls `listener` with the peer id of each peer that leaves, also when the connection is lost. */
    onPeerLeft(listener: (peerId: string) => void): () => void {
        return this.interop.serverRemoved(({ peerId }: Instance) => listener(peerId));
    }

    private inOrder<T>(name: string, change: () => Promise<T>): Promise<T> {
        const earlier = this.changes.get(name) ?? Promise.resolve();
        const done = earlier.then(change, change).catch((reason) => {
            throw toError(reason);
        });
        this.changes.set(name, done);
        return done;
    }

    private untilAnnounced(): Promise<void> {
        const { connection } = this.io;
        return new Promise((resolve) => {
            const done = () => {
                stopAnnounced?.();
                stopConnected?.();
                resolve();
            };
            const stopAnnounced = connection.onLibReAnnounced?.(
                ({ name }: { name: string }) => name === 'interop' && done(),
            );
            const stopConnected = connection.connected?.(() =>
                setTimeout(done, ANNOUNCE_TIMEOUT_MS),
            );
        });
    }

    private chooseServers(method: MethodDefinition, target: unknown, streams: boolean): Instance[] {
        return chooseServers(this.serversOf(method, streams), target, this.interop.instance.peerId);
    }

    private async waitForServers(
        method: MethodDefinition,
        target: unknown,
        streams: boolean,
        waitTimeoutMs: number | undefined,
    ): Promise<Instance[]> {
        const present = this.chooseServers(method, target, streams);
        if (present.length > 0) {
            return present;
        }
        if (this.serversOf(method, !streams).length > 0) {
            throw new InvocationFailed(
                streams
                    ? `${method.name} is a method, not a stream: invoke it`
                    : `${method.name} is a stream, not a method: subscribe to it`,
            );
        }
        const waitMs = readWaitTimeout(waitTimeoutMs);
        return new Promise((resolve, reject) => {
            const stop = this.interop.serverMethodAdded(() => {
                const servers = this.chooseServers(method, target, streams);
                if (servers.length > 0) {
                    clearTimeout(timer);
                    stop();
                    resolve(servers);
                }
            });
            const timer = setTimeout(() => {
                stop();
                const whom = JSON.stringify(target ?? 'best');
                reject(
                    new InvocationFailed(
                        `No server offers the method ${describe(method)} for target ${whom} (waited ${waitMs} ms)`,
                    ),
                );
            }, waitMs);
        });
    }

    /** The instances that offer a method: those of the own user, then first registered, each once. */
    private serversOf(method: MethodDefinition, streams: boolean): Instance[] {
        const matching = new Set<string>(
            this.interop
                .methods(method)
                .filter((found: any) => Boolean(found.supportsStreaming) === streams)
                .map(identifierOf),
        );
        // After a reconnect core lists its own instance twice.
        const instances = new Map<string, Instance>();
        for (const instance of this.interop.servers(method)) {
            instances.set(instance.peerId, instance);
        }
        const { user } = this.interop.instance;
        const isForeign = (instance: Instance) => Number(instance.user !== user);
        return [...instances.values()]
            .map((instance) => [instance, this.firstRegistration(instance, matching)] as const)
            .filter((entry): entry is [Instance, number] => entry[1] !== undefined)
            .sort(([, a], [, b]) => a - b)
            .map(([instance]) => instance)
            .filter(hasNotComeBack)
            .sort((a, b) => isForeign(a) - isForeign(b));
    }

    /** When `instance` registered one of the methods; undefined when it offers none of them. */
    private firstRegistration(instance: Instance, methods: Set<string>): number | undefined {
        const offered = this.interop
            .methodsForInstance({ peerId: instance.peerId })
            .filter((method: any) => methods.has(identifierOf(method)));
        if (offered.length === 0) {
            return undefined;
        }
        const order = offered.map(
            (method: any) =>
                this.registrationOf(instance.peerId, method.gatewayId) ?? Number.MAX_SAFE_INTEGER,
        );
        return Math.min(...order);
    }

    private async invokeOne(
        method: MethodDefinition,
        args: Record<string, any>,
        server: Instance,
        timeoutMs: number,
    ): Promise<Outcome> {
        const executed_by = plainInstance(server);
        const options = { methodResponseTimeoutMs: timeoutMs, waitTimeoutMs: 0 };
        try {
            const target = { peerId: server.peerId };
            const result = await this.interop.invoke(method, args, target, options);
            return { executed_by, returned: result.returned ?? {} };
        } catch (reason) {
            return { executed_by, error: describeFailure(reason, method, timeoutMs) };
        }
    }
}

/**
 * Whether no later one of `instances` is the same page again. A gateway may take half a minute to
 * notice that a connection is gone, and nobody answers there while the page is back on another.
 */
function hasNotComeBack(instance: Instance, index: number, instances: Instance[]): boolean {
    const later = instances.slice(index + 1);
    return (
        !instance.instance ||
        !later.some((other) => SAME_PAGE.every((field) => other[field] === instance[field]))
    );
}

interface Outcome {
    executed_by: Instance | null;
    returned?: any;
    error?: { message: string; type?: string; returned?: any };
}

function joinOutcomes(
    method: MethodDefinition,
    called_with: Record<string, any>,
    outcomes: Outcome[],
): InvocationResult {
    const all_errors = outcomes
        .filter((outcome) => outcome.error)
        .map(({ executed_by, error }) => ({
            executed_by,
            called_with,
            name: method.name,
            ...error,
        })) as FailedInvocation[];
    const all_return_values = outcomes
        .filter((outcome) => !outcome.error)
        .map(({ executed_by, returned }) => ({
            executed_by,
            returned,
            called_with,
            method,
            message: '',
            status: STATUS_SUCCESS,
        }));
    if (all_return_values.length === 0) {
        throw new InvocationFailed(all_errors[0].message, all_errors);
    }
    return { ...all_return_values[0], all_return_values, all_errors };
}

/** Core rejects with results, frames, bare objects or nothing at all; callers get words. */
function describeFailure(
    reason: any,
    method: MethodDefinition,
    timeoutMs: number,
): { message: string; type?: string; returned?: any } {
    const returned = reason?.returned;
    const said = typeof reason === 'string' ? reason : reason?.message;
    let message = said;
    if (said === undefined || said === null) {
        message = `The connection was lost before ${method.name} answered`;
    } else if (String(said).startsWith('Invocation timeout')) {
        message = `${method.name} did not answer within ${timeoutMs} ms`;
    } else if (said === '') {
        message = `${method.name} failed without saying why`;
    }
    const type = typeof returned?.type === 'string' ? { type: returned.type } : {};
    return { message: String(message), ...type, ...(returned ? { returned } : {}) };
}

/** How long to wait for a server, in milliseconds; 0 does not wait. */
export function readWaitTimeout(value: unknown): number {
    return value === 0 ? 0 : readTimeout(value, DEFAULT_TIMEOUT_MS);
}

function readArguments(args: unknown): Record<string, any> {
    if (args === undefined || args === null) {
        return {};
    }
    if (typeof args !== 'object') {
        throw new InvocationFailed(`The arguments have to be a dict, not ${JSON.stringify(args)}`);
    }
    return args;
}

function identifierOf(method: any): string {
    const { name, accepts, returns, supportsStreaming } = method;
    return [name, accepts ?? '', returns ?? '', Boolean(supportsStreaming)]
        .join('\n')
        .toLowerCase();
}

function describe({ name, ...rest }: MethodDefinition): string {
    return Object.keys(rest).length > 0 ? JSON.stringify({ name, ...rest }) : name;
}

/** An instance as data, without core's functions. */
export function plainInstance(instance: any): Instance | null {
    if (!instance) {
        return null;
    }
    return Object.fromEntries(
        Object.entries(instance).filter(
            ([, value]) => value !== undefined && typeof value !== 'function',
        ),
    );
}

function toError(reason: any): Error {
    if (reason instanceof Error) {
        return reason;
    }
    return new Error(
        typeof reason === 'string'
            ? reason
            : (reason?.reason ?? reason?.message ?? JSON.stringify(reason)),
    );
}

function withTimeout<T>(
    promise: Promise<T>,
    timeoutMs: number,
    what: string,
    onLateSuccess: () => void = () => {},
): Promise<T> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            reject(new Error(`${what} within ${timeoutMs} ms`));
            promise.then(onLateSuccess, () => {});
        }, timeoutMs);
        promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
}
