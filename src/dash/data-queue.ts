/**
 * The data that a StreamSubscribe has received and that waits for its callbacks, and in which
 * values they get it. Every datum is delivered, replaced by a newer one, or lost because too many
 * waited, and the last two are counted.
 */

export const DELIVERIES = ['every', 'batch', 'latest'] as const;

export type Delivery = (typeof DELIVERIES)[number];

export interface DataSettings {
    /** One datum in each value; all that wait; or the newest, or the newest of each key. */
    delivery: Delivery;
    /** The field of the data that tells what each is about; undefined where all are of one kind. */
    key: string | undefined;
    /** Most values in a second; Infinity where there is no limit. */
    maxRate: number;
    /** Most data that wait. */
    maxWaiting: number;
    /** Whether nothing is delivered for now. */
    paused: boolean;
}

/** A datum as callbacks get it; `data` is what was pushed. */
export interface Datum {
    data: any;
    sequence: number;
    [field: string]: any;
}

/** A datum that stands for itself and those that it replaced. */
interface Waiting {
    datum: Datum;
    replaced: number;
}

export class DataQueue {
    private present: DataSettings;
    private waiting: FirstInFirstOut | NewestOfEach;
    private lastTaken = Number.NEGATIVE_INFINITY;
    private lostCount = 0;

    constructor(settings: DataSettings) {
        this.present = settings;
        this.waiting = makeWaiting(settings);
    }

    /** How many data nobody will get because too many waited, or may have got. */
    get lost(): number {
        return this.lostCount;
    }

    get settings(): DataSettings {
        return this.present;
    }

    /** Other settings are for the data that waits, too. */
    set settings(settings: DataSettings) {
        const { delivery, key } = this.present;
        this.present = settings;
        if (delivery !== settings.delivery || key !== settings.key) {
            const earlier = this.waiting.takeAll();
            this.waiting = makeWaiting(settings);
            for (const one of earlier) {
                this.waiting.add(one);
            }
        }
        this.dropSurplus();
    }

    add(datum: Datum): void {
        this.waiting.add({ datum, replaced: 0 });
        this.dropSurplus();
    }

    /** Data that were taken may have reached nobody. */
    lose(count: number): void {
        this.lostCount += count;
    }

    /** Nobody wants what waits any more. */
    clear(): void {
        this.waiting.takeAll();
        this.lostCount = 0;
    }

    /**
     * How long the next value has to wait, on the clock of `now`: 0 when it may be taken; undefined
     * when there is none, or none may be taken before something changes.
     */
    waitMs(now: number): number | undefined {
        if (this.present.paused || this.waiting.size === 0) {
            return undefined;
        }
        return Math.max(0, this.lastTaken + 1000 / this.present.maxRate - now);
    }

    /** The next value for the callbacks; there has to be one. */
    take(now: number): Datum | Datum[] {
        this.lastTaken = now;
        const { delivery, key } = this.present;
        switch (delivery) {
            case 'every':
                return this.waiting.takeFirst().datum;
            case 'batch':
                return this.waiting.takeAll().map(({ datum }) => datum);
            case 'latest': {
                const newest = this.waiting
                    .takeAll()
                    .map(({ datum, replaced }) => ({ ...datum, replaced }));
                return key === undefined ? newest[0] : newest;
            }
        }
    }

    private dropSurplus(): void {
        while (this.waiting.size > this.present.maxWaiting) {
            this.lostCount += 1 + this.waiting.takeFirst().replaced;
        }
    }
}

function makeWaiting({ delivery, key }: DataSettings): FirstInFirstOut | NewestOfEach {
    return delivery === 'latest' ? new NewestOfEach(key) : new FirstInFirstOut();
}

/** The rest of a list may be long, so its first element is not taken out of it each time. */
class FirstInFirstOut {
    private list: Waiting[] = [];
    private first = 0;

    get size(): number {
        return this.list.length - this.first;
    }

    add(waiting: Waiting): void {
        this.list.push(waiting);
    }

    takeFirst(): Waiting {
        const taken = this.list[this.first];
        this.first += 1;
        if (this.first * 2 > this.list.length) {
            this.list = this.list.slice(this.first);
            this.first = 0;
        }
        return taken;
    }

    takeAll(): Waiting[] {
        const all = this.list.slice(this.first);
        this.list = [];
        this.first = 0;
        return all;
    }
}

/** The newest datum of each key, the one that has been there longest in front. */
class NewestOfEach {
    private readonly key: string | undefined;
    private readonly newest = new Map<unknown, Waiting>();

    constructor(key: string | undefined) {
        this.key = key;
    }

    get size(): number {
        return this.newest.size;
    }

    add({ datum, replaced }: Waiting): void {
        const key = this.key === undefined ? undefined : comparable(datum.data?.[this.key]);
        const earlier = this.newest.get(key);
        this.newest.delete(key);
        const before = earlier ? earlier.replaced + 1 : 0;
        this.newest.set(key, { datum, replaced: replaced + before });
    }

    takeFirst(): Waiting {
        const [[key, taken]] = this.newest;
        this.newest.delete(key);
        return taken;
    }

    takeAll(): Waiting[] {
        const all = [...this.newest.values()];
        this.newest.clear();
        return all;
    }
}

/** Two lists or dicts are one key when they hold the same. */
function comparable(key: unknown): unknown {
    return typeof key === 'object' && key !== null ? JSON.stringify(key) : key;
}
