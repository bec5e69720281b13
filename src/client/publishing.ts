/**
 * The publisher's side of streams: the streams that the page offers, and what it pushes to them.
 *
 * Core knows little of the ends of subscriptions. It says nothing when a branch or a stream is
 * closed, when the connection is lost, or when a subscriber leaves before its request is decided;
 * it sends to branches that nobody is on any more, and takes an empty list of branches for all of
 * them. So the subscribers are kept here, and core is told what to send to whom.
 */

import type { Changes } from './changes';
import { DEFAULT_TIMEOUT_MS, withTimeout } from './deadlines';
import { type MethodDefinition, readDefinition } from './definitions';
import type { Directory } from './directory';
import type { HistoryFrames } from './history-frames';
import { readHistory } from './history-settings';
import { newId } from './ids';
import type { Outage } from './outage';
import { StreamHistory } from './stream-history';
import { keyOf, StreamSubscription, Subscribers, SubscriptionRequest } from './stream-subscribers';

/** What the publisher hears of its stream; of each request and subscription everything once. */
export interface StreamHandlers {
    /** Somebody asks to subscribe. Without this handler all are accepted as they come. */
    requested?: (request: SubscriptionRequest) => void;
    /** The one who asked has left before the decision, or the stream was closed. */
    withdrawn?: (request: SubscriptionRequest) => void;
    added?: (subscription: StreamSubscription) => void;
    removed?: (subscription: StreamSubscription) => void;
}

export interface StreamOptions {
    timeoutMs?: number;
    /** Called when the stream is offered although its time was up, as after a long outage. */
    onLateSuccess?: () => void;
    /** What is kept for those who subscribe later: the number of data, or a dict of settings. */
    history?: unknown;
}

/** What the streams of a page have in common. */
interface Surroundings {
    /** That of core. */
    interop: any;
    directory: Directory;
    outage: Outage;
    changes: Changes;
    /** What travels of histories; undefined where it cannot be seen. */
    histories: HistoryFrames | undefined;
}

export class Publishing {
    private readonly surroundings: Surroundings;

    constructor(surroundings: Surroundings) {
        this.surroundings = surroundings;
    }

    /** @throws Error where the definition or the history cannot be used. */
    create(definition: unknown, handlers: StreamHandlers, options: StreamOptions): PublishedStream {
        return new PublishedStream(
            readDefinition(definition),
            handlers,
            options,
            this.surroundings,
        );
    }
}

export class PublishedStream {
    readonly definition: MethodDefinition;
    /** Resolves when others can subscribe, rejects with an Error that says why they cannot. */
    readonly offered: Promise<void>;
    private readonly handlers: StreamHandlers;
    private readonly surroundings: Surroundings;
    private readonly history: StreamHistory | undefined;
    private readonly undecided = new Set<SubscriptionRequest>();
    private readonly subscribers = new Subscribers();
    private readonly stops: (() => void)[];
    /** The request whose answer core is being told. */
    private answering: SubscriptionRequest | undefined;
    private isClosed = false;
    /** That of core; undefined until others know of it. */
    private stream: any;

    constructor(
        definition: MethodDefinition,
        handlers: StreamHandlers,
        { timeoutMs = DEFAULT_TIMEOUT_MS, onLateSuccess, history }: StreamOptions,
        surroundings: Surroundings,
    ) {
        this.definition = definition;
        this.history = historyOf(history, surroundings.histories);
        this.handlers = handlers;
        this.surroundings = surroundings;
        const { changes, directory, outage } = surroundings;
        this.stops = [
            outage.onBegin(() => this.loseSubscribers()),
            directory.onPeerLeft((peerId) => this.withdrawRequestsOf(peerId)),
        ];
        const creating = changes.inOrder(definition.name, () => this.create());
        const what = `Stream ${definition.name} could not be offered`;
        this.offered = withTimeout(creating, timeoutMs, what, onLateSuccess);
    }

    /** Those who get what is pushed, in the order in which they were accepted. */
    get subscriptions(): StreamSubscription[] {
        return this.subscribers.all;
    }

    /** How many subscribers each branch has; `NO_BRANCH` is the key of those without a branch. */
    get branches(): ReadonlyMap<string, number> {
        return this.subscribers.branches;
    }

    /**
     * Sends data to the subscribers, in one message for each branch.
     *
     * @param branch The key of a branch or several; without it all subscribers get the data.
     * @throws Error where the data cannot be sent or the stream was closed.
     */
    push(data: unknown, branch?: string | readonly string[]): void {
        const sent = this.checked(data);
        const present = [...this.branches.keys()];
        const wanted = typeof branch === 'string' ? [branch] : branch;
        const keys = wanted ? present.filter((key) => wanted.includes(key)) : present;
        const send = () => keys.length > 0 && this.stream.push(sent, keys);
        const { history } = this;
        const { histories } = this.surroundings;
        if (history) {
            history.push(sent, wanted, (offset) => histories?.publish(offset, send));
        } else {
            send();
        }
    }

    /**
     * Sends data to one subscriber alone; nothing happens when it is gone.
     *
     * @throws Error where the data cannot be sent or the stream was closed.
     */
    pushTo(subscription: StreamSubscription, data: unknown): void {
        const sent = this.checked(data);
        if (this.subscribers.has(subscription)) {
            subscription.send(sent);
        }
    }

