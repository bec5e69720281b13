/**
 * The part of the Interop API that the components use, with the faults of @interopio/core healed:
 * targets are chosen here (the server that registered first is best; patterns work), one server
 * that times out does not take the results of the others with it, nothing is registered twice in
 * an outage, and nothing waits for ever.
 */

import { type MethodDefinition, readDefinition, readTimeout, readWaitTimeout } from './definition';
import { type ErrorType, type FailureKind, type HandlerError, readFailure } from './errors';
import { type Choice, type Instance, OWN_VIEW, readTarget } from './targets';

export const DEFAULT_TIMEOUT_MS = 30_000;

/** Handles one invocation; calls one of `reply`'s functions once, now or later. */
export type Handler = (args: Record<string, any>, caller: Instance, reply: Reply) => void;

/** How the caller of an invocation hears of its end. */
export interface Reply {
    succeed: (result: Record<string, any>) => void;
    fail: (error: HandlerError) => void;
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
    type?: ErrorType;
    /** Name of the exception in the handler, where it told. */
    exception?: string;
    /** All that the server put into its error. */
    returned?: any;
}

export interface RegisterOptions {
    timeoutMs?: number;
    /** Called when the method is registered although its time was up, as after a long outage. */
    onLateSuccess?: () => void;
}

/** No server answered with a result. */
export class InvocationFailed extends Error {
    /** Undefined for an error of a gateway that is not ours. */
    readonly type: ErrorType | undefined;
    readonly errors: FailedInvocation[];

