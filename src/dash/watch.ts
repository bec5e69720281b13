/**
 * Sees every value that is written to a prop, also when several are written in one turn: React
 * would render only the last. A value is known by its identity, so each write counts once, however
 * often the component is rendered or mounted again.
 */

/**
 * Makes a function that looks whether something was written, to be called after each change of the
 * store.
 *
 * @param read The component's props in the layout; undefined while it has none.
 * @param onWrite Called with each value that is not in `seen`.
 * @param seen The objects that earlier mounts of the component have seen.
 * @param known A value that is there already when it is there at first, as when a callback sends a
 *     component back that it got as State: then it is a copy.
 */
export function propWatcher(
    read: () => Record<string, any> | undefined,
    prop: string,
    onWrite: (value: unknown) => void,
    seen: WeakSet<object>,
    known?: unknown,
): () => void {
    let last: unknown;
    let copy = known === undefined ? undefined : JSON.stringify(known);
    return () => {
        const props = read();
        if (!props || props[prop] === last) {
            return;
        }
        last = props[prop];
        if (last === undefined || last === null) {
            return;
        }
        const isCopy = copy !== undefined && JSON.stringify(last) === copy;
        copy = undefined;
        if (typeof last === 'object') {
            if (seen.has(last)) {
                return;
            }
            seen.add(last);
        }
        if (!isCopy) {
            onWrite(last);
        }
    };
}
