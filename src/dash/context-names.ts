/** Which names of contexts are for authors. */

/** Names that begin so are those of channels and windows. */
const RESERVED = '___';

/**
 * The name of a context that an author may use.
 *
 * @throws Error where it is another one.
 */
export function readContextName(what: string, name: unknown): string {
    if (typeof name !== 'string' || name === '') {
        throw new Error(`${what} needs the name of a context, a non-empty string`);
    }
    if (isReserved(name)) {
        throw new Error(
            `${what} cannot have the name "${name}": names that begin with ${RESERVED} are those ` +
                'of channels and windows, which have components of their own',
        );
    }
    return name;
}

export function isReserved(name: string): boolean {
    return name.startsWith(RESERVED);
}
