/** The contexts that windows have, as io.Connect calls them. */

const PREFIX = '___window___';

export function contextNameOf(id: string): string {
    return `${PREFIX}${id}`;
}

export function isOfWindow(name: string): boolean {
    return name.startsWith(PREFIX);
}
