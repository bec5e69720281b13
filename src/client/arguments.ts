import { InvocationError } from './errors';

/** The arguments of an invocation or a subscription, as an author wrote them. */
export function readArguments(args: unknown): Record<string, any> {
    if (args === undefined || args === null) {
        return {};
    }
    if (typeof args !== 'object' || Array.isArray(args)) {
        throw new InvocationError(
            `The arguments have to be a dict, not ${Array.isArray(args) ? 'a list' : JSON.stringify(args)}`,
            'InvalidArguments',
        );
    }
    return args;
}
