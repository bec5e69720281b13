/**
 * The server's side: the methods that the page offers, registered and withdrawn one after the
 * other.
 */

import type { Changes } from './changes';
import { DEFAULT_TIMEOUT_MS, withTimeout } from './deadlines';
import { readDefinition } from './definitions';
import type { HandlerError } from './failures';
import { type Instance, plainInstance } from './instance';
import type { Outage } from './outage';

/** Handles one invocation; calls one of `reply`'s functions once, now or later. */
export type Handler = (args: Record<string, any>, caller: Instance, reply: Reply) => void;

/** How the caller of an invocation hears of its end. */
export interface Reply {
    succeed: (result: Record<string, any>) => void;
    fail: (error: HandlerError) => void;
}

export interface RegisterOptions {
    timeoutMs?: number;
    /** Called when the method is registered although its time was up, as after a long outage. */
    onLateSuccess?: () => void;
}

export class Serving {
    private readonly interop: any;
    private readonly outage: Outage;
    private readonly changes: Changes;
    /** The handler of each method that is registered. */
    private readonly handlers = new Map<string, Handler>();

    /** @param interop That of core. */
    constructor(interop: any, outage: Outage, changes: Changes) {
        this.interop = interop;
        this.outage = outage;
        this.changes = changes;
    }

    async register(
        definition: unknown,
        handler: Handler,
        { timeoutMs = DEFAULT_TIMEOUT_MS, onLateSuccess }: RegisterOptions,
    ): Promise<void> {
        const method = readDefinition(definition);
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
                (args: any, caller: any, succeed: Reply['succeed'], fail: Reply['fail']) =>
                    handler(args ?? {}, plainInstance(caller) ?? {}, { succeed, fail }),
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
}
