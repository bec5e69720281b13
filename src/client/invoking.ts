/**
 * The caller's side of an invocation: finds servers, calls each of them, and joins what comes of
 * it.
 */

import { readArguments } from './arguments';
import type { MethodDefinition } from './definitions';
import { type FailedInvocation, InvocationError } from './errors';
import { type Failure, failureOf, withDelivery } from './failures';
import { type Finding, readWanted } from './finding';
import { type Instance, plainInstance } from './instance';
import type { CallTerms, InvocationFrames } from './invocation-frames';
import { failuresIn, type InvocationResult, joinOutcomes, type Outcome } from './results';

export interface InvokeOptions {
    waitTimeoutMs?: number;
    methodResponseTimeoutMs?: number;
    /** Cancels the invocation when it is aborted. */
    signal?: AbortSignal;
    /** Called with what servers tell of how far they are, in the order in which each tells it. */
    onProgress?: (value: unknown, server: Instance | null) => void;
}

export class Invoking {
    private readonly interop: any;
    private readonly finding: Finding;
    private readonly frames: InvocationFrames | undefined;

    /**
     * @param interop That of core.
     * @param frames What travels beside what core knows; undefined where it cannot be seen: then
     *     a cancel stays in this page, and no progress comes.
     */
    constructor(interop: any, finding: Finding, frames?: InvocationFrames) {
        this.interop = interop;
        this.finding = finding;
        this.frames = frames;
    }

    async invoke(
        definition: unknown,
        args: unknown,
        target: unknown,
        { waitTimeoutMs, methodResponseTimeoutMs, signal, onProgress }: InvokeOptions,
    ): Promise<InvocationResult> {
        const wanted = readWanted({
            definition,
            target,
            streams: false,
            waitTimeoutMs,
            timeout: ['methodResponseTimeoutMs', methodResponseTimeoutMs],
        });
        const calledWith = readArguments(args);
        const { method, timeoutMs } = wanted;
        const cancelled = (errors: FailedInvocation[] = []) =>
            new InvocationError(`${method.name} was cancelled`, 'cancelled', errors);
        if (signal?.aborted) {
            throw cancelled();
        }
        // Where servers are known already, the calls leave before this function first awaits.
        const present = this.finding.present(wanted);
        const servers =
            present.length > 0
                ? present
                : await unlessAborted(this.finding.wait(wanted, signal), signal, cancelled);
        // One by one: core loses all results when one of several servers times out.
        const outcomes = await Promise.all(
            servers.map((server) => {
                const executed_by = plainInstance(server);
                const tell = onProgress && ((value: unknown) => onProgress(value, executed_by));
                const terms = { timeoutMs, onProgress: tell };
                return this.call(server, method, calledWith, terms, signal);
            }),
        );
        if (signal?.aborted) {
            // Whoever cancels wants no results, not even those that were there before.
            throw cancelled(failuresIn(method, calledWith, outcomes));
        }
        return joinOutcomes(method, calledWith, outcomes);
    }

    private async call(
        server: Instance,
        method: MethodDefinition,
        args: Record<string, any>,
        terms: CallTerms,
        signal: AbortSignal | undefined,
    ): Promise<Outcome> {
        const executed_by = plainInstance(server);
        const { timeoutMs } = terms;
        const options = { methodResponseTimeoutMs: timeoutMs, waitTimeoutMs: 0 };
        let answering: Promise<any> = Promise.resolve();
        const invoke = () => {
            answering = this.interop.invoke(method, args, { peerId: server.peerId }, options);
        };
        const sent = this.frames?.call(terms, invoke);
        if (!sent) {
            invoke();
        }
        const cancelled = (): Failure => ({
            message: `${method.name} was cancelled`,
            type: 'cancelled',
        });
        try {
            const result = await unlessAborted(answering, signal, () => {
                sent?.cancel('cancelled');
                return cancelled();
            });
            return { executed_by, returned: result.returned ?? {} };
        } catch (reason) {
            if (signal?.aborted) {
                return { executed_by, error: cancelled() };
            }
            const error = failureOf(reason, method, timeoutMs);
            if (error.type === 'Timeout') {
                sent?.cancel('timeout');
            }
            return { executed_by, error: withDelivery(error, sent?.delivered ?? 'unknown') };
        }
    }
}

/**
 * What `promise` comes to, or what `whyNot` gives, as a rejection, as soon as `signal` is aborted.
 */
function unlessAborted<T>(
    promise: Promise<T>,
    signal: AbortSignal | undefined,
    whyNot: () => unknown,
): Promise<T> {
    if (!signal) {
        return promise;
    }
    return new Promise((resolve, reject) => {
        const abort = () => reject(whyNot());
        signal.addEventListener('abort', abort);
        const stop = () => signal.removeEventListener('abort', abort);
        promise.then(resolve, reject).finally(stop);
    });
}
