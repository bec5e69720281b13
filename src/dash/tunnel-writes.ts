/** What callbacks write to a Tunnel; each function throws an Error that says what is wrong. */

import type { HandlerError } from '../client/failures';
import { fieldsOf } from './entries';

/** A message for the page; without a version it is one that nothing has asked for. */
export interface Sending {
    data: unknown;
    version?: number;
}

/** What a request, or the message of a version, came to. */
export type TunnelAnswer = ({ requestId: string } | { version: number }) &
    ({ data: unknown } | { error: HandlerError });

const SEND_KEYS = ['data', 'version'] as const;
const ANSWER_KEYS = ['requestId', 'version', 'data', 'error'] as const;

export function readSending(written: unknown, what: string): Sending {
    if (written === null || written === undefined) {
        throw new Error(`${what} holds no message; None is sent as {"data": None}`);
    }
    if (typeof written !== 'object') {
        return { data: written };
    }
    if (Array.isArray(written)) {
        throw new Error(`${what} is a list in a list; a list is sent as {"data": [...]}`);
    }
    if (!('data' in written)) {
        throw new Error(`${what} has no "data"; a dict is sent as {"data": {...}}`);
    }
    const { version } = fieldsOf(what, written, SEND_KEYS);
    const { data } = written;
    return version === undefined ? { data } : { data, version: readVersion(what, version) };
}

export function readTunnelAnswer(written: unknown, what: string): TunnelAnswer {
    const { requestId, version, error } = fieldsOf(what, written, ANSWER_KEYS);
    if ((requestId === undefined) === (version === undefined)) {
        throw new Error(
            `${what} needs the requestId of the request, or the version of the message, that it answers`,
        );
    }
    if (requestId !== undefined && typeof requestId !== 'string') {
        throw new Error(`${what}: a requestId is a string, not ${JSON.stringify(requestId)}`);
    }
    const about = requestId === undefined ? { version: readVersion(what, version) } : { requestId };
    if (error !== undefined) {
        return { ...about, error: readError(error) };
    }
    if (!('data' in (written as object))) {
        throw new Error(`${what} needs data or an error`);
    }
    return { ...about, data: (written as { data: unknown }).data };
}

function readVersion(what: string, version: unknown): number {
    if (!Number.isSafeInteger(version) || (version as number) < 0) {
        throw new Error(
            `${what}: a version is a whole number, 0 or more, not ${JSON.stringify(version)}`,
        );
    }
    return version as number;
}

function readError(error: any): HandlerError {
    if (typeof error !== 'object') {
        return { message: String(error) };
    }
    return { ...error, message: String(error.message ?? 'The receiver failed without saying why') };
}
