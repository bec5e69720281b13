/** One subscription of core, at one publisher, with the faults of core healed. */

import type { Cancellation } from './cancellations';
import { LONGEST_TIMEOUT_MS } from './deadlines';
import { toError } from './errors';
import type { Wanted } from './finding';
import type { HistoryFrames } from './history-frames';
import { type Instance, plainInstance } from './instance';
import type { Recovery, Standing } from './recovery';

/** How long after its cancellation it may take to hear that the publisher has left. */
const LEAVING_MS = 500;

/** What was pushed to a subscription. */
export interface StreamData {
    data: any;
    /** Whether it was pushed to this subscription alone. */
    private: boolean;
    requestArguments: Record<string, any>;
    /** Who pushed it. */
    server: Instance;
}

/** Why a publisher does not publish to a subscription. */
export interface Refusal {
    state: 'rejected' | 'failed';
    reason: string;
}

/** What it needs of the connection. */
export interface Line {
    /** That of core. */
    interop: any;
    /** Why the subscription that core ends at this moment has ended; undefined where unknown. */
    cancellation: () => Cancellation | undefined;
    /** What travels of histories; undefined where it cannot be seen. */
    histories: HistoryFrames | undefined;
}

export interface SubscriptionListener {
    onData: (data: StreamData) => void;
    onAccepted: () => void;
    onRefused: (refusal: Refusal) => void;
    /** It has left, or withdrawn the stream, before it answered. */
    onLeft: () => void;
    onCancelled: (cancellation: Cancellation) => void;
}

/** A subscription at one publisher, from the question to its end. */
export class CoreSubscription {
    isOpen = false;
    readonly server: Instance;
    private readonly line: Line;
    private readonly wanted: Wanted;
    private readonly args: Record<string, any>;
    private readonly recovery: Recovery;
    private readonly listener: SubscriptionListener;
    /** How far it has got; undefined until it is accepted. */
    private standing: Standing | undefined;
    private timer: ReturnType<typeof setTimeout> | undefined;
    /** What core has made it from, which core keeps. */
    private parameters: Record<string, any> = {};
    /** That of core. */
    private subscription: any;
    /** Whether it was cancelled, and nobody knows why yet. */
    private isEnding = false;
    private isOver = false;

    constructor(
        line: Line,
        wanted: Wanted,
        args: Record<string, any>,
        publisher: Instance,
        recovery: Recovery,
        listener: SubscriptionListener,
    ) {
        this.line = line;
        this.wanted = wanted;
        this.args = args;
        this.recovery = recovery;
        this.listener = listener;
        this.server = plainInstance(publisher) ?? {};
    }

    /** Whether nothing was missed when it was accepted; null where the publisher keeps nothing. */
    get recovered(): boolean | null {
        return this.standing?.recovered ?? null;
    }

    ask(): void {
        const { method, timeoutMs } = this.wanted;
        this.timer = setTimeout(() => {
            const reason = `Nobody accepted the subscription to ${method.name} within ${timeoutMs} ms`;
            this.refuse({ state: 'failed', reason });
        }, timeoutMs);
        const args = { ...this.args };
        this.line.histories?.ask(args, this.recovery.position(this.instance));
        this.parameters = {
            target: [{ peerId: this.server.peerId }],
            arguments: args,
            // Core would not hear of one that is accepted after this time, and could not close it.
            methodResponseTimeout: LONGEST_TIMEOUT_MS,
            waitTimeoutMs: timeoutMs,
            onData: ({ data, private: isPrivate }: any) => this.hear(data, Boolean(isPrivate)),
            onClosed: () => this.cancelled(),
        };
        this.line.interop.subscribe(method, this.parameters).then(
            (subscription: any) => this.accepted(subscription, args),
            (reason: unknown) => this.refuse(refusalOf(reason)),
        );
    }

    /** Its data is not wanted any more. */
    close(): void {
        this.finish();
        try {
            this.subscription?.close();
        } catch {
            // A library of Glue42 closes nothing once the connection is lost, as it has forgotten the
            // publisher then: it throws. Nothing is left to be closed.
        }
    }

    private accepted(subscription: any, args: object): void {
        this.subscription = subscription;
        if (this.isOver) {
            subscription.close();
            return;
        }
        clearTimeout(this.timer);
        this.isOpen = true;
        const replay = this.line.histories?.replayFor(args);
        this.standing = this.recovery.begin(this.instance, replay);
        this.listener.onAccepted();
        for (const data of replay?.data ?? []) {
            this.tell(data, false);
        }
    }

    private get instance(): string {
        return String(this.server.instance);
    }

    private hear(data: any, isPrivate: boolean): void {
        const offset = isPrivate ? undefined : this.line.histories?.offset;
        if (!this.isOver && (this.standing?.take(offset) ?? true)) {
            this.tell(data, isPrivate);
        }
    }

    private tell(data: any, isPrivate: boolean): void {
        if (!this.isOver) {
            const { server, args } = this;
            this.listener.onData({ data, private: isPrivate, requestArguments: args, server });
        }
    }

    private refuse(refusal: Refusal): void {
        if (!this.isOver) {
            this.finish();
            this.listener.onRefused(refusal);
        }
    }

    /** What it offered is gone. That of one that is open is told by its cancellation. */
    left(): void {
        if (this.isEnding) {
            this.end({ isAway: true, reason: undefined });
        } else if (!this.isOpen) {
            this.close();
            this.listener.onLeft();
        }
    }

    private cancelled(): void {
        if (this.isOver) {
            return;
        }
        const cancellation = this.line.cancellation();
        if (cancellation) {
            this.end(cancellation);
            return;
        }
        // Of a publisher that leaves, this is heard first.
        this.isOpen = false;
        this.isEnding = true;
        this.timer = setTimeout(() => this.end({ isAway: false, reason: undefined }), LEAVING_MS);
    }

    private end(cancellation: Cancellation): void {
        this.finish();
        this.listener.onCancelled(cancellation);
    }

    private finish(): void {
        this.isOver = true;
        // From these core would make it again after an outage, up to twice, and out of reach.
        Object.assign(this.parameters, { target: [], waitTimeoutMs: 0 });
        this.isOpen = false;
        clearTimeout(this.timer);
    }
}

/** Core puts the words of a publisher into its own. */
const SAID = /^Subscription rejected\. Publisher said "(.*)"\. Called with:/s;

function refusalOf(reason: unknown): Refusal {
    const { message } = toError(reason);
    const said = SAID.exec(message)?.[1];
    if (said !== undefined) {
        return { state: 'rejected', reason: said };
    }
    return message.startsWith('Subscription rejected.')
        ? { state: 'rejected', reason: 'The publisher gave no reason' }
        : { state: 'failed', reason: message };
}
