/** Checks of what authors write: method definitions and invocation options. */

export interface MethodDefinition {
    name: string;
    accepts?: string;
    returns?: string;
    displayName?: string;
    description?: string;
    objectTypes?: string[];
    version?: number;
    flags?: Record<string, any>;
    [field: string]: any;
}

const LONGEST_NAME = 256;
/** Longer timers fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const TEXT_FIELDS = ['accepts', 'returns', 'displayName', 'description'];

/** A definition as an object; throws an Error that says what is wrong. */
export function readDefinition(definition: unknown): MethodDefinition {
    const object = typeof definition === 'string' ? { name: definition } : definition;
    if (object === null || typeof object !== 'object' || Array.isArray(object)) {
        throw new Error('The definition has to be the name of a method or a dict with a name');
    }
    const { name, objectTypes, version, ...rest } = object as MethodDefinition;
    if (typeof name !== 'string' || name === '') {
        throw new Error('The definition needs a name, a non-empty string');
    }
    if (name.length > LONGEST_NAME) {
        throw new Error(`The name of a method has at most ${LONGEST_NAME} characters`);
    }
    const given = dropEmpty(rest);
    for (const field of TEXT_FIELDS) {
        if (field in given && typeof given[field] !== 'string') {
            throw new Error(`The ${field} of method ${name} has to be a string`);
        }
    }
    return { ...given, name, ...readObjectTypes(name, objectTypes), ...readVersion(name, version) };
}

function readObjectTypes(name: string, types: unknown): { objectTypes?: string[] } {
    if (types === undefined || types === null) {
        return {};
    }
    if (!Array.isArray(types) || types.some((type) => typeof type !== 'string')) {
        throw new Error(`The objectTypes of method ${name} have to be a list of strings`);
    }
    return { objectTypes: types };
}

function readVersion(name: string, version: unknown): { version?: number } {
    if (version === undefined || version === null) {
        return {};
    }
    if (typeof version !== 'number') {
        throw new Error(`The version of method ${name} has to be a number`);
    }
    return { version };
}

/** Python's None means not given. */
function dropEmpty(object: Record<string, any>): Record<string, any> {
    return Object.fromEntries(
        Object.entries(object).filter(([, value]) => value !== null && value !== undefined),
    );
}

/** Milliseconds, or the default where there is no positive number. */
export function readTimeout(value: unknown, fallback: number): number {
    return typeof value === 'number' && Number.isFinite(value) && value > 0
        ? Math.min(value, LONGEST_TIMEOUT_MS)
        : fallback;
}
