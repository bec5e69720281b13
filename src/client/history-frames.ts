/**
 * What travels of histories, of which core sends and shows nothing: section 14.1 of
 * docs/protocol.md. Core tells its subscriptions of data, and sends what a stream has to say, in
 * the turn in which it is asked to; so what belongs to a frame is what is present in that turn.
 */

import type { Frame } from './codec';
import type { Position, Replay } from './recovery';

export class HistoryFrames {
    private readonly maxSizeOf: () => number | undefined;
    /** Where the subscriptions of this page stand that ask, by the object of their arguments. */
    private readonly asking = new WeakMap<object, Position>();
    /** The arguments of those that wait for an answer, by the id of the request. */
    private readonly asked = new Map<string, object>();
    /** What publishers have sent ahead to whom they are about to accept, by subscription. */
    private readonly sentAhead = new Map<string, Replay>();
    private readonly replays = new WeakMap<object, Replay>();
    /** Where those stand that want to subscribe to streams of this page, by subscription. */
    private readonly positions = new Map<string, Position>();
    private hearing: number | undefined;
    private publishing: number | undefined;
    private answering: ((position: Position) => Replay) | undefined;

    /** @param maxSizeOf Bytes of the longest frame that the gateway takes. */
    constructor(maxSizeOf: () => number | undefined) {
        this.maxSizeOf = maxSizeOf;
    }

    /** Bytes of the longest frame that the gateway takes; undefined where it does not say. */
    get maxSize(): number | undefined {
        return this.maxSizeOf();
    }

    // The subscriber's end

    /** The subscription that core makes with this very object as arguments asks from there on. */
    ask(args: object, position: Position): void {
        this.asking.set(args, position);
    }

    /** What the publisher has sent ahead that has accepted that subscription. */
    replayFor(args: object): Replay | undefined {
        return this.replays.get(args);
    }

    /** The place in its history of the datum that core is told of at this moment. */
    get offset(): number | undefined {
        return this.hearing;
    }

    /** Has core handle a frame of the gateway, unless it is not for core. */
    hear(frame: Frame, handle: () => void): void {
        switch (frame.type) {
            case 'event':
                this.hearEvent(frame, handle);
                return;
            case 'subscribed':
                this.noteAcceptance(frame);
                break;
            case 'error':
                this.asked.delete(String(frame.request_id));
                break;
            case 'add-interest':
                this.notePosition(frame);
                break;
            case 'remove-interest':
                this.positions.delete(frame.subscription_id);
                break;
        }
        handle();
    }

    private hearEvent(frame: Frame, handle: () => void): void {
        const replay = frame.oob ? readReplay(frame) : undefined;
        if (replay) {
            this.sentAhead.set(frame.subscription_id, replay);
            return;
        }
        this.hearing = readCount(frame.sequence);
        try {
            handle();
        } finally {
            this.hearing = undefined;
        }
    }

    private noteAcceptance({ request_id, subscription_id }: Frame): void {
        const args = this.asked.get(String(request_id));
        const replay = this.sentAhead.get(subscription_id);
        if (args && replay) {
            this.replays.set(args, replay);
        }
        this.asked.delete(String(request_id));
        this.sentAhead.delete(subscription_id);
    }

    // The publisher's end

    /** Has core push a datum that is kept. */
    publish(offset: number, push: () => void): void {
        this.publishing = offset;
        try {
            push();
        } finally {
            this.publishing = undefined;
        }
    }

    /** Has core accept a subscription; where the subscriber asks, it gets what was kept first. */
    accept(replay: (position: Position) => Replay, tell: () => void): void {
        this.answering = replay;
        try {
            tell();
        } finally {
            this.answering = undefined;
        }
    }

    private notePosition({ subscription_id, context }: Frame): void {
        const position = readPosition(context?.recover);
        if (position) {
            this.positions.set(subscription_id, position);
        }
    }

    // Both

    /** What is sent in place of a frame of core. */
    framesFor(frame: Frame): Frame[] {
        switch (frame.type) {
            case 'subscribe':
                return [this.withPosition(frame)];
            case 'publish':
                return this.publishing === undefined
                    ? [frame]
                    : [{ ...frame, sequence: this.publishing }];
            case 'accepted':
                return [...this.ahead(frame), frame];
            case 'error':
                this.positions.delete(String(frame.request_id));
                return [frame];
            default:
                return [frame];
        }
    }

    private withPosition(frame: Frame): Frame {
        const position = this.asking.get(frame.arguments_kv ?? {});
        if (!position) {
            return frame;
        }
        this.asked.set(String(frame.request_id), frame.arguments_kv);
        return { ...frame, context: { recover: position } };
    }

    private ahead({ domain, peer_id, subscription_id }: Frame): Frame[] {
        const position = this.positions.get(subscription_id);
        this.positions.delete(subscription_id);
        if (!position || !this.answering) {
            return [];
        }
        const { data, ...snapshot } = this.answering(position);
        return [{ domain, type: 'post', peer_id, subscription_id, data, snapshot }];
    }

    /** The connection is lost, and with it all that was asked. */
    clear(): void {
        this.asked.clear();
        this.sentAhead.clear();
        this.positions.clear();
    }
}

function readReplay({ data, snapshot }: Frame): Replay | undefined {
    const { epoch, branch, offset, recovered } = snapshot ?? {};
    const isOne =
        typeof epoch === 'string' &&
        typeof branch === 'string' &&
        readCount(offset) !== undefined &&
        typeof recovered === 'boolean' &&
        Array.isArray(data);
    return isOne ? { epoch, branch, offset, recovered, data } : undefined;
}

/** Undefined where it is not a valid one: then the subscriber does not ask. */
function readPosition(recover: any): Position | undefined {
    if (recover === null || typeof recover !== 'object' || Array.isArray(recover)) {
        return undefined;
    }
    const { epoch = null, branch = '', offset = 0 } = recover;
    const isOne =
        (epoch === null || typeof epoch === 'string') &&
        typeof branch === 'string' &&
        readCount(offset) !== undefined;
    return isOne ? { ...(epoch === null ? {} : { epoch }), branch, offset } : undefined;
}

function readCount(value: unknown): number | undefined {
    return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
