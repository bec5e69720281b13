/** Times that authors give, in milliseconds, and waits that end when they are up. */

export const DEFAULT_TIMEOUT_MS = 30_000;

/** A timer that is set to more fires at once. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The time that was given, or the default where none was.
 *
 * @throws Error where the value is not a positive number.
 */
export function readTimeout(name: string, value: unknown, fallback: number): number {
    if (value === undefined || value === null) {
        return fallback;
    }
    if (!isPositive(value)) {
        throw new Error(
            `${name} has to be a positive number of milliseconds, not ${described(value)}`,
        );
    }
    return Math.min(value, LONGEST_TIMEOUT_MS);
}

/** The time to use, and what is wrong with the one that was given. */
export function timeoutOf(
    name: string,
    value: unknown,
    fallback: number,
): { ms: number; problem?: Error } {
    try {
        return { ms: readTimeout(name, value, fallback) };
    } catch (problem) {
        return { ms: fallback, problem: problem as Error };
    }
}

/** As `readTimeout`, for a wait that may be 0: then nothing waits. */
export function readWaitTimeout(name: string, value: unknown, fallback: number): number {
    if (value === 0) {
        return 0;
    }
    if (value !== undefined && value !== null && !isPositive(value)) {
        throw new Error(
            `${name} has to be a number of milliseconds, 0 or more, not ${described(value)}`,
        );
    }
    return readTimeout(name, value, fallback);
}

function isPositive(value: unknown): value is number {
    return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function described(value: unknown): string {
    return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/**
 * What `promise` comes to, or an Error when that takes too long.
 *
 * @param what Begins the message of that Error, which says how long the wait was.
 * @param onLateSuccess Called when the promise is fulfilled after its time was up.
 */
export function withTimeout<T>(
    promise: Promise<T>,
    timeoutMs: number,
    what: string,
    onLateSuccess: () => void = () => {},
): Promise<T> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            reject(new Error(`${what} within ${timeoutMs} ms`));
            promise.then(onLateSuccess, () => {});
        }, timeoutMs);
        promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
}
