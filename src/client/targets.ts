/** Which servers an invocation goes to. */

export type Instance = Record<string, any>;

export type Target = 'best' | 'all' | 'skipMine' | Instance | Instance[];

/**
 * Chooses among the servers that offer the method.
 *
 * @param servers Each instance once, the one that registered the method first in front.
 * @param target Whom to call; a value of an instance filter is compared without regard to case, or
 *     is a regular expression, as a RegExp or as `{regex: "...", flags: "i"}`.
 * @param ownPeerId Who is calling.
 */
export function chooseServers(
    servers: Instance[],
    target: unknown,
    ownPeerId: string | undefined,
): Instance[] {
    const filters = readTarget(target);
    if (filters === 'best') {
        return servers.slice(0, 1);
    }
    if (filters === 'all') {
        return servers;
    }
    if (filters === 'skipMine') {
        return servers.filter((server) => server.peerId !== ownPeerId);
    }
    return servers.filter((server) => filters.some((filter) => filter(server)));
}

/** What each page makes up for itself: core invents a pid for an instance that tells none. */
export const OWN_VIEW = ['pid', 'isLocal'];

/** What does not count in a target that names an `instance`: a reconnect changes the peer. */
const PASSING = new Set(['peerId', ...OWN_VIEW]);

type Filter = (server: Instance) => boolean;

function readTarget(target: unknown): 'best' | 'all' | 'skipMine' | Filter[] {
    if (target === undefined || target === null) {
        return 'best';
    }
    if (target === 'best' || target === 'all' || target === 'skipMine') {
        return target;
    }
    const filters = Array.isArray(target) ? target : [target];
    if (filters.length === 0) {
        throw new Error('No server is meant: the target is an empty list');
    }
    if (filters.some((filter) => filter === null || typeof filter !== 'object')) {
        throw new Error(
            `Unknown target ${JSON.stringify(target)}: use "best", "all", "skipMine", an instance or a list of instances`,
        );
    }
    return filters.map(readFilter);
}

function readFilter(filter: Instance): Filter {
    const tests = Object.entries(filter)
        .filter(([key]) => !(filter.instance && PASSING.has(key)))
        .filter(([, value]) => value !== null && value !== undefined && typeof value !== 'function')
        .map(([key, value]) => [key, readTest(key, value)] as const);
    return (server) => tests.every(([key, test]) => test(server[key]));
}

function readTest(key: string, wanted: unknown): (value: unknown) => boolean {
    const pattern = readPattern(key, wanted);
    if (pattern) {
        return (value) => value !== undefined && value !== null && pattern.test(String(value));
    }
    const text = String(wanted).toLowerCase();
    return (value) => String(value).toLowerCase() === text;
}

function readPattern(key: string, wanted: unknown): RegExp | undefined {
    if (wanted instanceof RegExp) {
        // A global or sticky expression would remember where it stopped.
        return new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''));
    }
    const { regex, flags } = (wanted ?? {}) as { regex?: unknown; flags?: unknown };
    if (typeof regex !== 'string') {
        return undefined;
    }
    try {
        return new RegExp(regex, typeof flags === 'string' ? flags.replace(/[gy]/g, '') : '');
    } catch (error) {
        throw new Error(
            `The target's ${key} is no regular expression: ${(error as Error).message}`,
        );
    }
}
