/** What goes wrong in a tunnel, for the code that uses it. */

import type {
    TunnelErrorType,
    TunnelError as TypedError,
} from '../../dash_interop/dash_interop.d.ts';
import { type HandlerError, readFailure } from '../client/failures';

export class TunnelError extends Error implements TypedError {
    override readonly name = 'TunnelError';
    readonly type: TunnelErrorType;
    declare readonly exception?: string;

    /** @param exception The name of what the receiver raised, where there is one. */
    constructor(type: TunnelErrorType, message: string, exception?: string) {
        super(message);
        this.type = type;
        if (exception !== undefined) {
            this.exception = exception;
        }
    }
}

/** What the other end answered in place of a value. */
export function errorOf(told: HandlerError): TunnelError {
    const { type, exception } = readFailure(told);
    return new TunnelError((type ?? 'HandlerFailed') as TunnelErrorType, told.message, exception);
}
