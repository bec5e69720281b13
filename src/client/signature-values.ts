/** What is wrong with a value: the words are those of `wire/signature_values.py`. */

import type { OutputUnit, Schema } from '@cfworker/json-schema';

const MOST_PROBLEMS = 10;

/** A place in a value, and what the schema says of it. */
interface Place {
    /** As people write it, such as `orders[2].price`; empty for the value as a whole. */
    path: string;
    value: any;
    schema: Schema;
    /** The schema that this one is part of. */
    root: Schema;
}

/**
 * @param errors What the validator says of `value`.
 * @param noun What one field of the value is called.
 * @returns A sentence for each field that is wrong, 10 at most.
 */
export function describeProblems(
    errors: OutputUnit[],
    schema: Schema,
    value: unknown,
    noun: string,
): string[] {
    const problems = errors.flatMap(({ keyword, instanceLocation }) => {
        const describe = DESCRIPTIONS[keyword];
        return describe ? describe(follow(instanceLocation, schema, value), noun) : [];
    });
    return [...new Set(problems)].slice(0, MOST_PROBLEMS);
}

/** Other keywords only say that something further down in the value is wrong. */
const DESCRIPTIONS: Record<string, (place: Place, noun: string) => string[]> = {
    type: mismatch,
    pattern: mismatch,
    required: ({ path, value, schema }, noun) =>
        (schema.required ?? [])
            .filter((name) => !(name in value))
            .map((name) => `${noun} ${path && `${path}.`}${name} is missing`),
    minItems: ({ path, value, schema, root }, noun) =>
        (schema.prefixItems ?? [])
            .map((item, index) => ({ index, name: resolved(item, root).title }))
            .filter(({ index, name }) => index >= value.length && schema.required?.includes(name))
            .map(({ index, name }) => `${noun} ${path}[${index}] (${name}) is missing`),
};

function mismatch({ path, value, schema }: Place, noun: string): string[] {
    const subject = path ? `${noun} ${path} has` : `the ${noun}s have`;
    return [`${subject} to be ${expected(schema)}, not ${described(value)}`];
}

/** The place that a JSON pointer of the validator names. */
function follow(pointer: string, root: Schema, value: unknown): Place {
    const steps = pointer.split('/').slice(1).map(unescaped);
    return steps.reduce(below, { path: '', value, schema: root, root });
}

function below({ path, value, schema, root }: Place, step: string): Place {
    const isItem = Array.isArray(value);
    const next = isItem
        ? ((schema as any).prefixItems?.[step] ?? schema.items)
        : schema.properties?.[step];
    return {
        path: isItem ? `${path}[${step}]` : `${path && `${path}.`}${step}`,
        value: value[step],
        schema: resolved(next, root),
        root,
    };
}

/** Follows a reference: the items of tuples are described in one place. */
function resolved(schema: any, root: Schema): any {
    return schema.$ref ? root.$defs[schema.$ref.split('/').pop()] : schema;
}

function unescaped(step: string): string {
    return decodeURI(step).replace(/~1/g, '/').replace(/~0/g, '~');
}

const TYPES: Record<string, string> = {
    boolean: 'a bool',
    integer: 'an int',
    number: 'a double',
    string: 'a string',
    object: 'a dict',
    array: 'a list',
};

function expected({ type, pattern }: Schema): string {
    if (pattern !== undefined) {
        return 'a datetime';
    }
    const types = [type ?? []].flat().filter((one) => one !== 'null');
    return types.map((one) => TYPES[one]).join(' or ');
}

function described(value: unknown): string {
    if (value === null) {
        return 'None';
    }
    if (Array.isArray(value)) {
        return TYPES.array;
    }
    return TYPES[Number.isInteger(value) ? 'integer' : typeof value];
}
