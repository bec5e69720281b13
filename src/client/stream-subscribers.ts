/** Those who subscribe to a stream of this page, from their requests on. */

import { newId } from './ids';
import { type Instance, plainInstance } from './instance';

/** The branch of those that were accepted without the key of one. */
export const NO_BRANCH = '';

/**
 * @param tell Tells core of the answer.
 * @param branch The key of the branch that the request is accepted on; undefined where it is not.
 */
type OnAnswer = (request: SubscriptionRequest, tell: () => void, branch?: string) => void;

/** The wish of an instance to subscribe, to be answered once, now or later. */
export class SubscriptionRequest {
    /** That of the subscription, too, which comes of it. */
    readonly id = newId();
    readonly arguments: Record<string, any>;
    readonly subscriber: Instance;
    private readonly request: any;
    private readonly onAnswer: OnAnswer;
    private isAnswered = false;

    /**
     * @param request That of core.
     * @param onAnswer Told once of the answer.
     */
    constructor(request: any, onAnswer: OnAnswer) {
        this.request = request;
        this.onAnswer = onAnswer;
        this.arguments = request.arguments ?? {};
        this.subscriber = plainInstance(request.instance) ?? {};
    }

    /**
     * @param branch The key of a branch, which is there from its first subscriber on.
     * @throws Error when it was answered already.
     */
    accept(branch: string = NO_BRANCH): void {
        this.answer(() => this.request.acceptOnBranch(branch), branch);
    }

    /** @throws Error when it was answered already. */
    reject(reason: string): void {
        this.answer(() => this.request.reject(reason));
    }

    private answer(tell: () => void, branch?: string): void {
        if (this.isAnswered) {
            throw new Error('The subscription request was answered already');
        }
        this.isAnswered = true;
        this.onAnswer(this, tell, branch);
    }
}

/** One subscriber of a stream of this page. */
export class StreamSubscription {
    readonly id: string;
    readonly arguments: Record<string, any>;
    readonly subscriber: Instance;
    /** The key of its branch; empty when it was accepted without one. */
    readonly branch: string;
    private readonly subscription: any;

    /** @param subscription That of core. */
    constructor({ id, arguments: given, subscriber }: SubscriptionRequest, subscription: any) {
        this.id = id;
        this.arguments = given;
        this.subscriber = subscriber;
        this.branch = subscription.branchKey ?? NO_BRANCH;
        this.subscription = subscription;
    }

    /** What core has for it: the same object each time that core tells of it. */
    get key(): unknown {
        return keyOf(this.subscription);
    }

    send(data: object): void {
        this.subscription.push(data);
    }

    drop(): void {
        this.subscription.close();
    }
}

/** @param subscription That of core, which makes a new object each time that it tells of one. */
export function keyOf(subscription: any): unknown {
    return subscription.subscription ?? subscription;
}

/** The subscriptions that were accepted and have not ended, and their branches. */
export class Subscribers {
    private readonly byKey = new Map<unknown, StreamSubscription>();
    private readonly counts = new Map<string, number>();

    /** In the order in which they were accepted. */
    get all(): StreamSubscription[] {
        return [...this.byKey.values()];
    }

    /** How many are on each branch; a branch without any is not there. */
    get branches(): ReadonlyMap<string, number> {
        return this.counts;
    }

    has({ key }: StreamSubscription): boolean {
        return this.byKey.has(key);
    }

    add(subscription: StreamSubscription): void {
        const { key, branch } = subscription;
        this.byKey.set(key, subscription);
        this.counts.set(branch, (this.counts.get(branch) ?? 0) + 1);
    }

    /** @returns The one that has ended; undefined when it had already. */
    remove(key: unknown): StreamSubscription | undefined {
        const subscription = this.byKey.get(key);
        if (subscription) {
            const { branch } = subscription;
            const left = (this.counts.get(branch) ?? 0) - 1;
            this.byKey.delete(key);
            left > 0 ? this.counts.set(branch, left) : this.counts.delete(branch);
        }
        return subscription;
    }
}
