/**
 * A prop that holds a state: callbacks see what the state is, and not each state that it has passed
 * through. So the last of many changes does not wait for the callbacks of each one before.
 */

import type { Deliverer } from './deliver';

export class StateProp {
    private readonly deliverer: Deliverer;
    private readonly read: () => unknown;
    private isStale = false;
    private isLost = false;
    private isBusy = false;
    private hasEnded = false;

    /** @param read Gives the present state, a new object each time that it has changed. */
    constructor(deliverer: Deliverer, read: () => unknown) {
        this.deliverer = deliverer;
        this.read = read;
    }

    /** The state has changed, or the prop may hold something else. */
    async change(): Promise<void> {
        this.isStale = true;
        if (this.isBusy) {
            return;
        }
        this.isBusy = true;
        // What changes in this turn is one change.
        await Promise.resolve();
        while (this.isStale && !this.hasEnded) {
            const state = this.read();
            const isNews = this.isLost || state !== this.deliverer.lastValue;
            this.isStale = this.isLost = false;
            if (isNews) {
                await this.deliverer.deliver(state);
            }
        }
        this.isBusy = false;
    }

    /** The prop holds something else than what it was given. While it is being given, it gets it. */
    restore(): void {
        if (!this.isBusy) {
            this.isLost = true;
            this.change();
        }
    }

    /** The component is gone. */
    end(): void {
        this.hasEnded = true;
    }
}
