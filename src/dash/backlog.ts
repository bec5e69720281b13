/** What callbacks have asked for before it is known how the page is connected, in order. */

import type { InteropClient } from '../client/interop-client';
import type { Interop } from './interop-context';

/** After this time it is done without a connection. */
export const LONGEST_MS = 30_000;

/** The connection, or words that say why there is none. */
export type Outcome = InteropClient | string;

export class Backlog {
    private readonly waiting: ((outcome: Outcome) => void)[] = [];
    private outcome: Interop;
    private timer: ReturnType<typeof setTimeout> | undefined;

    /** Calls `act` now, or when it is known whether there is a connection. */
    whenKnown(act: (outcome: Outcome) => void): void {
        if (this.outcome !== undefined) {
            act(this.outcome);
            return;
        }
        this.waiting.push(act);
        this.timer ??= setTimeout(
            () => this.run(`The page was not connected within ${LONGEST_MS} ms`),
            LONGEST_MS,
        );
    }

    /** The connection as it is known now; undefined as long as it is not. */
    settle(outcome: Interop): void {
        this.outcome = outcome;
        if (outcome !== undefined) {
            this.run(outcome);
        }
    }

    /** The component is gone, and what it was asked for with it. */
    end(): void {
        this.waiting.length = 0;
        clearTimeout(this.timer);
    }

    private run(outcome: Outcome): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        for (const act of this.waiting.splice(0)) {
            act(outcome);
        }
    }
}
