/**
 * What a method accepts and returns. Its Dash server reads the texts, so that their grammar is
 * written down once; values are checked here, against the JSON Schemas that it answers.
 */

import type { Schema } from '@cfworker/json-schema';
import { askDashServer } from './dash-server';
import type { MethodDefinition } from './definitions';
import { describeProblems } from './problems';

/** Says what is wrong with a value, in a sentence for each field; nothing when all is well. */
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

const ROUTE = '_dash-interop/signature';

const asked = new Map<string, Promise<Schemas>>();

/**
 * The schemas of the texts of a definition, undefined where it has none; rejects when one of them
 * is malformed or the Dash server does not answer.
 */
export function askSchemas(definition: MethodDefinition): Promise<Schemas> | undefined {
    const texts = signaturesOf(definition);
    if (Object.keys(texts).length === 0) {
        return undefined;
    }
    const key = JSON.stringify(texts);
    const answer = asked.get(key) ?? askDashServer(ROUTE, texts);
    asked.set(key, answer);
    // A server that did not answer may do so when it is asked again.
    answer.catch(() => asked.delete(key));
    return answer;
}

/** Loads what checks values; it is no part of pages that do without. */
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

function signaturesOf({ accepts, returns }: MethodDefinition): Record<string, string> {
    const texts = Object.entries({ accepts, returns });
    return Object.fromEntries(
        texts.filter((entry): entry is [string, string] => Boolean(entry[1])),
    );
}

/**
 * The value as JSON has it, where dates are text. Its objects inherit nothing, which the validator
 * would take for fields.
 */
function plainValue(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value ?? null), (_key, part) =>
        part !== null && typeof part === 'object' && !Array.isArray(part)
            ? Object.assign(Object.create(null), part)
            : part,
    );
}
