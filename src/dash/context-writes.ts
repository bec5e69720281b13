/** What callbacks write to a Contexts; each function throws an Error that says what is wrong. */

import type { Contexts, WriteOptions } from '../client/contexts';
import { checkKeys } from '../client/keys';
import { readContextName } from './context-names';
import { fieldsOf } from './entries';
import type { Act } from './operations';

type Write = Act<Contexts>;

const DATA_KEYS = ['name', 'data', 'ifVersion'] as const;
const PATH_KEYS = ['name', 'path', 'data', 'ifVersion'] as const;
const PATHS_KEYS = ['name', 'paths', 'ifVersion'] as const;
const NAME_KEYS = ['name', 'ifVersion'] as const;
const PATH_VALUE_KEYS = ['path', 'value'] as const;

/** How an entry of each prop is read. Where several are written at once, this is their order. */
export const CONTEXT_WRITES = {
    destroy: readDestroy,
    set: readSet,
    update: readUpdate,
    setPath: readSetPath,
    setPaths: readSetPaths,
} as const satisfies Record<string, (entry: unknown, what: string) => Write>;

function readUpdate(entry: unknown, what: string): Write {
    const { data, ...rest } = fieldsOf(what, entry, DATA_KEYS);
    const { name, options } = readTarget(rest, what);
    return (contexts) => contexts.update(name, data as object, options);
}

function readSet(entry: unknown, what: string): Write {
    const { data, ...rest } = fieldsOf(what, entry, DATA_KEYS);
    const { name, options } = readTarget(rest, what);
    return (contexts) => contexts.set(name, data as object, options);
}

/** Data of None removes what is at the path. */
function readSetPath(entry: unknown, what: string): Write {
    const { path, data, ...rest } = fieldsOf(what, entry, PATH_KEYS);
    const { name, options } = readTarget(rest, what);
    return (contexts) => contexts.setPath(name, path as string, data ?? null, options);
}

function readSetPaths(entry: unknown, what: string): Write {
    const { paths, ...rest } = fieldsOf(what, entry, PATHS_KEYS);
    const { name, options } = readTarget(rest, what);
    for (const each of Array.isArray(paths) ? paths : []) {
        if (each !== null && typeof each === 'object') {
            checkKeys(`An entry of paths in ${what}`, each, PATH_VALUE_KEYS);
        }
    }
    return (contexts) => contexts.setPaths(name, paths as [], options);
}

function readDestroy(entry: unknown, what: string): Write {
    const { name, options } = readTarget(fieldsOf(what, entry, NAME_KEYS), what);
    return (contexts) => contexts.destroy(name, options);
}

function readTarget(
    { name, ifVersion }: { name?: unknown; ifVersion?: unknown },
    what: string,
): { name: string; options: WriteOptions } {
    const options = ifVersion === undefined ? {} : { ifVersion: ifVersion as number };
    return { name: readContextName(what, name), options };
}
