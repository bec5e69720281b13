/** The servers that an invocation or a subscription goes to, and the wait for them. */

import { DEFAULT_TIMEOUT_MS, readTimeout, readWaitTimeout } from './deadlines';
import { type MethodDefinition, readDefinition } from './definitions';
import type { Directory } from './directory';
import { InvocationError } from './errors';
import type { Instance } from './instance';
import type { Outage } from './outage';
import { type Choice, readTarget } from './targets';

/** The most names in one message. */
const MOST_NAMES = 20;

/** What an invocation or a subscription asks for. */
export interface Wanted {
    method: MethodDefinition;
    choice: Choice;
    /** As the author gave it, for messages. */
    target: unknown;
    /** Whether it is a stream. */
    streams: boolean;
    /** Longest wait for a server. */
    waitMs: number;
    /** Longest wait for the answer of a server. */
    timeoutMs: number;
}

/** The same, as an author wrote it. */
export interface WantedAsGiven {
    definition: unknown;
    target: unknown;
    streams: boolean;
    waitTimeoutMs: unknown;
    /** Longest wait for an answer, and the name by which the author knows it. */
    timeout: [name: string, value: unknown];
}

/** @throws InvocationError that says what is wrong with what the author wrote. */
export function readWanted({ definition, target, streams, ...times }: WantedAsGiven): Wanted {
    try {
        return {
            method: readDefinition(definition),
            choice: readTarget(target),
            target,
            streams,
            waitMs: readWaitTimeout('waitTimeoutMs', times.waitTimeoutMs, DEFAULT_TIMEOUT_MS),
            timeoutMs: readTimeout(...times.timeout, DEFAULT_TIMEOUT_MS),
        };
    } catch (error) {
        throw new InvocationError((error as Error).message, 'InvalidInvoke');
    }
}

export class Finding {
    private readonly directory: Directory;
    private readonly outage: Outage;

    constructor(directory: Directory, outage: Outage) {
        this.directory = directory;
        this.outage = outage;
    }

    /** The servers that are there now. */
    present({ method, choice, streams }: Wanted): Instance[] {
        return choice(this.directory.servers(method, streams), this.directory.ownPeerId);
    }

    /**
     * The servers that are there now or come first; rejects when none comes in time.
     *
     * @param signal Ends the wait: then it never settles.
     */
    async wait(wanted: Wanted, signal?: AbortSignal): Promise<Instance[]> {
        const present = this.present(wanted);
        if (present.length > 0) {
            return present;
        }
        this.refuseOtherKind(wanted);
        return new Promise((resolve, reject) => {
            const stop = this.directory.onServerMethodAdded(() => {
                const servers = this.present(wanted);
                if (servers.length > 0) {
                    end();
                    resolve(servers);
                }
            });
            const timer = setTimeout(() => {
                end();
                reject(this.nobodyFound(wanted));
            }, wanted.waitMs);
            const end = () => {
                clearTimeout(timer);
                stop();
                signal?.removeEventListener('abort', end);
            };
            signal?.addEventListener('abort', end);
        });
    }

    /**
     * Why an invocation would have to wait for a server now, and what its author can do; undefined
     * where there is a server.
     */
    whyWaiting(definition: unknown, target: unknown): string | undefined {
        const method = readDefinition(definition);
        const servers = this.directory.servers(method, false);
        const { ownPeerId } = this.directory;
        if (readTarget(target)(servers, ownPeerId).length > 0) {
            return undefined;
        }
        const wanted = describe(method);
        if (servers.length === 0) {
            const names = listed(this.directory.methodNames());
            return `nobody offers ${wanted} so far: open the app that does, or correct the name. On offer: ${names}`;
        }
        const names = servers.map(({ peerId, application }) =>
            peerId === ownPeerId ? 'this page' : (application ?? 'an app without a name'),
        );
        return `nobody offers ${wanted} for target ${JSON.stringify(target)} so far: open the app that is meant, or correct the target. It is offered by: ${listed(names)}`;
    }

    /** Where a method of that name is a stream, or the other way round, waiting is of no use. */
    refuseOtherKind({ method, streams }: Wanted): void {
        if (this.directory.servers(method, !streams).length > 0) {
            throw new InvocationError(
                streams
                    ? `${method.name} is a method, not a stream: invoke it`
                    : `${method.name} is a stream, not a method: subscribe to it`,
                'InvalidInvoke',
            );
        }
    }

    /** Why there is no server after the wait for one. */
    nobodyFound({ method, target, streams, waitMs }: Wanted): InvocationError {
        const waited = `(waited ${waitMs} ms)`;
        if (this.outage.end) {
            const undone = streams ? 'subscribed to' : 'invoked';
            const reason = `${method.name} was not ${undone}: there is no connection to the gateway ${waited}`;
            return new InvocationError(reason, 'NotConnected');
        }
        const whom = JSON.stringify(target ?? 'best');
        const kind = streams ? 'stream' : 'method';
        return new InvocationError(
            `No server offers the ${kind} ${describe(method)} for target ${whom} ${waited}`,
            'MethodNotFound',
        );
    }
}

function listed(names: string[]): string {
    const sorted = [...new Set(names)].sort();
    return sorted.slice(0, MOST_NAMES).join(', ') || 'nothing';
}

function describe({ name, ...rest }: MethodDefinition): string {
    return Object.keys(rest).length > 0 ? JSON.stringify({ name, ...rest }) : name;
}
