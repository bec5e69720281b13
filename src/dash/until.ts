/** Waits until Dash's store shows something, and not without a limit. */

import { onAnswerLost } from './lost-answers';
import type { Store } from './renderer';

/** Longest wait: a promise of a page's own script may never settle. */
export const LONGEST_WAIT_MS = 300_000;

/**
 * Calls `done` as soon as `isOver()` is true, which may be at once, or `late` when that takes too
 * long.
 *
 * @returns How to stop the wait.
 */
export function until(
    store: Store,
    isOver: () => boolean,
    done: () => void,
    late: () => void,
): () => void {
    const stops: (() => void)[] = [];
    const end = (next: () => void) => {
        for (const stop of stops.splice(0)) {
            stop();
        }
        next();
    };
    const check = () => {
        if (stops.length > 0 && isOver()) {
            end(done);
        }
    };
    const timer = setTimeout(() => end(late), LONGEST_WAIT_MS);
    stops.push(() => clearTimeout(timer), store.subscribe(check), onAnswerLost(check));
    check();
    return () => end(() => {});
}
