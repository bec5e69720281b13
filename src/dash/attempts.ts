/**
 * What callbacks have asked a component for, in the order in which they did: its problem is over
 * when something has succeeded that was asked for after what has failed. What was asked for before
 * it, or in the same value, may end later, and says nothing about it.
 */
export class Attempts {
    private count = 0;
    private failed = 0;

    /** A value was written; returns its place. */
    begin(): number {
        this.count += 1;
        return this.count;
    }

    /** @param place Without it, what has failed belongs to all that was asked for so far. */
    fail(place: number = this.count): void {
        this.failed = Math.max(this.failed, place);
    }

    /** Returns whether the problem, if there was one, is over. */
    succeed(place: number): boolean {
        return place > this.failed;
    }
}
