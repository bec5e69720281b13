import type { Frame } from './codec';

/** Reasons for the end of a subscription other than that its publisher closed it. */
const LEFT = 'agm.peer-removed';
const WITHDRAWN = 'agm.method-removed';

/** Why the gateway has ended a subscription. */
export interface Cancellation {
    /** Whether the publisher left or withdrew the stream, and may come back. */
    isAway: boolean;
    /** In words; undefined where the publisher gave no reason. */
    reason: string | undefined;
}

/**
 * The reason of the cancellation that core is told of at this moment. Core tells its subscription
 * in the same turn, without the reason.
 */
export class Cancellations {
    private current: Cancellation | undefined;

    /** Undefined where core hears of it in another way. */
    get present(): Cancellation | undefined {
        return this.current;
    }

    /** Has core handle a frame. */
    during(frame: Frame, handle: () => void): void {
        if (frame.type !== 'subscription-cancelled') {
            handle();
            return;
        }
        this.current = read(frame);
        try {
            handle();
        } finally {
            this.current = undefined;
        }
    }
}

function read({ reason_uri, reason }: Frame): Cancellation {
    switch (reason_uri) {
        case LEFT:
            return { isAway: true, reason: 'The publisher left' };
        case WITHDRAWN:
            return { isAway: true, reason: 'The publisher withdrew the stream' };
        default:
            return { isAway: false, reason: reason || undefined };
    }
}
