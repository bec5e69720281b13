/** The method of a MethodRegister, from its registration to its withdrawal. */

import { DEFAULT_TIMEOUT_MS, timeoutOf } from '../client/deadlines';
import { newId } from '../client/ids';
import type { InteropClient } from '../client/interop-client';
import type { Handler } from '../client/serving';
import { readMode, validated } from '../client/validation';
import { type ClientsideHandler, readClientsideHandler } from './clientside-handler';
import { ClientsideMethod } from './clientside-method';
import type { DashComponent, Part } from './component';
import { ServerWait } from './dash-server';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { InvocationQueue } from './queue';
import { callbacksWithInput, callbacksWithOutput } from './renderer';
import { askSignature } from './signatures';
import { isServerAway } from './why-unanswered';

const DROPPED = 'results of invocations that nobody waited for any more were dropped so far';

/** What a MethodRegister is given. */
export interface Offer {
    interop: Interop;
    definition: unknown;
    validate: unknown;
    returns: boolean;
    batch: boolean;
    methodResponseTimeoutMs: unknown;
    clientsideHandler: unknown;
}

export class OfferedMethod implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly queue: InvocationQueue;
    private readonly clientside: ClientsideMethod;
    /** Handles the invocations in place of the callbacks, if there is one. */
    private handler: ClientsideHandler | undefined;
    private interop: Interop;
    /** What the present registration was made from, as text. */
    private key: string | undefined;
    private withdraw: () => void = () => {};

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.queue = this.makeQueue();
        this.clientside = new ClientsideMethod({
            warn: (message) => diagnostics.warn(message),
            missing: (message) => this.fail(message),
        });
        // What a callback writes in one go belongs before the end of the invocation.
        component.watch('progress', (progress) => this.queue.progress(progress), 'invoke');
        component.watch('result', (result) => this.queue.answer(result), 'invoke');
        warnOfWrites(component, diagnostics, ['invoke', 'cancelled', 'error'], 'invoke');
    }

    /** Takes over the present props; registers the method anew only where they say another one. */
    update({ interop, ...offer }: Offer): void {
        const { definition, validate, returns, batch } = offer;
        const name = 'methodResponseTimeoutMs';
        const timeout = timeoutOf(name, offer[name], DEFAULT_TIMEOUT_MS);
        const handler = handlerOf(offer.clientsideHandler);
        this.queue.settings = { returns, batch, timeoutMs: timeout.ms };
        this.clientside.settings = { returns, timeoutMs: timeout.ms };
        this.handler = handler.found;
        const problem = timeout.problem ?? handler.problem;
        // A definition that a callback sends again is a new object even where nothing has changed.
        const key = JSON.stringify([definition, validate, problem?.message]);
        if (interop === this.interop && key === this.key) {
            return;
        }
        this.withdraw();
        this.withdraw = () => {};
        this.interop = interop;
        this.key = key;
        if (typeof interop === 'string') {
            this.error.tell(interop);
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        } else if (interop) {
            this.withdraw = this.register(interop, definition, validate, problem);
        }
    }

    /** The component has left the layout. */
    end(): void {
        this.withdraw();
        const message = 'The MethodRegister was removed from the layout';
        this.queue.close(message);
        this.clientside.close(message);
    }

    /** @returns How to withdraw it. */
    private register(
        client: InteropClient,
        definition: unknown,
        validate: unknown,
        problem: Error | undefined,
    ): () => void {
        let isWithdrawn = false;
        let handler: Handler = (args, caller, reply) => this.handle(args, caller, reply);
        const onLateSuccess = () => isWithdrawn || this.error.tell(null);
        const register = async () => {
            if (problem) {
                throw problem;
            }
            handler = await validated(handler, definition, {
                mode: readMode(validate),
                returns: () => this.queue.settings.returns,
                readSignature: askSignature,
                warn: (message) => this.diagnostics.warn(message),
            });
            if (!isWithdrawn) {
                await client.register(definition, handler, { onLateSuccess });
            }
        };
        register().then(onLateSuccess, ({ message }: Error) => {
            if (!isWithdrawn) {
                this.fail(message);
            }
        });
        return () => {
            isWithdrawn = true;
            // Asked for at once, so that it comes before the next registration of the name.
            client.unregister(definition, handler).catch(() => {
                // The method is gone with the connection.
            });
        };
    }

    private handle(...[args, caller, reply]: Parameters<Handler>): void {
        if (this.handler) {
            this.clientside.handle(this.handler, args, caller, reply);
        } else {
            this.queue.enqueue(args, caller, reply);
        }
    }

    private fail(message: string): void {
        this.error.tell(message);
        this.diagnostics.fail(message);
    }

    /** Whether the handler alone gets what is delivered. */
    private isOnlyListener(): boolean {
        const { slot } = this.component;
        return slot !== undefined && callbacksWithInput(slot.store, slot.id, 'invoke').length === 1;
    }

    private makeQueue(): InvocationQueue {
        const { component } = this;
        const deliverer = component.eventDeliverer('invoke', false);
        const cancelled = component.eventDeliverer('cancelled', false);
        const serverWait = new ServerWait();
        const settings = { returns: false, batch: false, timeoutMs: 0 };
        return new InvocationQueue(settings, {
            deliver: async (value) => {
                const delivery = await deliverer.deliver(value);
                // Dash drops the callbacks of a component that goes; then they have not failed to
                // answer.
                await component.untilDecided;
                if (!isServerAway(delivery.failure)) {
                    serverWait.end();
                }
                return delivery;
            },
            abandon: () => deliverer.abandon(),
            cancelled: (value) => cancelled.deliver(value),
            dropped: (count) => this.diagnostics.note(`${count} ${DROPPED}`),
            untilServerAnswers: (signal) => serverWait.untilItAnswers(signal),
            areCallbacksSlow: () => document.hidden && this.isOnlyListener(),
            mayAnswerLater: (callbacks) => {
                const { slot } = component;
                const answering = slot ? callbacksWithOutput(slot.store, slot.id, 'result') : [];
                return answering.some((callback) => !callbacks.has(callback));
            },
            warn: (message) => this.diagnostics.warn(message),
            newId,
        });
    }
}

/** The function that handles invocations in the page, and what is wrong with its name. */
function handlerOf(given: unknown): { found?: ClientsideHandler; problem?: Error } {
    try {
        return { found: readClientsideHandler(given) };
    } catch (problem) {
        return { problem: problem as Error };
    }
}
