/** What the caller of a method gets back. */

import type { MethodDefinition } from './definitions';
import { type FailedInvocation, InvocationError } from './errors';
import type { Failure } from './failures';
import type { Instance } from './instance';

const STATUS_SUCCESS = 0;

/** What one server returned. */
export interface ReturnValue {
    executed_by: Instance | null;
    returned: any;
    called_with: Record<string, any>;
    method: MethodDefinition;
    message: string;
    status: number;
}

/** What the servers returned; its own `returned` and `executed_by` are those of the first. */
export interface InvocationResult extends ReturnValue {
    all_return_values: ReturnValue[];
    all_errors: FailedInvocation[];
}

/** How the call to one server ended. */
export interface Outcome {
    executed_by: Instance | null;
    returned?: any;
    error?: Failure;
}

/** @throws InvocationError when no server returned anything. */
export function joinOutcomes(
    method: MethodDefinition,
    called_with: Record<string, any>,
    outcomes: Outcome[],
): InvocationResult {
    const all_errors = failuresIn(method, called_with, outcomes);
    const all_return_values = outcomes
        .filter((outcome) => !outcome.error)
        .map(({ executed_by, returned }) => ({
            executed_by,
            returned,
            called_with,
            method,
            message: '',
            status: STATUS_SUCCESS,
        }));
    if (all_return_values.length === 0) {
        throw new InvocationError(all_errors[0].message, all_errors[0].type, all_errors);
    }
    return { ...all_return_values[0], all_return_values, all_errors };
}

/** The failures among the outcomes. */
export function failuresIn(
    { name }: MethodDefinition,
    called_with: Record<string, any>,
    outcomes: Outcome[],
): FailedInvocation[] {
    return outcomes
        .filter((outcome) => outcome.error)
        .map(({ executed_by, error }) => ({
            executed_by,
            called_with,
            name,
            ...error,
        })) as FailedInvocation[];
}
