/** Definitions of methods and streams, as authors write them. */

import { checkKeys } from './keys';

export interface MethodDefinition {
    name: string;
    accepts?: string;
    returns?: string;
    displayName?: string;
    description?: string;
    objectTypes?: string[];
    version?: number;
    /** Whether it is a stream; core says so of the methods that it finds. */
    supportsStreaming?: boolean;
    flags?: Record<string, any>;
}

export const DEFINITION_KEYS = [
    'name',
    'accepts',
    'returns',
    'displayName',
    'description',
    'objectTypes',
    'version',
    'supportsStreaming',
    'flags',
] as const;

const LONGEST_NAME = 256;
const TEXT_FIELDS = ['accepts', 'returns', 'displayName', 'description'] as const;

/** A definition as an object; throws an Error that says what is wrong. */
export function readDefinition(definition: unknown): MethodDefinition {
    const object = typeof definition === 'string' ? { name: definition } : definition;
    if (object === null || typeof object !== 'object' || Array.isArray(object)) {
        throw new Error('The definition has to be the name of a method or a dict with a name');
    }
    const fields = withoutFunctions(object);
    checkKeys('The definition', fields, DEFINITION_KEYS);
    const { name, objectTypes, version, ...rest } = fields as MethodDefinition;
    if (typeof name !== 'string' || name === '') {
        throw new Error('The definition needs a name, a non-empty string');
    }
    if (name.length > LONGEST_NAME) {
        throw new Error(`The name of a method has at most ${LONGEST_NAME} characters`);
    }
    const given: Partial<MethodDefinition> = dropEmpty(rest);
    for (const field of TEXT_FIELDS) {
        if (field in given && typeof given[field] !== 'string') {
            throw new Error(`The ${field} of method ${name} has to be a string`);
        }
    }
    if ('flags' in given && (typeof given.flags !== 'object' || Array.isArray(given.flags))) {
        throw new Error(`The flags of method ${name} have to be a dict`);
    }
    return { ...given, name, ...readObjectTypes(name, objectTypes), ...readVersion(name, version) };
}

/** Two definitions with the same key are of the same method: the rule of `peer/directory.py`. */
export function methodKey({ name, accepts, returns, supportsStreaming }: MethodDefinition): string {
    const fields = [name.toLowerCase(), accepts ?? '', returns ?? '', Boolean(supportsStreaming)];
    return JSON.stringify(fields);
}

/** A method that core has found, as a definition: with what it has, and without functions. */
export function foundDefinition(method: any): MethodDefinition {
    const fields = DEFINITION_KEYS.map((key) => [key, method[key]] as const);
    return {
        ...Object.fromEntries(fields.filter(([, value]) => !isEmpty(value))),
        name: method.name,
        supportsStreaming: Boolean(method.supportsStreaming),
    };
}

/** Core makes empty lists and dicts of what a definition does not have. */
function isEmpty(value: unknown): boolean {
    return (
        value === undefined ||
        value === null ||
        value === '' ||
        (typeof value === 'object' && Object.keys(value).length === 0)
    );
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

/** A field that is None in Python is not given. */
function dropEmpty(object: Record<string, any>): Record<string, any> {
    return Object.fromEntries(
        Object.entries(object).filter(([, value]) => value !== null && value !== undefined),
    );
}

/** A method that core has found has functions beside its fields. */
function withoutFunctions(object: object): Record<string, any> {
    return Object.fromEntries(
        Object.entries(object).filter(([, value]) => typeof value !== 'function'),
    );
}
