/**
 * The invocations of a MethodRegister that a function of the page handles. They do not wait for
 * each other: the function is called as each one comes, and may return promises. Beside arguments
 * and caller it gets a signal, which is aborted when nobody waits for its result any more, and a
 * function that tells the caller how far it is.
 */

import { libraryError } from '../client/failures';
import type { Instance } from '../client/instance';
import type { CancelReason, EndReason } from '../client/invocation-frames';
import type { Reply } from '../client/serving';
import { passOn } from './answer';
import { type ClientsideHandler, FunctionMissing } from './clientside-handler';
import { LONGEST_QUEUE } from './queue';
import { whyUnanswered } from './why-unanswered';

export interface ClientsideMethodSettings {
    returns: boolean;
    /** Longest time from arrival to answer, in milliseconds. */
    timeoutMs: number;
}

export interface ClientsideMethodOutlets {
    /** The function failed. */
    warn: (message: string) => void;
    /** There is no such function. */
    missing: (message: string) => void;
}

/** Why a function of the page need not go on, as the message of what its signal is aborted with. */
type AbortReason = CancelReason | 'removed';

/** An invocation whose caller has no answer yet. */
interface Pending {
    reply: Reply;
    timer: ReturnType<typeof setTimeout>;
    controller: AbortController;
}

/** What a function of the page gets beside the arguments and the caller. */
interface Surroundings {
    signal: AbortSignal;
    progress: (value: unknown) => void;
}

export class ClientsideMethod {
    settings: ClientsideMethodSettings = { returns: false, timeoutMs: 0 };
    private readonly outlets: ClientsideMethodOutlets;
    private readonly pending = new Set<Pending>();

    constructor(outlets: ClientsideMethodOutlets) {
        this.outlets = outlets;
    }

    handle(
        handler: ClientsideHandler,
        args: Record<string, any>,
        caller: Instance,
        reply: Reply,
    ): void {
        if (this.pending.size >= LONGEST_QUEUE) {
            const message = `Overloaded: ${LONGEST_QUEUE} invocations are under way already`;
            reply.fail(libraryError('Overloaded', message));
            return;
        }
        const controller = new AbortController();
        const pending = this.accept(reply, controller);
        const surroundings: Surroundings = {
            signal: controller.signal,
            progress: (value) => pending && this.pending.has(pending) && reply.progress(value),
        };
        handler.call(args, caller, surroundings).then(
            (invocationResult) =>
                this.settle(pending, () => passOn({ invocationResult }, undefined, reply)),
            (error) => this.fail(pending, error),
        );
    }

    /** The component goes: everybody who waits is told. */
    close(message: string): void {
        const gone = { ...libraryError('ServerGone', message), delivered: 'yes' };
        for (const pending of [...this.pending]) {
            this.abort(pending, 'removed', () => pending.reply.fail(gone));
        }
    }

    /** The caller of a void method is told at once. */
    private accept(reply: Reply, controller: AbortController): Pending | undefined {
        const { returns, timeoutMs } = this.settings;
        if (!returns) {
            reply.succeed({});
            return undefined;
        }
        const timer = setTimeout(() => {
            const message = `The handler did not answer within ${timeoutMs} ms`;
            this.abort(pending, 'timeout', () => reply.fail(libraryError('Timeout', message)));
        }, timeoutMs);
        const pending = { reply, timer, controller };
        this.pending.add(pending);
        const { cancelled } = reply;
        cancelled.addEventListener('abort', () => {
            const reason: EndReason = cancelled.reason;
            if (reason !== 'lost') {
                this.abort(pending, reason, () => {});
            }
        });
        return pending;
    }

    /** Nobody waits for what the function returns. */
    private abort(pending: Pending, reason: AbortReason, tell: () => void): void {
        this.settle(pending, () => {
            tell();
            // As fetch() and others expect it.
            pending.controller.abort(new DOMException(reason, 'AbortError'));
        });
    }

    private fail(pending: Pending | undefined, error: unknown): void {
        if (error instanceof FunctionMissing) {
            const { message } = error;
            this.outlets.missing(message);
            this.settle(pending, () => pending?.reply.fail(libraryError('NoResult', message)));
            return;
        }
        if (pending?.controller.signal.aborted) {
            return;
        }
        const failure = { error, payload: {} };
        const told = whyUnanswered({ failure, hasHandler: true, wrongId: undefined });
        this.outlets.warn(`its clientsideHandler failed: ${told.message}`);
        this.settle(pending, () => pending?.reply.fail(told));
    }

    /** Answers unless that was done before. */
    private settle(pending: Pending | undefined, tell: () => void): void {
        if (pending && this.pending.delete(pending)) {
            clearTimeout(pending.timer);
            tell();
        }
    }
}
