/** What callbacks write to a Channels; each function throws an Error that says what is wrong. */

import { fdc3Data } from '../client/channel-values';
import type { Channels } from '../client/channels';
import { fieldsOf } from './entries';
import type { Act } from './operations';

type Write = Act<Channels>;

/** How an entry of each prop is read. Where several are written at once, this is their order. */
export const CHANNEL_WRITES = {
    join: readJoin,
    publish: readPublish,
    leave: readLeave,
} as const satisfies Record<string, (entry: unknown, what: string) => Write>;

function readJoin(entry: unknown, what: string): Write {
    const { name } = fieldsOf(what, entry, ['name'] as const);
    return (channels) => channels.join(name);
}

/** Without a name the data are for all channels that the page is on. */
function readPublish(entry: unknown, what: string): Write {
    const { data, name, fdc3 } = fieldsOf(what, entry, ['data', 'name', 'fdc3'] as const);
    if (fdc3 !== undefined && typeof fdc3 !== 'boolean') {
        throw new Error(`${what}: fdc3 has to be True or False, not ${JSON.stringify(fdc3)}`);
    }
    const published = fdc3 ? fdc3Data(data) : data;
    return (channels) => channels.publish(published, name);
}

/** Without a name all channels are meant that the page is on. */
function readLeave(entry: unknown, what: string): Write {
    const { name } = fieldsOf(what, entry, ['name'] as const);
    return (channels) => channels.leave(name);
}
