/** What promises come to under a clock that the test moves. */

import { vi } from 'vitest';

export const hang = () => new Promise(() => {});

/** What a promise came to, once the timers up to `afterMs` have run. */
export async function outcome<T>(
    promise: Promise<T>,
    afterMs = 0,
): Promise<{ value?: T; error?: any }> {
    let settled: { value?: T; error?: any } = {};
    promise.then(
        (value) => {
            settled = { value };
        },
        (error) => {
            settled = { error };
        },
    );
    await vi.advanceTimersByTimeAsync(afterMs);
    return settled;
}
