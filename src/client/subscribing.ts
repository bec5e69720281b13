/**
 * The subscriber's side of streams: subscriptions that last.
 *
 *     connecting --a publisher accepts--> open
 *         ^                                |
 *         +-- the connection is lost, or --+
 *             the publisher leaves or withdraws the stream
 *     connecting --all refuse--> rejected
 *     connecting --nobody answers in time, or it is a method--> failed
 *     open --the publisher closes it--> closed
 *
 * These are the rules of a subscription that follows its publisher in `peer/subscribing.py`: it
 * waits for a publisher as long as it takes, and ends by what a publisher says or does to it. With
 * the target "all", "skipMine" or a list, publishers that come later are asked, too.
 *
 * Core is given one subscription for each publisher. Its own way to make subscriptions again after
 * an outage loses some and repeats others, so it is left none to make.
 */

import { readArguments } from './arguments';
import type { Cancellation } from './cancellations';
import { CoreSubscription, type Line, type Refusal, type StreamData } from './core-subscription';
import type { Directory, Offer } from './directory';
import { type Finding, readWanted, type Wanted } from './finding';
import type { Instance } from './instance';
import type { Outage } from './outage';
import { Recovery } from './recovery';

export interface SubscriptionStatus {
    state: 'connecting' | 'open' | 'closed' | 'rejected' | 'failed';
    /** Why it is not open, in words; null where there is nothing to say. */
    reason: string | null;
    /** Whether it was made again the last time, and data may have been missed meanwhile. */
    gap: boolean;
    /**
     * Whether nothing was missed when it was accepted last; null where a publisher keeps nothing.
     */
    recovered: boolean | null;
    /** Who publishes to it. */
    servers: Instance[];
}

export interface SubscriptionOptions {
    arguments?: unknown;
    target?: unknown;
    waitTimeoutMs?: unknown;
    methodResponseTimeoutMs?: unknown;
    onData: (data: StreamData) => void;
    /** Hears of each change; of the state at the beginning, too. */
    onStatus: (status: SubscriptionStatus) => void;
    /** Nobody offers the stream, after the wait for a publisher; it goes on waiting. */
    onNobody?: (reason: string) => void;
}

/** What subscriptions need of the connection. */
interface Surroundings extends Line {
    directory: Directory;
    finding: Finding;
    outage: Outage;
}

export class Subscribing {
    private readonly line: Surroundings;

    constructor(line: Surroundings) {
        this.line = line;
    }

    /** @throws InvocationError that says what is wrong with what the author wrote. */
    subscribe(definition: unknown, options: SubscriptionOptions): Subscription {
        const { target, waitTimeoutMs, methodResponseTimeoutMs } = options;
        const wanted = readWanted({
            definition,
            target,
            streams: true,
            waitTimeoutMs,
            timeout: ['methodResponseTimeoutMs', methodResponseTimeoutMs],
        });
        return new Subscription(this.line, wanted, readArguments(options.arguments), options);
    }
}

/** A subscription at all the publishers it is for, until it is closed by either side. */
export class Subscription {
    private readonly line: Surroundings;
    private readonly wanted: Wanted;
    private readonly args: Record<string, any>;
    private readonly options: SubscriptionOptions;
    private readonly takesSeveral: boolean;
    private readonly recovery: Recovery;
    /** Publishers that were asked, and those among them that have accepted, by their offers. */
    private readonly publishers = new Map<string, CoreSubscription>();
    /** Why publishers refused, by their offers: none of them is asked again. */
    private readonly refusals = new Map<string, Refusal>();
    /** Offers of publishers that closed it, or that are leaving and still seen. */
    private readonly past = new Set<string>();
    private readonly stops: (() => void)[] = [];
    private status: SubscriptionStatus = {
        state: 'connecting',
        reason: null,
        gap: false,
        recovered: null,
        servers: [],
    };
    /** Whether a publisher was lost, and what it pushed meanwhile. */
    private hasMissed = false;
    /** Whether a publisher left before it answered. */
    private hasLeft = false;
    private isLooking = false;
    private isOver = false;

    constructor(
        line: Surroundings,
        wanted: Wanted,
        args: Record<string, any>,
        options: SubscriptionOptions,
    ) {
        this.line = line;
        this.wanted = wanted;
        this.args = args;
        this.options = options;
        const { target } = wanted;
        this.takesSeveral = target === 'all' || target === 'skipMine' || Array.isArray(target);
        this.recovery = new Recovery(this.takesSeveral);
        const { directory, outage } = line;
        const look = () => this.lookSoon();
        const late = setTimeout(() => this.tellOfNobody(), wanted.waitMs);
        this.stops.push(
            directory.onServerMethodAdded(look),
            directory.onServerMethodRemoved(look),
            outage.onBegin(() => this.lose()),
            () => clearTimeout(late),
        );
        options.onStatus(this.status);
        outage.end?.then(look);
        look();
    }

    /** The subscriber wants no more data. */
    close(): void {
        for (const publisher of this.publishers.values()) {
            publisher.close();
        }
        this.end();
    }

    /** Many changes come together, and an outage begins with them. */
    private lookSoon(): void {
        if (!this.isLooking) {
            this.isLooking = true;
            queueMicrotask(() => {
                this.isLooking = false;
                this.look();
            });
        }
    }

