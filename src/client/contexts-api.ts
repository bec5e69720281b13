/** `io.contexts`, as scripts of a page know it from core, on the contexts of this package. */

import { decodeFrame, encodeJson } from './codec';
import type { Contexts } from './contexts';

/** What core calls a subscriber with. */
type Callback = (
    data: object,
    delta: object,
    removed: string[],
    unsubscribe: () => void,
    extraData: { updaterId: string | undefined },
) => void;

export interface ContextsApi extends Omit<Contexts, 'subscribe' | 'onNames' | 'create'> {
    subscribe(name: string, callback: Callback): Promise<() => void>;
    ready(): Promise<ContextsApi>;
    readonly setPathSupported: boolean;
}

export function contextsApi(contexts: Contexts): ContextsApi {
    const api: ContextsApi = {
        all: () => contexts.all(),
        get: async (name) => own(await contexts.get(name)),
        update: (name, data, options) => contexts.update(name, data, options),
        set: (name, data, options) => contexts.set(name, data, options),
        setPath: (name, path, value, options) => contexts.setPath(name, path, value, options),
        setPaths: (name, paths, options) => contexts.setPaths(name, paths, options),
        destroy: (name, options) => contexts.destroy(name, options),
        subscribe: async (name, callback) => {
            if (typeof callback !== 'function') {
                throw new Error(`subscribe needs a function to call, not ${String(callback)}`);
            }
            const stop = contexts.subscribe(name, (change) => {
                const { data, delta, removed, updaterId, isDestroyed } = change;
                // Of a context that is gone core says nothing.
                if (!isDestroyed) {
                    callback(own(data), own(delta), [...removed], stop, { updaterId });
                }
            });
            return stop;
        },
        ready: () => Promise.resolve(api),
        setPathSupported: true,
    };
    return api;
}

/** A copy, as from core: the callers may change it. */
function own(value: object): object {
    return decodeFrame(encodeJson(value));
}
