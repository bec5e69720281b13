/**
 * The server's side: the methods that the page offers, registered and withdrawn one after the
 * other.
 */

import type { Changes } from './changes';
import { DEFAULT_TIMEOUT_MS, withTimeout } from './deadlines';
import { readDefinition } from './definitions';
import type { Directory } from './directory';
import type { HandlerError } from './failures';
import { type Instance, plainInstance } from './instance';
import type { EndReason, InvocationFrames } from './invocation-frames';
import type { Outage } from './outage';

/** Handles one invocation; calls one of `reply`'s functions once, now or later. */
export type Handler = (args: Record<string, any>, caller: Instance, reply: Reply) => void;

/** How the caller of an invocation hears of it, and whether it still wants to. */
export interface Reply {
    succeed: (result: Record<string, any>) => void;
    fail: (error: HandlerError) => void;
    /**
     * Tells how far the invocation is; without effect where the caller does not listen.
     *
     * @throws Error where the value cannot be sent.
     */
    progress: (value: unknown) => void;
    /**
     * Aborted when nobody waits for the end any more; its reason is an `EndReason`. What is told to
     * the caller then does not reach it.
     */
    cancelled: AbortSignal;
    /** How long the caller waits, in milliseconds; undefined where it does not say. */
    budgetMs: number | undefined;
}

export interface RegisterOptions {
    timeoutMs?: number;
    /** Called when the method is registered although its time was up, as after a long outage. */
    onLateSuccess?: () => void;
}

/** What a server works with. */
export interface ServingLine {
    /** That of core. */
    interop: any;
    directory: Directory;
    outage: Outage;
    changes: Changes;
    /** What travels beside what core knows; undefined where it cannot be seen. */
    invocations?: InvocationFrames;
}

export class Serving {
    private readonly interop: any;
    private readonly outage: Outage;
    private readonly changes: Changes;
    private readonly directory: Directory;
    private readonly frames: InvocationFrames | undefined;
    /** The handler of each method that is registered. */
    private readonly handlers = new Map<string, Handler>();
    /** How to cancel what has not ended, by the peer of the caller. */
    private readonly running = new Map<string, Set<(reason: EndReason) => void>>();
    private isWatchingCallers = false;

    constructor({ interop, directory, outage, changes, invocations }: ServingLine) {
        this.interop = interop;
        this.outage = outage;
        this.changes = changes;
        this.frames = invocations;
        this.directory = directory;
    }

    async register(
        definition: unknown,
        handler: Handler,
        { timeoutMs = DEFAULT_TIMEOUT_MS, onLateSuccess }: RegisterOptions,
    ): Promise<void> {
        const method = readDefinition(definition);
        this.watchCallers();
        if (typeof handler !== 'function') {
            throw new Error(`Method ${method.name} needs a handler`);
        }
        const register = async () => {
            // Core announces its methods again after an outage. It would announce this one, too,
            // and calls would reach that copy, which nobody listens to.
            await this.outage.end;
            // register() would answer only when the page has nothing else to do.
            await this.interop.registerAsync(
                method,
                (args: any, caller: any, succeed: Reply['succeed'], fail: Reply['fail']) => {
                    const instance = plainInstance(caller) ?? {};
                    handler(args ?? {}, instance, this.replyTo(instance, succeed, fail));
                },
            );
            this.handlers.set(method.name, handler);
        };
        const what = `Method ${method.name} could not be registered`;
        const registering = this.changes.inOrder(method.name, register);
        await withTimeout(registering, timeoutMs, what, onLateSuccess);
    }

    async unregister(definition: unknown, handler?: Handler): Promise<void> {
        const { name } = readDefinition(definition);
        await this.changes.inOrder(name, async () => {
            if (handler && this.handlers.get(name) !== handler) {
                return;
            }
            // A method that core is told to forget during an outage is announced again all the
            // same.
            await this.outage.end;
            await this.interop.unregister(name);
            this.handlers.delete(name);
        });
    }

    /** To be made in the turn in which core tells of the invocation. */
    private replyTo(
        { peerId = '' }: Instance,
        succeed: Reply['succeed'],
        fail: Reply['fail'],
    ): Reply {
        const invoked = this.frames?.invoked;
        const controller = new AbortController();
        const cancel = (reason: EndReason) => {
            end();
            controller.abort(reason);
        };
        const ofCaller = this.running.get(peerId) ?? new Set();
        this.running.set(peerId, ofCaller.add(cancel));
        const stopWatching = invoked && this.frames?.watch(invoked, cancel);
        let hasEnded = false;
        const end = () => {
            hasEnded = true;
            stopWatching?.();
            ofCaller.delete(cancel);
            if (ofCaller.size === 0 && this.running.get(peerId) === ofCaller) {
                this.running.delete(peerId);
            }
        };
        const endWith = (tell: () => void) => {
            if (!hasEnded) {
                end();
                tell();
            }
        };
        return {
            succeed: (result) => endWith(() => succeed(result)),
            fail: (error) => endWith(() => fail(error)),
            progress: (value) => hasEnded || invoked?.progress(value),
            cancelled: controller.signal,
            budgetMs: invoked?.budgetMs,
        };
    }

    /** From the first method on. */
    private watchCallers(): void {
        if (this.isWatchingCallers) {
            return;
        }
        this.isWatchingCallers = true;
        this.directory.onPeerLeft((peerId) => {
            for (const cancel of [...(this.running.get(peerId) ?? [])]) {
                cancel('left');
            }
        });
    }
}