    /** Ends subscriptions; each subscriber hears that the publisher has closed it. */
    closeSubscriptions(subscriptions: readonly StreamSubscription[]): void {
        for (const subscription of subscriptions) {
            if (this.subscribers.has(subscription)) {
                subscription.drop();
            }
        }
    }

    /** Ends the subscriptions of a branch, and with them the branch. */
    closeBranch(branch: string): void {
        this.closeSubscriptions(this.subscriptions.filter((each) => each.branch === branch));
    }

    /**
     * Withdraws the stream, after all changes to its name that were asked for before. Subscribers
     * that follow it wait until it is offered again.
     */
    async close(): Promise<void> {
        if (this.isClosed) {
            return;
        }
        this.isClosed = true;
        for (const stop of this.stops) {
            stop();
        }
        // Those who wait for an answer hear from the gateway that the stream is withdrawn, and come
        // back with it; a rejection would end their subscriptions for good.
        this.loseSubscribers();
        const { changes } = this.surroundings;
        await changes.inOrder(this.definition.name, () => this.withdraw());
    }

    private async create(): Promise<void> {
        const { interop, outage } = this.surroundings;
        const callbacks = {
            subscriptionRequestHandler: (request: unknown) => this.hearRequest(request),
            subscriptionAddedHandler: (subscription: unknown) => this.hearAcceptance(subscription),
            subscriptionRemovedHandler: (subscription: unknown) => this.lose(keyOf(subscription)),
        };
        while (!this.stream && !this.isClosed) {
            // Core announces its streams again after an outage. It would announce this one, too, and
            // subscribers would ask that copy.
            await outage.end;
            try {
                this.stream = await interop.createStream(this.definition, callbacks);
            } catch (reason) {
                // An outage that began meanwhile is the only reason that ends by itself.
                if (!outage.end) {
                    throw reason;
                }
            }
        }
    }

    /**
     * Core's own way to close a stream ends each subscription for good; without that the gateway
     * tells the subscribers that the stream is withdrawn.
     */
    private async withdraw(): Promise<void> {
        const { interop, outage } = this.surroundings;
        await outage.end;
        if (this.stream) {
            const { name } = this.definition;
            await (interop.server?.unregister({ name }, true) ?? this.stream.close());
        }
    }

    private hearRequest(asked: unknown): void {
        const request = new SubscriptionRequest(asked, (answered, tell, branch) =>
            this.answer(answered, () => this.tellAnswer(tell, branch)),
        );
        if (this.isClosed) {
            return;
        }
        this.undecided.add(request);
        if (this.handlers.requested) {
            this.handlers.requested(request);
        } else {
            request.accept();
        }
    }

    /** Who has left gets no answer: core would take it for a subscriber that stays for ever. */
    private answer(request: SubscriptionRequest, tell: () => void): void {
        if (this.undecided.delete(request)) {
            this.answering = request;
            tell();
            this.answering = undefined;
        }
    }

    /** Who is accepted and asks for it gets first what was kept of the branch. */
    private tellAnswer(tell: () => void, branch: string | undefined): void {
        const { history } = this;
        const { histories } = this.surroundings;
        if (history && histories && branch !== undefined) {
            histories.accept(
                (position) => history.replay(branch, position, histories.maxSize),
                tell,
            );
        } else {
            tell();
        }
    }

    /** Core tells of a new subscriber while it is being told of the acceptance. */
    private hearAcceptance(accepted: unknown): void {
        const request = this.answering as SubscriptionRequest;
        const subscription = new StreamSubscription(request, accepted);
        this.subscribers.add(subscription);
        this.handlers.added?.(subscription);
    }

    private withdrawRequestsOf(peerId: string): void {
        for (const request of [...this.undecided]) {
            if (request.subscriber.peerId === peerId) {
                this.undecided.delete(request);
                this.handlers.withdrawn?.(request);
            }
        }
    }

    /** They come back by themselves where that is what they want. */
    private loseSubscribers(): void {
        for (const request of [...this.undecided]) {
            this.undecided.delete(request);
            this.handlers.withdrawn?.(request);
        }
        for (const { key } of this.subscriptions) {
            this.lose(key);
        }
    }

    private lose(key: unknown): void {
        const subscription = this.subscribers.remove(key);
        if (subscription) {
            this.handlers.removed?.(subscription);
        }
    }

    private checked(data: unknown): object {
        if (this.isClosed) {
            throw new Error(`The stream ${this.definition.name} was closed`);
        }
        return checkData(data);
    }
}

/** @throws Error where it is not a valid history, or the page's library can send none. */
function historyOf(
    history: unknown,
    histories: HistoryFrames | undefined,
): StreamHistory | undefined {
    const settings = readHistory(history);
    if (settings && !histories) {
        throw new Error('history needs the library that dash_interop brings along for a page');
    }
    return settings && new StreamHistory(settings, newId());
}

/**
 * What a stream can carry.
 *
 * @throws Error where it is something else.
 */
export function checkData(data: unknown): object {
    if (data === null || typeof data !== 'object' || Array.isArray(data) || data instanceof Date) {
        throw new Error(`The data of a stream have to be a dict, not ${kindOf(data)}`);
    }
    return data;
}

function kindOf(value: unknown): string {
    if (value === null || value === undefined) {
        return 'nothing';
    }
    return Array.isArray(value) ? 'a list' : JSON.stringify(value);
}
