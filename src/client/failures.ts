/**
 * How the failure of an invocation travels from its server to its caller.
 *
 * An error that the library at a server makes itself has an `interopType` beside the `message` on
 * the wire. Any other error comes from the handler; its `type`, if there is one, names an
 * exception.
 */

import type { MethodDefinition } from './definitions';
import {
    DELIVERED,
    type Delivered,
    type ErrorType,
    SAID_BY_SERVERS,
    type ServerErrorType,
} from './errors';

/** An error as it travels to the caller. */
export interface HandlerError {
    message: string;
    [field: string]: any;
}

/** What kind of failure it was. */
export interface FailureKind {
    /** Undefined for an error of a gateway that is not ours. */
    type?: ErrorType;
    /** Name of the exception in the handler, if the server names it. */
    exception?: string;
}

/** An error that the library makes in place of the handler. */
export function libraryError(type: ServerErrorType, message: string): HandlerError {
    return { message, interopType: type };
}

/** The kind of failure, given the context of a server's error. */
export function readFailure(context: unknown): FailureKind {
    const { interopType, type } = (context ?? {}) as { interopType?: unknown; type?: unknown };
    const said = SAID_BY_SERVERS.find((one) => one === interopType);
    if (said) {
        return { type: said };
    }
    return {
        type: 'HandlerFailed',
        ...(typeof type === 'string' ? { exception: type } : {}),
    };
}

/** Why a call has no result. */
export interface Failure extends FailureKind {
    message: string;
    /** Whether the server got it, where it or the connection was lost. */
    delivered?: Delivered;
    /** All that the server put into its error. */
    returned?: any;
}

/** The beginnings of messages of core, and of the gateway where core hides its reason. */
const WORDS_OF_CORE: [string, ErrorType][] = [
    ['Invocation timeout', 'Timeout'],
    ['Can not find a method', 'MethodNotFound'],
    ['Peer has left', 'ServerGone'],
];

/** The failure of a call: core rejects with results, frames, bare objects or nothing at all. */
export function failureOf(reason: any, method: MethodDefinition, timeoutMs: number): Failure {
    const said = typeof reason === 'string' ? reason : reason?.message;
    const returned = reason?.returned;
    if (said === undefined || said === null) {
        const message = `The connection was lost before ${method.name} answered`;
        return { message, type: 'ConnectionLost' };
    }
    if (returned) {
        const message = String(said) || `${method.name} failed without saying why`;
        return { message, ...readFailure(returned), returned };
    }
    const type = WORDS_OF_CORE.find(([words]) => String(said).startsWith(words))?.[1];
    if (type === 'Timeout') {
        return { message: `${method.name} did not answer within ${timeoutMs} ms`, type };
    }
    return { message: String(said) || `${method.name} failed without saying why`, type };
}

/** The failures of which nobody knows by themselves whether the server got the invocation. */
const LOST: (ErrorType | undefined)[] = ['ServerGone', 'ConnectionLost'];

/**
 * The failure with what is known of whether the server got the invocation, where that is a question.
 *
 * @param known By what this page has sent and heard.
 */
export function withDelivery(failure: Failure, known: Delivered): Failure {
    if (!LOST.includes(failure.type)) {
        return failure;
    }
    const said = DELIVERED.find((one) => one === failure.returned?.delivered);
    return { ...failure, delivered: known === 'yes' ? known : (said ?? known) };
}
