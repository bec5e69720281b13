/**
 * The subscriptions of one page as @interopio/core keeps them. What core does oddly is kept: after
 * an outage it makes what was open again, and what was cancelled shortly before, too, which it does
 * twice and forgets the first; and a wait for an answer that is over leaves what is accepted later
 * open for good.
 */

/** Of the page that publishes. */
export interface Publisher {
    instance: Record<string, any>;
    /** The subscriptions to it that it has accepted. */
    subscribers: FakeSubscription[];
    /** Asks the publisher; what comes of it is taken back by `end`. */
    request: (subscription: FakeSubscription) => { end: () => void };
}

export class FakeSubscriptions {
    /** Those that core would make again after an outage. */
    private kept: FakeSubscription[] = [];
    private cancelled: FakeSubscription[] = [];
    private readonly instance: () => Record<string, any>;

    /** @param instance Who subscribes. */
    constructor(instance: () => Record<string, any>) {
        this.instance = instance;
    }

    get subscriber(): Record<string, any> {
        return this.instance();
    }

    subscribe(method: any, options: any, publisher: Publisher): Promise<any> {
        return new Promise((resolve, reject) => {
            const subscription = new FakeSubscription(this, method, options, publisher, {
                resolve,
                reject,
            });
            this.kept.push(subscription);
            subscription.ask();
        });
    }

    /** The connection is lost: what was asked fails at once. */
    disconnect(): void {
        for (const subscription of [...this.kept]) {
            subscription.lose();
        }
    }

    /** The connection is back. */
    resubscribe(): void {
        const { kept, cancelled } = this;
        this.cancelled = [];
        this.kept = [];
        for (const subscription of [...cancelled, ...cancelled, ...kept]) {
            const { method, options, publisher } = subscription;
            if (options.target.length > 0) {
                this.subscribe(method, options, publisher);
            }
        }
    }

    forget(subscription: FakeSubscription, isCancelled: boolean): void {
        this.kept = this.kept.filter((one) => one !== subscription);
        if (isCancelled) {
            this.cancelled.push(subscription);
        }
    }
}

interface Outcome {
    resolve: (handle: any) => void;
    reject: (reason: any) => void;
}

export class FakeSubscription {
    readonly method: any;
    readonly options: any;
    readonly publisher: Publisher;
    isOpen = false;
    private readonly owner: FakeSubscriptions;
    private readonly outcome: Outcome;
    private hasTimedOut = false;
    private takeBack = () => {};
    private readonly handle: any;

    constructor(
        owner: FakeSubscriptions,
        method: any,
        options: any,
        publisher: Publisher,
        outcome: Outcome,
    ) {
        this.owner = owner;
        this.method = method;
        this.options = options;
        this.publisher = publisher;
        this.outcome = outcome;
        this.handle = { stream: method, close: () => this.close() };
        setTimeout(() => {
            this.hasTimedOut = true;
            outcome.reject({ message: 'Subscription failed. Subscription attempt timed out' });
        }, options.methodResponseTimeout);
    }

    get subscriber(): Record<string, any> {
        return this.owner.subscriber;
    }

    ask(): void {
        this.takeBack = this.publisher.request(this).end;
    }

    accept(): void {
        this.isOpen = true;
        this.publisher.subscribers.push(this);
        if (!this.hasTimedOut) {
            this.outcome.resolve(this.handle);
        }
    }

    reject(reason?: string): void {
        this.owner.forget(this, false);
        const said = reason ? `Publisher said "${reason}".` : 'No reason given.';
        const args = JSON.stringify(this.options.arguments ?? {});
        this.outcome.reject({
            message: `Subscription rejected. ${said} Called with:${args}`,
            called_with: this.options.arguments,
            method: this.method,
        });
    }

    push(data: any, isPrivate = false): void {
        if (!this.isOpen) {
            return;
        }
        const { instance: server } = this.publisher;
        this.options.onData?.({
            data: structuredClone(data),
            server,
            private: isPrivate,
            requestArguments: this.options.arguments,
        });
    }

    /** Not by the subscriber. */
    cancel(): void {
        this.end(true);
        this.options.onClosed?.({ message: 'ServerInitiated' });
    }

    lose(): void {
        if (this.isOpen) {
            this.drop();
        } else {
            this.reject();
        }
    }

    private close(): void {
        this.end(false);
        this.takeBack();
        this.options.onClosed?.({ message: 'ClientInitiated' });
    }

    private end(isCancelled: boolean): void {
        this.drop();
        this.owner.forget(this, isCancelled);
    }

    private drop(): void {
        this.isOpen = false;
        const { publisher } = this;
        publisher.subscribers = publisher.subscribers.filter((one) => one !== this);
    }
}
