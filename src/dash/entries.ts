/** What callbacks write to a prop that takes a dict, or a list of such dicts. */

import { checkKeys } from '../client/keys';

/** The entries of a value that may be a list, each with what it is called in messages. */
export function entriesOf(prop: string, written: unknown): [what: string, entry: unknown][] {
    return Array.isArray(written)
        ? written.map((entry, index) => [`${prop}[${index}]`, entry])
        : [[prop, written]];
}

/**
 * The fields of an entry that is a dict; one that is None in Python is not given.
 *
 * @param what The entry, for people, such as `push[1]`.
 * @throws Error where it is no dict, or has a key that is not known.
 */
export function fieldsOf<Key extends string>(
    what: string,
    written: unknown,
    keys: readonly Key[],
): Partial<Record<Key, unknown>> {
    if (written === null || typeof written !== 'object' || Array.isArray(written)) {
        throw new Error(`${what} has to be a dict, not ${JSON.stringify(written)}`);
    }
    checkKeys(what, written, keys);
    return Object.fromEntries(
        Object.entries(written).filter(([, value]) => value !== null && value !== undefined),
    ) as Partial<Record<Key, unknown>>;
}
