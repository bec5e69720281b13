/** The stream of a StreamPublish, from its offer to its withdrawal. */

import { DEFAULT_TIMEOUT_MS, timeoutOf } from '../client/deadlines';
import { readDefinition } from '../client/definitions';
import type { InteropClient } from '../client/interop-client';
import type { PublishedStream } from '../client/publishing';
import type { StreamSubscription, SubscriptionRequest } from '../client/stream-subscribers';
import type { DashComponent, Part } from './component';
import type { Slot } from './deliver';
import type { Diagnostics } from './diagnostics';
import { entriesOf } from './entries';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { callbacksWithInput, callbacksWithOutput } from './renderer';
import { askSignature } from './signatures';
import { StreamAudience } from './stream-audience';
import { type Push, readClose, readDecision, readPush, readSnapshot } from './stream-writes';
import { SubscriptionRequests } from './subscription-requests';

/** The most data that wait for a stream that keeps a history. */
export const MOST_WAITING = 10_000;

/** What the library sets; what a callback writes there has no effect. */
const OWN_PROPS = [
    'request',
    'subscriptionAdded',
    'subscriptionRemoved',
    'subscriptions',
    'branches',
    'error',
];

/** What a StreamPublish is given. */
export interface StreamOffer {
    interop: Interop;
    definition: unknown;
    active: boolean;
    autoAccept: boolean;
    requestTimeoutMs: unknown;
    history: unknown;
}

/** Undefined where nothing is wrong. */
interface Problems {
    offer?: string | undefined;
    write?: string | undefined;
}

export class OfferedStream implements Part {
    readonly audience: StreamAudience;
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly requests: SubscriptionRequests;
    private readonly error: ErrorProp;
    /** The component as it was mounted last. */
    private slot: Slot | undefined;
    private offer: StreamOffer;
    /** What the present offer was made from, as text. */
    private key: string | undefined;
    private stream: PublishedStream | undefined;
    private withdraw: () => void = () => {};
    /** What was pushed before there was a stream to keep it. */
    private readonly waiting: Push[] = [];
    /** Why the stream is not offered, and what is wrong with what was written last. */
    private problems: Problems = {};

