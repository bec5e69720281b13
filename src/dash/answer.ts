/** `MethodRegister.result`: the answer to one invocation, as a callback wrote it. */

import { type HandlerError, libraryError } from '../client/failures';
import { checkKeys } from '../client/keys';
import type { Reply } from '../client/serving';

export const ANSWER_KEYS = ['invocationId', 'invocationResult', 'error'] as const;

/** What is wrong with an answer, in words; undefined where nothing is. */
export function problemOf(answer: unknown): string | undefined {
    if (answer === null || typeof answer !== 'object') {
        // The queue says of it that it has no invocationId.
        return undefined;
    }
    // Only method_handler writes takesLists.
    const { takesLists, ...written } = answer as Record<string, unknown>;
    try {
        checkKeys("The handler's answer", written, ANSWER_KEYS);
        return undefined;
    } catch (error) {
        return (error as Error).message;
    }
}

/** Tells the caller what the callback has answered. */
export function passOn(answer: any, problem: string | undefined, reply: Reply): void {
    if (problem !== undefined) {
        reply.fail(libraryError('InvalidResult', problem));
    } else if (answer.error !== undefined && answer.error !== null) {
        reply.fail(readError(answer.error));
    } else {
        reply.succeed(readResult(answer.invocationResult));
    }
}

function readError(error: any): HandlerError {
    if (typeof error !== 'object') {
        return { message: String(error) };
    }
    return { ...error, message: String(error.message ?? 'The handler failed without saying why') };
}

/** Methods return objects: another value is put into one, and no value becomes an empty object. */
function readResult(value: unknown): Record<string, any> {
    if (value === undefined || value === null) {
        return {};
    }
    return typeof value === 'object' && !Array.isArray(value) ? value : { _value: value };
}
