/**
 * The subscriber's memory of a stream: how far it has got at each of its publishers. The rules are
 * those of `peer/recovery.py`.
 */

/** How far a subscriber has got; empty for one that has had nothing yet. */
export interface Position {
    /** Of the history; the empty text where data was got of which the position is not known. */
    epoch?: string;
    branch?: string;
    offset?: number;
}

/** What a publisher has kept for a subscriber, and where that brings it. */
export interface Replay {
    epoch: string;
    branch: string;
    offset: number;
    /** Whether nothing is missed then. */
    recovered: boolean;
    /** The oldest first. */
    data: unknown[];
}

/** Publishers that are remembered; the one that was subscribed to longest ago is forgotten. */
const MOST_SERVERS = 1000;

/** How far a subscription has got at one publisher. It outlives connections. */
export class Standing {
    /** What to ask with next time. */
    position: Position = {};
    /** Whether nothing was missed when it was accepted last; null where nothing is kept. */
    recovered: boolean | null = null;

    /** @param isAfterAnother Whether the publisher takes the place of another one. */
    begin(replay: Replay | undefined, isAfterAnother: boolean): void {
        if (replay) {
            const { epoch, branch, offset, recovered } = replay;
            this.position = { epoch, branch, offset };
            this.recovered = recovered && !isAfterAnother;
        } else {
            this.position = { epoch: '' };
            this.recovered = null;
        }
    }

    /**
     * Whether data that came live is new; the subscription has it from now on.
     *
     * @param offset Its place in the history; undefined where the publisher named none.
     */
    take(offset: number | undefined): boolean {
        if (this.recovered === null || offset === undefined) {
            return true;
        }
        const isNew = offset > (this.position.offset ?? 0);
        if (isNew) {
            this.position = { ...this.position, offset };
        }
        return isNew;
    }
}

export class Recovery {
    private readonly atSeveral: boolean;
    /** By instance, in the order of the subscriptions. */
    private readonly standings = new Map<string, Standing>();

    /**
     * @param atSeveral Whether several publishers each have data of their own for the subscription;
     *     else one takes the place of another.
     */
    constructor(atSeveral: boolean) {
        this.atSeveral = atSeveral;
    }

    /** What to ask a publisher with. */
    position(instance: string): Position {
        return this.standings.get(instance)?.position ?? {};
    }

    /** A publisher has accepted, and sent that ahead. */
    begin(instance: string, replay: Replay | undefined): Standing {
        const known = [...this.standings.keys()];
        const last = known[known.length - 1] ?? instance;
        const standing = this.standings.get(instance) ?? new Standing();
        this.standings.delete(instance);
        this.standings.set(instance, standing);
        if (this.standings.size > MOST_SERVERS) {
            this.standings.delete(known[0]);
        }
        standing.begin(replay, !this.atSeveral && last !== instance);
        return standing;
    }
}
