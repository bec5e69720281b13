/** GW3 frames as text. Dates travel as `#T42_DATE#<epoch ms>`, as every client of this family has it. */

const DATE_PREFIX = '#T42_DATE#';

export interface Frame {
    domain?: string;
    type: string;
    request_id?: string;
    peer_id?: string | null;
    [field: string]: any;
}

export function encodeFrame(frame: Frame): string {
    return JSON.stringify(frame, function (this: any, key, value) {
        // JSON.stringify calls Date.toJSON before it asks us: look at the original.
        const original = this[key];
        return original instanceof Date ? DATE_PREFIX + original.getTime() : value;
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
