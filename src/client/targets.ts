/** Which servers an invocation goes to. */

import { type Instance, OWN_VIEW } from './instance';
import { checkKeys, nearest } from './keys';

export type Target = 'best' | 'all' | 'skipMine' | Instance | Instance[];

/**
 * Chooses among the servers that offer the method.
 *
 * @param servers Each instance once, the one that registered the method first in front.
 * @param ownPeerId Who is calling.
 */
export type Choice = (servers: Instance[], ownPeerId: string | undefined) => Instance[];

const best: Choice = (servers) => servers.slice(0, 1);

const WORDS = new Map<string, Choice>([
    ['best', best],
    ['all', (servers) => servers],
    ['skipMine', (servers, ownId) => servers.filter(({ peerId }) => peerId !== ownId)],
]);

/** Fields that do not count in a target with an `instance`: a reconnect changes the peerId. */
const PASSING = new Set(['peerId', ...OWN_VIEW]);

const PATTERN_KEYS = ['regex', 'flags'];

type Filter = (server: Instance) => boolean;

/**
 * How a target chooses among servers; throws an Error that says what is wrong with the target.
 *
 * @param target A value of an instance filter is compared without regard to case, or is a regular
 *     expression, as a RegExp or as `{regex: "...", flags: "i"}`.
 */
export function readTarget(target: unknown): Choice {
    if (target === undefined || target === null) {
        return best;
    }
    const meant = WORDS.get(target as string);
    if (meant) {
        return meant;
    }
    const filters = Array.isArray(target) ? target : [target];
    if (filters.length === 0) {
        throw new Error('No server is meant: the target is an empty list');
    }
    if (filters.some((filter) => filter === null || typeof filter !== 'object')) {
        throw new Error(unknownTarget(target));
    }
    const matches = readInstances(filters, "target's");
    return (servers) => servers.filter(matches);
}

/**
 * Whether an instance matches one of `filters`; throws an Error that says what is wrong with them.
 *
 * @param whose What messages call the filter that a value belongs to, such as `target's`.
 */
export function readInstances(filters: Instance[], whose: string): (server: Instance) => boolean {
    const tests = filters.map((filter) => readFilter(filter, whose));
    return (server) => tests.some((test) => test(server));
}

function unknownTarget(target: unknown): string {
    const meant = typeof target === 'string' ? nearest(target, [...WORDS.keys()]) : undefined;
    const hint = meant
        ? `did you mean "${meant}"?`
        : 'use "best", "all", "skipMine", an instance or a list of instances';
    return `Unknown target ${JSON.stringify(target)}: ${hint}`;
}

function readFilter(filter: Instance, whose: string): Filter {
    const tests = Object.entries(filter)
        .filter(([key]) => !(filter.instance && PASSING.has(key)))
        .filter(([, value]) => value !== null && value !== undefined && typeof value !== 'function')
        .map(([key, value]) => [key, readTest(`${whose} ${key}`, value)] as const);
    return (server) => tests.every(([key, test]) => test(server[key]));
}

function readTest(what: string, wanted: unknown): (value: unknown) => boolean {
    const pattern = readPattern(what, wanted);
    if (pattern) {
        return (value) => value !== undefined && value !== null && pattern.test(String(value));
    }
    const text = String(wanted).toLowerCase();
    return (value) => String(value).toLowerCase() === text;
}

/**
 * A value may be a dict, as it is in some instances, but not one that looks like a misspelt
 * pattern.
 */
function checkNoPattern(what: string, wanted: object): undefined {
    const misspelt = Object.keys(wanted).find((each) => nearest(each, PATTERN_KEYS) === 'regex');
    if (misspelt !== undefined) {
        throw new Error(
            `The pattern of the ${what} needs a "regex", a string, and has "${misspelt}"`,
        );
    }
}

function readPattern(what: string, wanted: unknown): RegExp | undefined {
    if (wanted instanceof RegExp) {
        // A global or sticky expression would remember where it stopped.
        return new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''));
    }
    if (wanted === null || typeof wanted !== 'object') {
        return undefined;
    }
    const { regex, flags } = wanted as { regex?: unknown; flags?: unknown };
    if (typeof regex !== 'string') {
        return checkNoPattern(what, wanted);
    }
    checkKeys(`The pattern of the ${what}`, wanted, PATTERN_KEYS);
    try {
        return new RegExp(regex, typeof flags === 'string' ? flags.replace(/[gy]/g, '') : '');
    } catch (error) {
        throw new Error(
            `The ${what} is not a valid regular expression: ${(error as Error).message}`,
        );
    }
}
