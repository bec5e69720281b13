/**
 * What a method accepts and returns. Whoever serves the page reads the texts, so that their grammar
 * is written down once; values are checked here, against the JSON Schemas that come of it.
 */

import type { Schema } from '@cfworker/json-schema';
import type { MethodDefinition } from './definitions';
import { describeProblems } from './signature-values';

/** Says what is wrong with a value, in a sentence for each field. */
export type Check = (value: unknown) => string[];

export interface Checks {
    accepts: Check;
    returns: Check;
}

/** JSON Schemas; null where every value fits. */
export interface Schemas {
    accepts: Schema | null;
    returns: Schema | null;
}

/**
 * Reads what a definition says of arguments and results; undefined where it says nothing. Rejects
 * when that is malformed or nobody can read it.
 */
export type ReadSignature = (definition: MethodDefinition) => Promise<Schemas> | undefined;

/** Loads the validator, which only pages that check values need. */
export async function makeChecks({ accepts, returns }: Schemas): Promise<Checks> {
    const { Validator } = await import(/* webpackChunkName: "core" */ '@cfworker/json-schema');
    const checkOf = (schema: Schema | null, noun: string): Check => {
        if (!schema) {
            return () => [];
        }
        const validator = new Validator(schema, '2020-12', false);
        return (value) => {
            const plain = plainValue(value);
            return describeProblems(validator.validate(plain).errors, schema, plain, noun);
        };
    };
    return { accepts: checkOf(accepts, 'argument'), returns: checkOf(returns, 'result field') };
}

/**
 * The value as JSON has it, where dates are text. Its objects inherit nothing: the validator would
 * take what they inherit for fields.
 */
function plainValue(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value ?? null), (_key, part) =>
        part !== null && typeof part === 'object' && !Array.isArray(part)
            ? Object.assign(Object.create(null), part)
            : part,
    );
}
