/** `MethodRegister.progress`: how far an invocation is, as a callback wrote it. */

import { checkKeys } from '../client/keys';

const KEYS = ['invocationId', 'value'] as const;

export interface Progress {
    invocationId: string;
    value: unknown;
}

/** @throws Error that says what is wrong with it. */
export function readProgress(written: any): Progress {
    if (written === null || typeof written !== 'object' || Array.isArray(written)) {
        throw new Error('progress has to be a dict with an invocationId and a value, or a list');
    }
    checkKeys('progress', written, KEYS);
    const { invocationId, value } = written;
    if (typeof invocationId !== 'string') {
        throw new Error('progress needs the invocationId of the invocation that it is about');
    }
    return { invocationId, value };
}
