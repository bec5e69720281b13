/**
 * GW3 frames as text. Dates travel as `#T42_DATE#<epoch ms>`, as in every client of Glue42 and
 * io.Connect.
 */

const DATE_PREFIX = '#T42_DATE#';

export interface Frame {
    domain?: string;
    type: string;
    request_id?: string;
    peer_id?: string | null;
    [field: string]: any;
}

export function encodeFrame(frame: Frame): string {
    return encodeJson(frame);
}

/** As a frame holds it. */
export function encodeJson(value: unknown): string {
    return JSON.stringify(value, function (this: any, key, plain) {
        // JSON.stringify calls Date.toJSON before it asks us: look at the original.
        const original = this[key];
        return original instanceof Date ? DATE_PREFIX + original.getTime() : plain;
    });
}

export function decodeFrame(text: string): Frame {
    return JSON.parse(text, (_key, value) => {
        if (typeof value !== 'string' || !value.startsWith(DATE_PREFIX)) {
            return value;
        }
        const date = new Date(Number(value.slice(DATE_PREFIX.length) || Number.NaN));
        return Number.isNaN(date.getTime()) ? value : date;
    });
}

/** The most bytes in UTF-8 of one unit of a JavaScript string. */
const MOST_BYTES = 3;

/**
 * What is wrong with the size of a frame.
 *
 * @param text The frame.
 * @param maxSize How many bytes the gateway takes; undefined where it does not say.
 * @returns Words that name size and limit; undefined when it may be sent.
 */
export function sizeProblem(text: string, maxSize: number | undefined): string | undefined {
    if (maxSize === undefined || MOST_BYTES * text.length <= maxSize) {
        return undefined;
    }
    const size = new TextEncoder().encode(text).length;
    return size > maxSize
        ? `the message has ${size} bytes as JSON, and the gateway takes ${maxSize} at most`
        : undefined;
}
