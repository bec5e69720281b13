/**
 * What changes of contexts do to their values: what `@interopio/core` makes of them, without its
 * copies.
 *
 * What is handed out is frozen, with all that is in it, since others have it, too. What is frozen is
 * copied before it is changed, and everything else is changed in its place. So the new value shares
 * with those that were handed out all that is still the same; a change costs what it touches,
 * however large the rest is, and a dict is copied once for each time that it was handed out.
 */

/** One step of a change: to set what is at a dotted path, or to remove it. */
export interface Command {
    type: 'set' | 'remove';
    path: string;
    value?: unknown;
}

/**
 * A change as it travels: `reset` alone, else `commands` alone, else the rest. The gateway passes on
 * none whose paths leave a list by something that is no index of it.
 */
export interface Delta {
    reset?: object;
    commands?: Command[];
    added?: object;
    updated?: object;
    removed?: string[];
}

type Dict = Record<string, any>;

/**
 * The value after a change, and whether anything is different. What is not frozen of the value
 * before is changed, and the delta belongs to the new value.
 */
export function applyDelta(before: object, delta: Delta): { value: object; isChanged: boolean } {
    if (delta.reset) {
        const value = shared(before, { ...delta.reset });
        return { value, isChanged: value !== before };
    }
    const draft = new Draft(before);
    if (delta.commands) {
        for (const { type, path, value: set } of delta.commands) {
            if (type === 'set') {
                draft.set(path.split('.'), set);
            } else if (type === 'remove') {
                draft.remove(path.split('.'));
            }
        }
        return draft;
    }
    for (const [key, added] of Object.entries(delta.added ?? {})) {
        draft.set([key], added);
    }
    for (const [key, updated] of Object.entries(delta.updated ?? {})) {
        const before = (draft.value as Dict)[key];
        const isMerged = isDict(before) && isDict(updated);
        draft.set([key], isMerged ? { ...before, ...updated } : updated);
    }
    for (const key of delta.removed ?? []) {
        draft.remove([key]);
    }
    return draft;
}

/**
 * What a change that was applied says by top-level key, as callbacks get it, and the keys that it
 * removes.
 *
 * @param keys The top-level keys before it.
 */
export function describe(
    delta: Delta,
    keys: readonly string[],
): { delta: object; removed: string[] } {
    if (delta.reset) {
        const reset = frozen({ ...delta.reset });
        return { delta: reset, removed: keys.filter((key) => !(key in reset)) };
    }
    if (!delta.commands) {
        const said = frozen({ ...delta.added, ...delta.updated });
        return { delta: said, removed: (delta.removed ?? []).map(String) };
    }
    const told = new Draft({});
    const removed: string[] = [];
    for (const { type, path, value } of delta.commands) {
        if (type === 'remove') {
            told.set(path.split('.'), null);
        } else if (type === 'set') {
            // It is in the value, too, which a later command must not change from here.
            told.set(path.split('.'), frozen(value));
        }
        if (type === 'remove' && !path.includes('.')) {
            removed.push(path);
        }
    }
    return { delta: frozen(told.value), removed };
}

/** What became of a value while nobody told how. */
export function differenceOf(before: object, after: object): { delta: object; removed: string[] } {
    const changed = Object.entries(after).filter(([key, value]) => (before as Dict)[key] !== value);
    return {
        delta: frozen(Object.fromEntries(changed)),
        removed: Object.keys(before).filter((key) => !(key in after)),
    };
}

/** `after`, with the objects of `before` wherever they hold the same. */
export function shared<T>(before: unknown, after: T): T {
    if (after instanceof Date) {
        const isSame = before instanceof Date && before.getTime() === after.getTime();
        return isSame ? (before as T) : after;
    }
    const isComparable = isObject(before) && isObject(after);
    if (before === after || !isComparable || Array.isArray(before) !== Array.isArray(after)) {
        return after;
    }
    const old = before as Dict;
    const made = after as Dict;
    const keys = Object.keys(made);
    let isSame = keys.length === Object.keys(old).length;
    for (const key of keys) {
        const value = shared(old[key], made[key]);
        isSame &&= key in old && Object.is(old[key], value);
        if (value !== made[key]) {
            made[key] = value;
        }
    }
    return isSame ? (before as T) : after;
}

/** A value that is about to be handed out. What is in something frozen is frozen, too. */
export function frozen<T>(value: T): T {
    if (isObject(value) && !Object.isFrozen(value)) {
        Object.freeze(value);
        Object.values(value).forEach(frozen);
    }
    return value;
}

/** A new value in the making. */
class Draft {
    value: object;
    isChanged = false;

    constructor(value: object) {
        this.value = value;
    }

    set(path: string[], value: unknown): void {
        const key = path[path.length - 1];
        const before = this.at(path);
        const parent = this.at(path.slice(0, -1));
        // JSON has no undefined: a dict loses the key, and in a list there is null.
        const after = value === undefined && Array.isArray(parent) ? null : shared(before, value);
        const isSame = isObject(parent) && Object.hasOwn(parent, key) === (after !== undefined);
        if (!isSame || before !== after) {
            this.isChanged = true;
            write(this.parentOf(path), key, after);
        }
    }

    remove(path: string[]): void {
        const parent = this.at(path.slice(0, -1));
        const key = path[path.length - 1];
        if (Array.isArray(parent) && key in parent && isIndex(key)) {
            this.set(path, null);
        } else if (isDict(parent) && Object.hasOwn(parent, key)) {
            this.isChanged = true;
            delete (this.parentOf(path) as Dict)[key];
        }
    }

    private at(path: readonly string[]): unknown {
        let found: unknown = this.value;
        for (const key of path) {
            if (!isObject(found) || !Object.hasOwn(found, key)) {
                return undefined;
            }
            found = (found as Dict)[key];
        }
        return found;
    }

    /** The object that holds the end of a path; what is no object on the way becomes a dict. */
    private parentOf(path: readonly string[]): object {
        this.value = changeable(this.value);
        let parent = this.value as Dict;
        for (const key of path.slice(0, -1)) {
            write(parent, key, changeable(isObject(parent[key]) ? parent[key] : {}));
            parent = parent[key];
        }
        return parent;
    }
}

function changeable(object: object): object {
    if (!Object.isFrozen(object)) {
        return object;
    }
    return Array.isArray(object) ? [...object] : { ...object };
}

function write(parent: object, key: string, value: unknown): void {
    if (!Array.isArray(parent)) {
        if (value === undefined) {
            delete (parent as Dict)[key];
        } else {
            (parent as Dict)[key] = value;
        }
        return;
    }
    const length = Number(key === 'length' ? value : key);
    while (parent.length < length) {
        parent.push(null);
    }
    if (key === 'length') {
        parent.length = length;
    } else {
        parent[length] = value;
    }
}

function isIndex(key: string): boolean {
    return /^(0|[1-9]\d*)$/.test(key);
}

function isObject(value: unknown): value is object {
    return typeof value === 'object' && value !== null && !(value instanceof Date);
}

function isDict(value: unknown): value is object {
    return isObject(value) && !Array.isArray(value);
}