    /** @param offer What it is given first; to be followed by `update`. */
    constructor(component: DashComponent, diagnostics: Diagnostics, offer: StreamOffer) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.offer = offer;
        this.audience = new StreamAudience(component);
        this.error = new ErrorProp(component);
        this.requests = this.makeRequests();
        // Where a callback writes several of them at once, they are carried out in this order.
        this.carryOut('decision', (entry, what) => this.decide(entry, what));
        this.carryOut('snapshot', (entry, what) => this.pushToOne(readSnapshot(entry, what)));
        this.carryOut('push', (entry, what) => this.push(readPush(entry, what)));
        this.carryOut('close', (entry, what) => this.close(entry, what));
        warnOfWrites(component, diagnostics, OWN_PROPS, 'request');
    }

    /** Takes over the present props; offers the stream anew only where they say another one. */
    update(offer: StreamOffer): void {
        const { interop, definition, active, requestTimeoutMs, history } = offer;
        const timeout = timeoutOf('requestTimeoutMs', requestTimeoutMs, DEFAULT_TIMEOUT_MS);
        this.requests.timeoutMs = timeout.ms;
        this.slot = this.component.slot ?? this.slot;
        // A definition that a callback sends again is a new object even where nothing has changed.
        const key = JSON.stringify([definition, active, history, timeout.problem?.message]);
        const isSame = interop === this.offer.interop && key === this.key;
        this.offer = offer;
        this.key = key;
        if (isSame) {
            return;
        }
        this.withdraw();
        this.withdraw = () => {};
        if (typeof interop === 'string') {
            this.report({ offer: interop });
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        } else if (interop && active) {
            this.withdraw = this.begin(interop, offer, timeout.problem);
        } else {
            this.report({ offer: undefined });
        }
    }

    /** The component has left the layout. */
    end(): void {
        this.audience.end();
        this.withdraw();
        this.requests.end();
    }

    // The offer

    /** @returns How to withdraw it. */
    private begin(
        client: InteropClient,
        { definition, history }: StreamOffer,
        problem: Error | undefined,
    ): () => void {
        let isWithdrawn = false;
        const onOffered = () => isWithdrawn || this.report({ offer: undefined });
        const offer = async () => {
            if (problem) {
                throw problem;
            }
            await askSignature(readDefinition(definition));
            if (!isWithdrawn) {
                const options = { history, onLateSuccess: onOffered };
                const stream = client.createStream(definition, this.handlers, options);
                this.stream = stream;
                for (const push of this.waiting.splice(0)) {
                    stream.push(push.data, push.branch);
                }
                await stream.offered;
            }
        };
        offer().then(onOffered, ({ message }: Error) => {
            if (!isWithdrawn) {
                this.report({ offer: message });
                this.diagnostics.fail(message);
            }
        });
        return () => {
            isWithdrawn = true;
            // Asked for at once, so that it comes before the next offer of the name.
            this.stream?.close().catch(() => {
                // The stream is gone with the connection.
            });
            this.stream = undefined;
        };
    }

    private readonly handlers = {
        requested: (request: SubscriptionRequest) => {
            if (this.offer.autoAccept || !this.hasDecider()) {
                request.accept();
            } else {
                this.requests.add(request);
            }
        },
        withdrawn: (request: SubscriptionRequest) => this.requests.withdraw(request),
        added: (subscription: StreamSubscription) => this.audience.add(subscription),
        removed: (subscription: StreamSubscription) => this.audience.remove(subscription),
    };

    /** Whether a callback listens to requests, also while the component is put back elsewhere. */
    private hasDecider(): boolean {
        const { slot } = this;
        return slot !== undefined && callbacksWithInput(slot.store, slot.id, 'request').length > 0;
    }

    private makeRequests(): SubscriptionRequests {
        const { component } = this;
        const deliverer = component.eventDeliverer('request', false);
        return new SubscriptionRequests(DEFAULT_TIMEOUT_MS, {
            deliver: async (value) => {
                const delivery = await deliverer.deliver(value);
                // Dash drops the callbacks of a component that goes; then they have not failed to
                // decide.
                await component.untilDecided;
                return delivery;
            },
            abandon: () => deliverer.abandon(),
            mayDecideLater: (callbacks) => {
                const { slot } = this;
                const deciding = slot ? callbacksWithOutput(slot.store, slot.id, 'decision') : [];
                return deciding.some((callback) => !callbacks.has(callback));
            },
            warn: (message) => this.diagnostics.warn(message),
        });
    }

    // What callbacks write

    /** Does what each entry of a value says that is written to a prop, and tells what is wrong. */
    private carryOut(prop: string, act: (entry: unknown, what: string) => void): void {
        const onWrite = (written: unknown) => {
            let problem: string | undefined;
            for (const [what, entry] of entriesOf(prop, written)) {
                try {
                    act(entry, what);
                } catch (error) {
                    problem = (error as Error).message;
                    this.diagnostics.warn(problem);
                }
            }
            this.report({ write: problem });
        };
        this.component.watch(prop, onWrite, 'request');
    }

    private decide(entry: unknown, what: string): void {
        try {
            this.requests.decide(readDecision(entry, what));
        } catch (error) {
            this.requests.spoil((entry as any)?.requestId, (error as Error).message);
            throw error;
        }
    }

    private push(push: Push): void {
        if (push.subscriptionId !== undefined) {
            this.pushToOne({ data: push.data, subscriptionId: push.subscriptionId });
        } else if (this.stream) {
            this.stream.push(push.data, push.branch);
        } else if (!this.offer.active) {
            throw new Error('push has no effect: the stream is closed, as active is False');
        } else {
            this.keep(push);
        }
    }

    /**
     * Nobody can subscribe to a stream before it is there, so what is pushed before reaches those
     * alone who get its history.
     */
    private keep(push: Push): void {
        const { interop, history } = this.offer;
        if (typeof interop === 'string' || !history) {
            return;
        }
        this.waiting.push(push);
        if (this.waiting.length > MOST_WAITING) {
            this.waiting.shift();
            this.diagnostics.warn(
                `data is lost: more than ${MOST_WAITING} were pushed before the page was connected`,
            );
        }
    }

    private pushToOne({ subscriptionId, data }: { subscriptionId: string; data: object }): void {
        const subscription = this.audience.find(subscriptionId);
        if (subscription) {
            this.stream?.pushTo(subscription, data);
        }
    }

    private close(entry: unknown, what: string): void {
        const close = readClose(entry, what);
        if ('branch' in close) {
            this.stream?.closeBranch(close.branch);
            return;
        }
        const subscription = this.audience.find(close.subscriptionId);
        if (subscription) {
            this.stream?.closeSubscriptions([subscription]);
        }
    }

    // Problems

    private report(problems: Problems): void {
        this.problems = { ...this.problems, ...problems };
        this.error.tell(this.problems.offer ?? this.problems.write ?? null);
    }
}
