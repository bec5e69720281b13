/** How much of a stream is kept for those who subscribe later, as an author writes it. */

import { checkKeys } from './keys';

export interface HistorySettings {
    /** The most data that are kept of each branch. */
    size: number;
    /** The field of the data whose values are told apart: of each value the newest datum is kept. */
    key?: string;
}

const HISTORY_KEYS = ['size', 'key'] as const;

/** The settings; undefined where nothing is to be kept. Throws an Error that says what is wrong. */
export function readHistory(history: unknown): HistorySettings | undefined {
    if (history === undefined || history === null) {
        return undefined;
    }
    if (typeof history === 'number') {
        return { size: readSize(history) };
    }
    if (typeof history !== 'object' || Array.isArray(history)) {
        throw new Error(
            `history has to be a number of data or a dict with a size, not ${JSON.stringify(history)}`,
        );
    }
    checkKeys('history', history, HISTORY_KEYS);
    const { size, key } = history as Record<string, unknown>;
    if (key === undefined || key === null) {
        return { size: readSize(size) };
    }
    if (typeof key !== 'string' || key === '') {
        throw new Error(
            `The key of the history has to be the name of a field, not ${JSON.stringify(key)}`,
        );
    }
    return { size: readSize(size), key };
}

/** The most data of a history: half of those that may wait for the listeners of a subscriber. */
const MOST_DATA = 50_000;

function readSize(size: unknown): number {
    if (!Number.isSafeInteger(size) || (size as number) < 1) {
        throw new Error(
            `The size of the history has to be a whole number, 1 or more, not ${JSON.stringify(size) ?? 'missing'}`,
        );
    }
    if ((size as number) > MOST_DATA) {
        throw new Error(`A history keeps at most ${MOST_DATA} data of a branch, not ${size}`);
    }
    return size as number;
}