    constructor(message: string, type: ErrorType | undefined, errors: FailedInvocation[] = []) {
        super(message);
        this.type = type;
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
        const { method, choice, timeoutMs, waitMs } = understood(() => ({
            method: readDefinition(definition),
            choice: readTarget(target),
            timeoutMs: readTimeout(
                'methodResponseTimeoutMs',
                options.methodResponseTimeoutMs,
                DEFAULT_TIMEOUT_MS,
            ),
            waitMs: readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, DEFAULT_TIMEOUT_MS),
        }));
        const calledWith = readArguments(args);
        const wanted = { method, choice, target, streams: false };
        // Where servers are known already, the calls leave before this function first awaits.
        const known = this.chooseServers(wanted);
        const servers = known.length > 0 ? known : await this.waitForServers(wanted, waitMs);
        const outcomes = await Promise.all(
            servers.map((server) => this.invokeOne(method, calledWith, server, timeoutMs)),
        );
        return joinOutcomes(method, calledWith, outcomes);
    }

    /** Subscribes to a stream; rejects when it does not appear in time. */
    async subscribe(definition: unknown, options: Record<string, any> = {}): Promise<any> {
        const { target, ...rest } = options;
        const { method, choice, timeoutMs, waitMs } = understood(() => ({
            method: readDefinition(definition),
            choice: readTarget(target),
            timeoutMs: readTimeout(
                'methodResponseTimeout',
                options.methodResponseTimeout,
                DEFAULT_TIMEOUT_MS,
            ),
            waitMs: readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, DEFAULT_TIMEOUT_MS),
        }));
        const wanted = { method, choice, target, streams: true };
        const servers = await this.waitForServers(wanted, waitMs);
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

    /** For whom an invocation would have to wait now, and what to do; undefined where it would not. */
    whyWaiting(definition: unknown, target: unknown): string | undefined {
        const method = readDefinition(definition);
        const servers = this.serversOf(method, false);
        const { peerId: ownId } = this.interop.instance;
        if (readTarget(target)(servers, ownId).length > 0) {
            return undefined;
        }
        const wanted = describe(method);
        if (servers.length === 0) {
            return `nobody offers ${wanted} so far: open what does, or correct the name. On offer: ${listed(this.offered())}`;
        }
        const names = servers.map(({ peerId, application }) =>
            peerId === ownId ? 'this page' : (application ?? 'somebody without a name'),
        );
        return `nobody offers ${wanted} for target ${JSON.stringify(target)} so far: open who is meant, or correct the target. It is offered by: ${listed(names)}`;
    }

    /** The names of all methods that are offered now. */
    private offered(): string[] {
        return this.interop
            .methods({})
            .filter(({ supportsStreaming }: any) => !supportsStreaming)
            .map(({ name }: MethodDefinition) => name);
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

    private chooseServers({ method, choice, streams }: Wanted): Instance[] {
        return choice(this.serversOf(method, streams), this.interop.instance.peerId);
    }

    private async waitForServers(wanted: Wanted, waitMs: number): Promise<Instance[]> {
        const { method, streams } = wanted;
        const present = this.chooseServers(wanted);
        if (present.length > 0) {
            return present;
        }
        if (this.serversOf(method, !streams).length > 0) {
            throw new InvocationFailed(
                streams
                    ? `${method.name} is a method, not a stream: invoke it`
                    : `${method.name} is a stream, not a method: subscribe to it`,
                'InvalidInvoke',
            );
        }
        return new Promise((resolve, reject) => {
            const stop = this.interop.serverMethodAdded(() => {
                const servers = this.chooseServers(wanted);
                if (servers.length > 0) {
                    clearTimeout(timer);
                    stop();
                    resolve(servers);
                }
            });
            const timer = setTimeout(() => {
                stop();
                reject(this.nobodyFound(wanted, waitMs));
            }, waitMs);
        });
    }

    private nobodyFound({ method, target }: Wanted, waitMs: number): InvocationFailed {
        const waited = `(waited ${waitMs} ms)`;
        if (this.outage) {
            const reason = `${method.name} was not invoked: there is no connection to the gateway ${waited}`;
            return new InvocationFailed(reason, 'NotConnected');
        }
        const whom = JSON.stringify(target ?? 'best');
        return new InvocationFailed(
            `No server offers the method ${describe(method)} for target ${whom} ${waited}`,
            'MethodNotFound',
        );
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

/** So many names are told at most. */
const MOST_NAMES = 20;

function listed(names: string[]): string {
    const sorted = [...new Set(names)].sort();
    return sorted.slice(0, MOST_NAMES).join(', ') || 'nothing';
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

/** What an invocation or a subscription looks for. */
interface Wanted {
    method: MethodDefinition;
    choice: Choice;
    /** As the author gave it. */
    target: unknown;
    streams: boolean;
}

interface Outcome {
    executed_by: Instance | null;
    returned?: any;
    error?: Failure;
}

interface Failure extends FailureKind {
    message: string;
    returned?: any;
}

/** What is read of an invocation; what is wrong with it is told as such. */
function understood<T>(read: () => T): T {
    try {
        return read();
    } catch (error) {
        throw new InvocationFailed((error as Error).message, 'InvalidInvoke');
    }
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
        throw new InvocationFailed(all_errors[0].message, all_errors[0].type, all_errors);
    }
    return { ...all_return_values[0], all_return_values, all_errors };
}

/** What core says itself, which has no other sign; and gateways whose reasons core hides. */
const WORDS_OF_CORE: [string, ErrorType][] = [
    ['Invocation timeout', 'Timeout'],
    ['Can not find a method', 'MethodNotFound'],
    ['Peer has left', 'ServerGone'],
];

/** Core rejects with results, frames, bare objects or nothing at all; callers get words. */
function describeFailure(reason: any, method: MethodDefinition, timeoutMs: number): Failure {
    const said = typeof reason === 'string' ? reason : reason?.message;
    const returned = reason?.returned;
    if (said === undefined || said === null) {
        const message = `The connection was lost before ${method.name} answered`;
        return { message, type: 'ConnectionLost' };
    }
    if (returned) {
        const message = String(said) || `${method.name} failed without saying why`;
        return { message, ...readFailure(returned), returned };
    }
    const type = WORDS_OF_CORE.find(([words]) => String(said).startsWith(words))?.[1];
    if (type === 'Timeout') {
        return { message: `${method.name} did not answer within ${timeoutMs} ms`, type };
    }
    return { message: String(said) || `${method.name} failed without saying why`, type };
}

function readArguments(args: unknown): Record<string, any> {
    if (args === undefined || args === null) {
        return {};
    }
    if (typeof args !== 'object' || Array.isArray(args)) {
        throw new InvocationFailed(
            `The arguments have to be a dict, not ${Array.isArray(args) ? 'a list' : JSON.stringify(args)}`,
            'InvalidArguments',
        );
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
