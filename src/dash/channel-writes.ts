/** What callbacks write to a Channels; each function throws an Error that says what is wrong. */

import { fdc3Data } from '../client/channel-values';
import { fieldsOf } from './entries';

/** Data for a channel, or for those that the page is on where it has no name. */
export interface Publish {
    data: unknown;
    name: unknown;
}

export function readPublish(written: unknown, what: string): Publish {
    const { data, name, fdc3 } = fieldsOf(what, written, ['data', 'name', 'fdc3'] as const);
    if (fdc3 !== undefined && typeof fdc3 !== 'boolean') {
        throw new Error(`${what}: fdc3 has to be True or False, not ${JSON.stringify(fdc3)}`);
    }
    return { data: fdc3 ? fdc3Data(data) : data, name };
}

export function readJoin(written: unknown, what: string): { name: unknown } {
    const { name } = fieldsOf(what, written, ['name'] as const);
    return { name };
}

/** Without a name all channels are meant that the page is on. */
export const readLeave = readJoin;
