/** Which channels a page has: those of its library, or else ours. */

import type { Channels } from './channels';
import { ChannelsApi } from './channels-api';
import { ContextChannels } from './context-channels';
import type { Contexts } from './contexts';
import type { Io } from './io';
import { LibraryChannels } from './library-channels';

/**
 * The channels of a page. Where its library has none, its scripts get ours as `io.channels`.
 *
 * @param io The API object.
 */
export function channelsOf(io: Io, contexts: Contexts): Channels {
    if (io.channels) {
        const { peerId } = io.interop.instance;
        return new LibraryChannels(
            io.channels,
            (listener) => contexts.onNames(listener),
            () => io.interop.instance?.peerId ?? peerId,
        );
    }
    const channels = new ContextChannels(contexts);
    if (Object.isExtensible(io)) {
        io.channels = new ChannelsApi(channels);
    }
    return channels;
}
