/**
 * Why an invocation failed, in one word: the table of `dash_interop/errors.py`, which has a class
 * for each of them.
 *
 * On the wire, what the library at a server says for itself has an `interopType` beside the
 * `message`; all else is its handler's, whose exception is named by `type`, whatever it is called.
 */

export const ERROR_TYPES = [
    'InvalidInvoke',
    'NotConnected',
    'MethodNotFound',
    'InvalidArguments',
    'InvalidResult',
    'HandlerFailed',
    'NoResult',
    'Timeout',
    'Overloaded',
    'TooLarge',
    'ServerGone',
    'ConnectionLost',
] as const;

export type ErrorType = (typeof ERROR_TYPES)[number];

/** What the library at a server may tell a caller. */
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

/** An error as it travels to the caller. */
export interface HandlerError {
    message: string;
    [field: string]: any;
}

/** What kind of failure it was. */
export interface FailureKind {
    /** Undefined for an error of a gateway that is not ours. */
    type?: ErrorType;
    /** Name of the exception in the handler, where it told. */
    exception?: string;
}

/** What the library tells a caller in place of the handler. */
export function libraryError(type: ServerErrorType, message: string): HandlerError {
    return { message, interopType: type };
}

/** What kind of failure the context of a server's error tells of. */
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

const BY_REASON_URI: Record<string, ErrorType> = {
    'agm.errors.client_error': 'HandlerFailed',
    'agm.errors.invocation.failure': 'ServerGone',
    'agm.errors.failure': 'ServerGone',
    'global.errors.limits_exceeded': 'Overloaded',
};

/** What an error of the wire means; undefined for reasons of other gateways. */
export function typeOfReason(reasonUri: string | undefined): ErrorType | undefined {
    return BY_REASON_URI[reasonUri ?? ''];
}
