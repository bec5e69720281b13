/**
 * Sees every value that is written to a prop, also when several are written in one turn: React
 * would render only the last. A value is known by its identity, so each write counts once, however
 * often the component is rendered or mounted again.
 */

import { type ComponentPath, layoutProps, type Store } from './renderer';

const seen = new WeakSet<object>();

/**
 * Calls `onWrite` with every value written from now on, and with the present one unless some
 * mount of the component has seen it.
 *
 * @param path Where the component is in the layout now.
 * @returns Stops watching.
 */
export function watchProp(
    store: Store,
    path: () => ComponentPath,
    prop: string,
    onWrite: (value: unknown) => void,
): () => void {
    let last: unknown;
    const check = () => {
        const props = layoutProps(store, path());
        if (!props || props[prop] === last) {
            return;
        }
        last = props[prop];
        if (last === undefined || last === null) {
            return;
        }
        if (typeof last === 'object') {
            if (seen.has(last)) {
                return;
            }
            seen.add(last);
        }
        onWrite(last);
    };
    check();
    return store.subscribe(check);
}
