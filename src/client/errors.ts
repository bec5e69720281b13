/**
 * Why an invocation failed, in one word: the table of `dash_interop/errors.py`, which has a class
 * for each word.
 */

import type { Instance } from './instance';

export const ERROR_TYPES = [
    'InvalidInvoke',
    'NotConnected',
    'MethodNotFound',
    'InvalidArguments',
    'InvalidResult',
    'HandlerFailed',
    'NoResult',
    'Timeout',
    'cancelled',
    'Overloaded',
    'TooLarge',
    'ServerGone',
    'ConnectionLost',
] as const;

export type ErrorType = (typeof ERROR_TYPES)[number];

/** The words that the library at a server may say to a caller. */
export const SAID_BY_SERVERS = [
    'InvalidArguments',
    'InvalidResult',
    'NoResult',
    'Timeout',
    'Overloaded',
    'TooLarge',
    'ServerGone',
] as const satisfies ErrorType[];

export type ServerErrorType = (typeof SAID_BY_SERVERS)[number];

/** Whether the server got an invocation whose end is not known. */
export const DELIVERED = ['no', 'yes', 'unknown'] as const;

export type Delivered = (typeof DELIVERED)[number];

/** The failure of an invocation at one server. */
export interface FailedInvocation {
    executed_by: Instance | null;
    called_with: Record<string, any>;
    name: string;
    message: string;
    type?: ErrorType;
    /** Name of the exception in the handler, if the server names it. */
    exception?: string;
    /** Whether the server got the invocation, where it or the connection was lost. */
    delivered?: Delivered;
    /** All that the server put into its error. */
    returned?: any;
}

/** No server answered with a result. */
export class InvocationError extends Error {
    /** Undefined for an error of a gateway that is not ours. */
    readonly type: ErrorType | undefined;
    readonly errors: FailedInvocation[];

    constructor(message: string, type: ErrorType | undefined, errors: FailedInvocation[] = []) {
        super(message);
        this.type = type;
        this.errors = errors;
    }
}

const BY_REASON_URI: Record<string, ErrorType> = {
    'agm.errors.client_error': 'HandlerFailed',
    'agm.errors.invocation.failure': 'ServerGone',
    'agm.errors.failure': 'ServerGone',
    'global.errors.limits_exceeded': 'Overloaded',
    'global.errors.going_away': 'ConnectionLost',
};

/** The word for the reason of an error message; undefined for reasons of other gateways. */
export function typeOfReason(reasonUri: string | undefined): ErrorType | undefined {
    return BY_REASON_URI[reasonUri ?? ''];
}

/** What core rejects with, which may be anything, as an Error. */
export function toError(reason: any): Error {
    const cause = reason?.err ?? reason;
    if (cause instanceof Error) {
        return cause;
    }
    const said = typeof cause === 'string' ? cause : (cause?.reason ?? cause?.message);
    return new Error(said ?? String(JSON.stringify(cause)));
}