    /** Asks the publishers that are there now. */
    private look(): void {
        const { directory, finding, outage } = this.line;
        if (this.isOver || outage.end) {
            return;
        }
        const { method, choice } = this.wanted;
        const offers = directory.offers(method, true);
        this.forgetGone(new Set(offers.map(({ id }) => id)));
        if (this.publishers.size > 0 && !this.takesSeveral) {
            return;
        }
        const free = offers.filter(({ id }) => !this.past.has(id) && !this.refusals.has(id));
        const servers = new Set(
            choice(
                free.map(({ server }) => server),
                directory.ownPeerId,
            ),
        );
        for (const offer of free) {
            if (servers.has(offer.server) && !this.publishers.has(offer.id)) {
                this.ask(offer);
            }
        }
        if (offers.length === 0 && this.publishers.size === 0) {
            try {
                finding.refuseOtherKind(this.wanted);
            } catch (error) {
                this.finish({ state: 'failed', reason: (error as Error).message });
            }
        }
    }

    /** Publishers that have left, or withdrawn the stream, do not answer any more. */
    private forgetGone(present: Set<string>): void {
        for (const known of [this.past, this.refusals]) {
            for (const id of [...known.keys()].filter((one) => !present.has(one))) {
                known.delete(id);
            }
        }
        for (const [id, publisher] of [...this.publishers]) {
            if (!present.has(id)) {
                publisher.left();
            }
        }
    }

    private ask(offer: Offer): void {
        const { id, server } = offer;
        const { line, wanted, args, recovery } = this;
        const publisher = new CoreSubscription(line, wanted, args, server, recovery, {
            onData: this.options.onData,
            onAccepted: () => this.accepted(publisher.recovered),
            onRefused: (refusal) => {
                this.publishers.delete(id);
                this.refusals.set(id, refusal);
                this.conclude();
            },
            onLeft: () => {
                this.publishers.delete(id);
                this.hasLeft = true;
            },
            onCancelled: (cancellation) => {
                this.publishers.delete(id);
                this.past.add(id);
                this.cancelled(cancellation);
            },
        });
        this.publishers.set(id, publisher);
        publisher.ask();
    }

    private accepted(recovered: boolean | null): void {
        const isMissed = this.hasMissed && recovered !== true;
        // Of several publishers, another one may not have kept what was missed.
        this.hasMissed &&= this.takesSeveral && !isMissed;
        this.tell({
            state: 'open',
            reason: null,
            gap: isMissed || this.status.gap,
            recovered: this.recovered,
            servers: this.openServers,
        });
    }

    /** That of all publishers together. */
    private get recovered(): boolean | null {
        const told = this.open.map(({ recovered }) => recovered);
        if (told.includes(false)) {
            return false;
        }
        return told.includes(null) ? null : true;
    }

    private cancelled({ isAway, reason }: Cancellation): void {
        this.hasMissed ||= isAway;
        const servers = this.openServers;
        if (servers.length > 0) {
            this.tell({ servers });
        } else if (isAway || this.publishers.size > 0) {
            const said = reason ?? 'The publisher left';
            this.tell({ state: 'connecting', reason: said, gap: false, servers });
            this.lookSoon();
        } else {
            const said = reason ?? 'The publisher closed the subscription';
            this.finish({ state: 'closed', reason: said });
        }
    }

    /** All that were asked have refused: that is the end, unless one left and may come back. */
    private conclude(): void {
        const [refusal] = this.refusals.values();
        if (this.publishers.size > 0) {
            return;
        }
        if (this.hasLeft) {
            this.hasLeft = false;
        } else {
            this.finish(refusal);
        }
    }

    /** The connection is gone; the subscription is made again when it is back. */
    private lose(): void {
        if (this.isOver) {
            return;
        }
        this.hasMissed ||= this.openServers.length > 0;
        for (const publisher of this.publishers.values()) {
            publisher.close();
        }
        this.publishers.clear();
        this.refusals.clear();
        this.past.clear();
        const reason = 'The connection to the gateway was lost';
        this.tell({ state: 'connecting', reason, gap: false, servers: [] });
        this.line.outage.end?.then(() => this.look());
    }

    private tellOfNobody(): void {
        if (this.publishers.size === 0 && this.status.reason === null) {
            const { message } = this.line.finding.nobodyFound(this.wanted);
            this.tell({ reason: message });
            this.options.onNobody?.(message);
        }
    }

    private finish(end: Pick<SubscriptionStatus, 'state' | 'reason'>): void {
        this.end();
        this.tell({ ...end, servers: [] });
    }

    private end(): void {
        this.isOver = true;
        this.publishers.clear();
        for (const stop of this.stops.splice(0)) {
            stop();
        }
    }

    private get open(): CoreSubscription[] {
        return [...this.publishers.values()].filter(({ isOpen }) => isOpen);
    }

    private get openServers(): Instance[] {
        return this.open.map(({ server }) => server);
    }

    private tell(change: Partial<SubscriptionStatus>): void {
        this.status = { ...this.status, ...change };
        this.options.onStatus(this.status);
    }
}
