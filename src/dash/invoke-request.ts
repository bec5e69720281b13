/** `MethodInvoke.invoke`: what is to be invoked, as a callback wrote it. */

import { readTimeout, readWaitTimeout } from '../client/deadlines';
import { InvocationError } from '../client/errors';
import type { InvokeOptions } from '../client/invoking';
import { checkKeys } from '../client/keys';

export interface InvokeRequest {
    definition: unknown;
    argumentObj?: unknown;
    target?: unknown;
    options: InvokeOptions;
}

export const INVOKE_KEYS = [
    'definition',
    'argumentObj',
    'target',
    'options',
    'invocationId',
] as const;

export const OPTION_KEYS = ['methodResponseTimeoutMs', 'waitTimeoutMs'] as const;

/**
 * The request in what a callback wrote; throws an InvocationError that says what is wrong with it.
 */
export function readInvoke(invoke: any): InvokeRequest {
    try {
        return read(invoke);
    } catch (error) {
        throw new InvocationError((error as Error).message, 'InvalidInvoke');
    }
}

function read(invoke: any): InvokeRequest {
    if (typeof invoke !== 'object' || Array.isArray(invoke)) {
        throw new Error('invoke has to be a dict with a definition');
    }
    checkKeys('invoke', invoke, INVOKE_KEYS);
    if (invoke.definition === undefined || invoke.definition === null) {
        throw new Error('invoke needs a definition: the name of a method or a dict with a name');
    }
    return { ...invoke, options: readOptions(invoke.options) };
}

function readOptions(options: any): InvokeOptions {
    if (options === undefined || options === null) {
        return {};
    }
    if (typeof options !== 'object' || Array.isArray(options)) {
        throw new Error('The options have to be a dict');
    }
    checkKeys('options', options, OPTION_KEYS);
    readTimeout('methodResponseTimeoutMs', options.methodResponseTimeoutMs, 0);
    readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, 0);
    return options;
}
