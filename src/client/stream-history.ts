/**
 * The publisher's memory of a stream: what was pushed last, for each branch, and what of it a
 * subscriber has not seen. The rules are those of `peer/history.py`.
 */

import { encodeJson } from './codec';
import type { HistorySettings } from './history-settings';
import type { Position, Replay } from './recovery';

/** Bytes that are kept of a branch: a quarter of the longest frame that a gateway takes. */
const ROOM = 4 * 1024 * 1024;
/** More bytes than there are around the data in a frame, the key of the branch apart. */
const ENVELOPE = 1024;
/** Branches that something is kept for; one more takes the place of the one longest without data. */
const MOST_BRANCHES = 10_000;

/** The most bytes in UTF-8, as JSON, of one unit of a JavaScript string. */
const MOST_BYTES = 6;

/** A datum takes the place of the one that was kept under the same. */
type Slot = string | number;

interface Kept {
    offset: number;
    slot: Slot;
    /** As JSON. */
    text: string;
    bytes: number;
}

/** The newest data of one kind, those of a branch or those for all. */
class Shelf {
    /** The highest offset of what is kept no longer; 0 where all is. */
    lost: number;
    /** The highest offset of all that was kept here. */
    newest: number;
    private readonly size: number;
    private readonly kept = new Map<Slot, Kept>();
    private bytes = 0;

    constructor(size: number, lost: number) {
        this.size = size;
        this.lost = lost;
        this.newest = lost;
    }

    add(kept: Kept): void {
        this.remove(kept.slot);
        this.kept.set(kept.slot, kept);
        this.bytes += kept.bytes;
        this.newest = kept.offset;
        while (this.kept.size > this.size || this.bytes > ROOM) {
            const [oldest] = this.kept.values();
            this.remove(oldest.slot);
            this.lost = oldest.offset;
        }
    }

    newer(offset: number): Kept[] {
        return [...this.kept.values()].filter((kept) => kept.offset > offset);
    }

    private remove(slot: Slot): void {
        this.bytes -= this.kept.get(slot)?.bytes ?? 0;
        this.kept.delete(slot);
    }
}

export class StreamHistory {
    private readonly settings: HistorySettings;
    private readonly epoch: string;
    private offset = 0;
    private readonly forAll: Shelf;
    /** In the order of their newest data. */
    private readonly branches = new Map<string, Shelf>();
    /** The highest offset of the branches that nothing is kept for any longer. */
    private lost = 0;

    /** @param epoch A text that no other history has. */
    constructor(settings: HistorySettings, epoch: string) {
        this.settings = settings;
        this.epoch = epoch;
        this.forAll = new Shelf(settings.size, 0);
    }

    /**
     * Keeps a datum as soon as it was sent.
     *
     * @param branches The branches that it goes to; undefined for all.
     * @param send Gets its offset.
     * @throws Error where it lacks the field by which the history is kept, or cannot be sent.
     */
    push(data: object, branches: readonly string[] | undefined, send: (offset: number) => void) {
        const slot = this.slotOf(data);
        const text = encodeJson(data);
        this.offset += 1;
        const { offset } = this;
        send(offset);
        const bytes = new TextEncoder().encode(text).length + ','.length;
        const kept = { offset, slot: slot ?? offset, text, bytes };
        const shelves = branches ? [...new Set(branches)].map((key) => this.shelf(key)) : [];
        for (const shelf of branches ? shelves : [this.forAll]) {
            shelf.add(kept);
        }
    }

    /**
     * What somebody on a branch has not seen.
     *
     * @param maxSize Bytes of the longest frame that may be sent.
     */
    replay(branch: string, position: Position, maxSize = Number.POSITIVE_INFINITY): Replay {
        const { epoch, offset } = this;
        const from = position.offset ?? 0;
        const isKnown = position.epoch === epoch && from <= offset;
        const start = isKnown ? from : 0;
        const shelf = this.branches.get(branch);
        const room = maxSize - ENVELOPE - MOST_BYTES * branch.length;
        const { data, leftOut } = this.newest(shelf, start, Math.min(room, ROOM));
        const lost = Math.max(this.forAll.lost, shelf ? shelf.lost : this.lost, leftOut);
        const mayBeWhole =
            position.epoch === undefined || (isKnown && (position.branch ?? '') === branch);
        return { epoch, branch, offset, recovered: mayBeWhole && lost <= start, data };
    }

    /** The data after an offset, as far as there is room, and the highest offset of the others. */
    private newest(shelf: Shelf | undefined, start: number, room: number) {
        const bySlot = new Map<Slot, Kept>();
        for (const kept of [...this.forAll.newer(start), ...(shelf?.newer(start) ?? [])]) {
            if (kept.offset > (bySlot.get(kept.slot)?.offset ?? 0)) {
                bySlot.set(kept.slot, kept);
            }
        }
        const data: unknown[] = [];
        let left = room;
        for (const kept of [...bySlot.values()].sort((a, b) => b.offset - a.offset)) {
            left -= kept.bytes;
            if (left < 0 || data.length === this.settings.size) {
                return { data: data.reverse(), leftOut: kept.offset };
            }
            data.push(JSON.parse(kept.text));
        }
        return { data: data.reverse(), leftOut: 0 };
    }

    private slotOf(data: object): Slot | undefined {
        const { key } = this.settings;
        if (key === undefined) {
            return undefined;
        }
        const value = (data as Record<string, unknown>)[key];
        if (value === undefined) {
            throw new Error(
                `data has no field ${JSON.stringify(key)}, and the history keeps the newest of each`,
            );
        }
        return encodeJson(value);
    }

    private shelf(key: string): Shelf {
        const shelf = this.branches.get(key) ?? new Shelf(this.settings.size, this.lost);
        this.branches.delete(key);
        this.branches.set(key, shelf);
        if (this.branches.size > MOST_BRANCHES) {
            const [[oldest, { newest }]] = this.branches;
            this.branches.delete(oldest);
            this.lost = Math.max(this.lost, newest);
        }
        return shelf;
    }
}
