/**
 * What travels of invocations beside what core sends and shows: section 16.7 of docs/protocol.md.
 * Core sends a call, and tells a handler of an invocation, in the turn in which it is asked to; so
 * what belongs to a frame is what is present in that turn.
 */

import type { Frame } from './codec';
import type { Delivered } from './errors';

/** What this page understands beyond GW3, as it says when it joins. */
const EXTENSIONS = ['batches', 'cancel', 'progress', 'delivered'] as const;

type Extension = (typeof EXTENSIONS)[number];

/** Why nobody waits for an invocation any more, as its server hears it. */
export type CancelReason = 'cancelled' | 'timeout' | 'left';

/** The same, or that the connection is lost: its caller may be there, and cannot be told. */
export type EndReason = CancelReason | 'lost';

const REASONS: CancelReason[] = ['cancelled', 'timeout', 'left'];

/** What the caller of a method wants beside the result. */
export interface CallTerms {
    /** How long it waits for the result. */
    timeoutMs: number;
    /** Called with each value that tells how far the invocation is, in order. */
    onProgress?: (value: unknown) => void;
}

/** A call of this page, from its beginning to its end. */
export class SentCall {
    readonly terms: CallTerms;
    /** By which the gateway knows it; undefined before it is sent. */
    requestId: string | undefined;
    private readonly giveUp: (call: SentCall, reason: CancelReason) => void;
    private wasHeard = false;

    constructor(terms: CallTerms, giveUp: (call: SentCall, reason: CancelReason) => void) {
        this.terms = terms;
        this.giveUp = giveUp;
    }

    /** Whether its server got it, as far as that is known. */
    get delivered(): Delivered {
        if (this.requestId === undefined) {
            return 'no';
        }
        return this.wasHeard ? 'yes' : 'unknown';
    }

    /** Nobody waits for it any more; without effect once it has ended. */
    cancel(reason: 'cancelled' | 'timeout'): void {
        this.giveUp(this, reason);
    }

    tell(value: unknown): void {
        this.wasHeard = true;
        this.terms.onProgress?.(value);
    }
}

/** An invocation that a handler of this page is told of. */
export class Invoked {
    /** How long its caller goes on waiting, in milliseconds; undefined where it does not say. */
    readonly budgetMs: number | undefined;
    private readonly frame: Frame;
    private readonly transmit: (frame: Frame) => void;

    constructor(frame: Frame, transmit: (frame: Frame) => void) {
        this.frame = frame;
        this.transmit = transmit;
        const { timeout_ms } = frame;
        this.budgetMs = typeof timeout_ms === 'number' ? timeout_ms : undefined;
    }

    get id(): string {
        return this.frame.invocation_id;
    }

    /**
     * Tells its caller how far it is, where that listens.
     *
     * @throws Error where the value cannot be sent.
     */
    progress(value: unknown): void {
        const { domain, peer_id, invocation_id, progress } = this.frame;
        if (progress === true) {
            const about = { domain, type: 'progress', peer_id, invocation_id };
            this.transmit({ ...about, value: value ?? null });
        }
    }
}

export class InvocationFrames {
    private readonly transmit: (frame: Frame) => void;
    private readonly answer: (frame: Frame) => void;
    /** What the gateway can do of this. */
    private offered: string[] = [];
    private calling: SentCall | undefined;
    private handling: Invoked | undefined;
    /** The calls of this page that have no answer yet, by the ids of their requests. */
    private readonly calls = new Map<string, { call: SentCall; frame: Frame }>();
    /** How to cancel what the handlers of this page have, by invocation. */
    private readonly running = new Map<string, (reason: EndReason) => void>();

    /**
     * @param transmit Sends a frame to the gateway.
     * @param answer Gives core a frame in place of the gateway.
     */
    constructor(transmit: (frame: Frame) => void, answer: (frame: Frame) => void) {
        this.transmit = transmit;
        this.answer = answer;
    }

    // The caller's end

    /** Has core make a call. */
    call(terms: CallTerms, invoke: () => void): SentCall {
        const call = new SentCall(terms, (given, reason) => this.cancel(given, reason));
        this.calling = call;
        try {
            invoke();
        } finally {
            this.calling = undefined;
        }
        return call;
    }

    private cancel({ requestId }: SentCall, reason: CancelReason): void {
        const open = this.calls.get(requestId ?? '');
        if (!open) {
            return;
        }
        const { domain, peer_id, request_id } = open.frame;
        this.calls.delete(requestId ?? '');
        if (this.offers('cancel')) {
            this.transmit({ domain, type: 'cancel-call', request_id, peer_id, reason });
        }
        // Core would keep the request until it is answered, and it never is.
        this.answer({ domain, type: 'result', request_id, peer_id, result: {} });
    }

    // The server's end

    /** The invocation that core tells a handler of at this moment. */
    get invoked(): Invoked | undefined {
        return this.handling;
    }

    /** Calls `onCancel` when nobody waits for the invocation any more; returns how to stop. */
    watch({ id }: Invoked, onCancel: (reason: EndReason) => void): () => void {
        this.running.set(id, onCancel);
        return () => this.running.delete(id);
    }

    // Both

    /** What is sent in place of a frame of core. */
    frameFor(frame: Frame): Frame {
        if (frame.type === 'join' && frame.destination === 'agm') {
            return { ...frame, extensions: EXTENSIONS };
        }
        const call = this.calling;
        if (frame.type !== 'call' || !call) {
            return frame;
        }
        const { timeoutMs, onProgress } = call.terms;
        call.requestId = String(frame.request_id);
        this.calls.set(call.requestId, { call, frame });
        return {
            ...frame,
            ...(this.offers('cancel') ? { timeout_ms: Math.ceil(timeoutMs) } : {}),
            ...(this.offers('progress') && onProgress ? { progress: true } : {}),
        };
    }

    private offers(extension: Extension): boolean {
        return this.offered.includes(extension);
    }

    /** The gateway has let the page in, and says what it can do. */
    connect({ available_domains }: Frame): void {
        const domains: { uri: string; extensions?: string[] }[] = available_domains ?? [];
        this.offered = domains.find(({ uri }) => uri === 'agm')?.extensions ?? [];
    }

    /** Has core handle a frame of the gateway, unless it is not for core. */
    hear(frame: Frame, handle: () => void): void {
        switch (frame.type) {
            case 'progress':
                this.calls.get(String(frame.request_id))?.call.tell(frame.value);
                return;
            case 'cancel-invocation':
                this.running.get(frame.invocation_id)?.(readReason(frame.reason));
                return;
            case 'invoke':
                this.during(new Invoked(frame, this.transmit), handle);
                return;
            case 'result':
            case 'error':
                this.calls.delete(String(frame.request_id));
                break;
        }
        handle();
    }

    private during(invoked: Invoked, handle: () => void): void {
        this.handling = invoked;
        try {
            handle();
        } finally {
            this.handling = undefined;
        }
    }

    /** The connection is lost, and with it all calls. */
    clear(): void {
        this.calls.clear();
        for (const cancel of [...this.running.values()]) {
            cancel('lost');
        }
        this.running.clear();
    }
}

function readReason(reason: unknown): CancelReason {
    return REASONS.find((one) => one === reason) ?? 'cancelled';
}
