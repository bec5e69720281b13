/** Several announcements in one frame, which core does not know: section 5.24 of docs/protocol.md. */

import type { Frame } from './codec';

/** The frames that core takes in place of one of the gateway. */
export function framesIn(frame: Frame): Frame[] {
    if (frame.type !== 'announcements') {
        return [frame];
    }
    const { peer_id } = frame;
    const announcements: Frame[] = frame.announcements;
    // What many are told alike may be about the page itself, which core is told in other ways.
    return announcements
        .filter(({ new_peer_id, server_id }) => (new_peer_id ?? server_id) !== peer_id)
        .map((announcement) => ({ ...announcement, peer_id }));
}
