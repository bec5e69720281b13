/** In which order servers are preferred: `best` is the first one. */

import type { Instance } from './instance';

/** The fields that a page keeps when it comes back from an outage. */
const SAME_PAGE = ['instance', 'application', 'user'];

/**
 * Servers in the order of preference: those of the own user first, then the one that registered
 * first.
 *
 * A page that is back from an outage is meant once: a gateway may take half a minute to notice that
 * the page's former connection is gone, over which nobody answers any more.
 *
 * @param servers Each server, and when it registered what it is wanted for.
 */
export function inOrderOfPreference(
    servers: (readonly [server: Instance, registration: number])[],
    user: unknown,
): Instance[] {
    const sorted = [...servers].sort(([, a], [, b]) => a - b).map(([server]) => server);
    const latest = new Map(sorted.map((server) => [pageOf(server), server]));
    const isForeign = (server: Instance) => Number(server.user !== user);
    return sorted
        .filter((server) => latest.get(pageOf(server)) === server)
        .sort((a, b) => isForeign(a) - isForeign(b));
}

/** What stays of a server when it comes back. */
function pageOf(server: Instance): string {
    const fields = server.instance ? SAME_PAGE : ['peerId'];
    return JSON.stringify(fields.map((field) => server[field]));
}
