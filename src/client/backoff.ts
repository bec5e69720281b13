/** How long to wait before the next attempt. */

const LONGEST_DELAY_MS = 5_000;

/**
 * Milliseconds, for ever: twice as long each time, up to 5 seconds. Half of each is random, so that
 * pages that lost one server together do not return together.
 */
export function* delays(firstMs: number): Generator<number, never> {
    for (let longest = firstMs; ; longest = Math.min(2 * longest, LONGEST_DELAY_MS)) {
        yield (longest + Math.random() * longest) / 2;
    }
}
