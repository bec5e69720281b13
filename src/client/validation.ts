/** Checks what goes through a handler: the arguments on their way in, the result on its way out. */

import { readDefinition } from './definitions';
import type { ServerErrorType } from './errors';
import { type HandlerError, libraryError } from './failures';
import type { Handler } from './serving';
import { makeChecks, type ReadSignature } from './signature';

const MODES = ['off', 'warn', 'strict'] as const;

export type Mode = (typeof MODES)[number];

/** The mode that an author gave; throws an Error for a value that is not a mode. */
export function readMode(value: unknown): Mode {
    const mode = MODES.find((one) => one === (value ?? 'off'));
    if (!mode) {
        throw new Error(
            `validate has to be "off", "warn" or "strict", not ${JSON.stringify(value)}`,
        );
    }
    return mode;
}

export interface Validation {
    mode: Mode;
    /** Whether results reach the callers. */
    returns: () => boolean;
    readSignature: ReadSignature;
    warn: (message: string) => void;
}

/**
 * The handler to register: it checks the arguments before the given handler gets them, and the
 * result before the caller gets it. Rejects when the definition cannot be used.
 */
export async function validated(
    handler: Handler,
    definition: unknown,
    { mode, returns, readSignature, warn }: Validation,
): Promise<Handler> {
    const method = readDefinition(definition);
    const schemas = await readSignature(method);
    if (!schemas || mode === 'off') {
        return handler;
    }
    const checks = await makeChecks(schemas);
    const describe = (problems: string[]) => `${method.name}: ${problems.join('; ')}`;
    const isRefused = (
        problems: string[],
        type: ServerErrorType,
        fail: (error: HandlerError) => void,
    ) => {
        if (problems.length === 0) {
            return false;
        }
        // A wrong result is a fault of this app, so its author hears of it in strict mode, too.
        if (mode === 'warn' || type === 'InvalidResult') {
            warn(describe(problems));
        }
        if (mode === 'strict') {
            fail(libraryError(type, describe(problems)));
        }
        return mode === 'strict';
    };
    return (args, caller, reply) => {
        const succeed = (result: Record<string, any>) => {
            const problems = returns() ? checks.returns(result) : [];
            isRefused(problems, 'InvalidResult', reply.fail) || reply.succeed(result);
        };
        isRefused(checks.accepts(args), 'InvalidArguments', reply.fail) ||
            handler(args, caller, { ...reply, succeed });
    };
}
