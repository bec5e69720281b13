/**
 * A stream of a page as core has it. What core does oddly is kept: it tells nobody of subscriptions
 * that end with a branch, with the stream or with the connection, makes a new object each time it
 * tells of one, sends to branches that are empty, and takes an empty list of branches for all.
 */

type Identity = Record<string, any>;

export interface StreamCallbacks {
    subscriptionRequestHandler?: (request: any) => void;
    subscriptionAddedHandler?: (subscription: any) => void;
    subscriptionRemovedHandler?: (subscription: any) => void;
}

/** One who asks, and what becomes of that. */
export interface Asking {
    arguments?: any;
    instance?: Identity;
    onAccepted?: (branch: string) => void;
    onRejected?: (reason: string | undefined) => void;
    onClosed?: () => void;
}

interface Subscription extends Asking {
    id: string;
    branchKey: string;
}

/** A message that the page sends to the gateway. */
export interface Frame {
    type: 'publish' | 'post' | 'accepted' | 'refused' | 'drop';
    /** The branch or the one who subscribes. */
    to: string;
    data?: any;
}

export class FakeStream {
    readonly frames: Frame[] = [];
    private readonly callbacks: StreamCallbacks;
    private readonly unregister: () => Promise<void>;
    private subscribers = new Map<string, Subscription>();
    private readonly branchKeys = new Set<string>();
    private asked = 0;

    constructor(callbacks: StreamCallbacks, unregister: () => Promise<void>) {
        this.callbacks = {
            subscriptionRequestHandler: (request) => request.accept(),
            ...callbacks,
        };
        this.unregister = unregister;
    }

    /** A request of another page arrives; `end` takes the subscription back. */
    ask(asking: Asking = {}): { end: () => void } {
        this.asked += 1;
        const id = `s${this.asked}`;
        const accept = (branchKey = '') => this.accept({ ...asking, id, branchKey });
        this.callbacks.subscriptionRequestHandler?.({
            arguments: asking.arguments,
            instance: asking.instance,
            accept,
            acceptOnBranch: accept,
            reject: (reason?: string) => {
                this.frames.push({ type: 'refused', to: id, data: reason });
                asking.onRejected?.(reason);
            },
        });
        return { end: () => this.lose(id) };
    }

    push(data: any, branches?: string | string[]): void {
        const wanted = typeof branches === 'string' ? [branches] : (branches ?? []);
        for (const to of this.branchKeys) {
            if (wanted.length === 0 || wanted.includes(to)) {
                this.frames.push({ type: 'publish', to, data: structuredClone(data) });
            }
        }
    }

    async close(): Promise<void> {
        for (const subscription of this.subscribers.values()) {
            this.drop(subscription);
        }
        await this.unregister();
    }

    /** Core has come back from an outage and begins anew. */
    forget(): void {
        this.subscribers = new Map();
        this.branchKeys.clear();
    }

    private accept(subscription: Subscription): void {
        const { id, branchKey } = subscription;
        this.branchKeys.add(branchKey);
        this.subscribers.set(id, subscription);
        this.frames.push({ type: 'accepted', to: id, data: branchKey });
        subscription.onAccepted?.(branchKey);
        this.callbacks.subscriptionAddedHandler?.(this.told(subscription));
    }

    private told(subscription: Subscription) {
        const { id, branchKey } = subscription;
        return {
            subscription,
            branchKey,
            push: (data: any) => this.frames.push({ type: 'post', to: id, data }),
            close: () => {
                this.drop(subscription);
                this.callbacks.subscriptionRemovedHandler?.(this.told(subscription));
            },
        };
    }

    private drop(subscription: Subscription): void {
        this.subscribers.delete(subscription.id);
        this.frames.push({ type: 'drop', to: subscription.id });
        subscription.onClosed?.();
    }

    /** Of a request that is not decided core says nothing. */
    private lose(id: string): void {
        const subscription = this.subscribers.get(id);
        if (subscription) {
            this.subscribers.delete(id);
            this.callbacks.subscriptionRemovedHandler?.(this.told(subscription));
        }
    }
}
