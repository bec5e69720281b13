/**
 * The invocations of a MethodRegister that a function of the page handles. They do not wait for
 * each other: the function is called as each one comes, and may return promises.
 */

import { libraryError } from '../client/failures';
import type { Instance } from '../client/instance';
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

/** An invocation whose caller has no answer yet. */
interface Pending {
    reply: Reply;
    timer: ReturnType<typeof setTimeout>;
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
        const pending = this.accept(reply);
        handler.call(args, caller).then(
            (invocationResult) =>
                this.settle(pending, () => passOn({ invocationResult }, undefined, reply)),
            (error) => this.fail(pending, error),
        );
    }

    /** The component goes: everybody who waits is told. */
    close(message: string): void {
        for (const pending of [...this.pending]) {
            this.settle(pending, () => pending.reply.fail(libraryError('ServerGone', message)));
        }
    }

    /** The caller of a void method is told at once. */
    private accept(reply: Reply): Pending | undefined {
        const { returns, timeoutMs } = this.settings;
        if (!returns) {
            reply.succeed({});
            return undefined;
        }
        const timer = setTimeout(() => {
            const message = `The handler did not answer within ${timeoutMs} ms`;
            this.settle(pending, () => reply.fail(libraryError('Timeout', message)));
        }, timeoutMs);
        const pending = { reply, timer };
        this.pending.add(pending);
        return pending;
    }

    private fail(pending: Pending | undefined, error: unknown): void {
        if (error instanceof FunctionMissing) {
            const { message } = error;
            this.outlets.missing(message);
            this.settle(pending, () => pending?.reply.fail(libraryError('NoResult', message)));
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
