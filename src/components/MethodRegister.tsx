import type { DashProps } from '../dash/component';
import { useMethodRegister } from '../dash/useMethodRegister';

interface Props extends DashProps {
    /** The method to offer: its name, or a dict with "name" and optionally accepts, returns, displayName, description, objectTypes (list of strings) and version (number). A changed definition is registered anew. */
    definition: any;

    /** Whether callers get a result. True: invocations reach the callback one by one, and each waits for the value it writes to result. False: callers are told that the invocation was accepted. */
    returns: boolean;

    /** Longest time from the arrival of an invocation to its result, in milliseconds; the wait for the invocations before it counts. When it is up, the caller gets an error. Void invocations have no limit. A number that is not positive is refused: see error. */
    methodResponseTimeoutMs?: number;

    /** Hand over all waiting invocations at once: invoke is then a list of invocations, and result has to be a list of their results. Saves a round trip for each when many come together. */
    batch?: boolean;

    /** Whether arguments and results are checked against the definition's accepts and returns. "off": they are not. "warn": a warning in the browser's console names what does not fit, each problem once, and the invocation goes on. "strict": the caller gets an error that names it; arguments that do not fit do not reach the callback, and a result that does not fit is not delivered. In any case, accepts and returns that are malformed are refused: see error. Where they are missing or empty, anything fits. */
    validate?: 'off' | 'warn' | 'strict';

    /** A JavaScript function that handles the invocations in place of callbacks, without a trip to the Dash server: {"namespace": "trades", "function_name": "sum"} is window.dash_clientside.trades.sum, from a file in the app's assets. It is called as each invocation comes, also while earlier ones are under way, with the arguments, the caller, and an object with "signal" (an AbortSignal, aborted when nobody waits for the result any more) and "progress" (a function that tells the caller how far it is). What it returns, or its Promise comes to, is the result; what it throws is the caller's error. invoke, result, progress, cancelled and batch are not in use then. */
    clientsideHandler?: {
        /** The key in window.dash_clientside. */
        namespace: string;
        /** The key of the function in it. */
        function_name: string;
    };

    /** The invocation to handle, the Input of the callback: a dict with "invocationId" (string), "args" (dict) and "caller" (dict that describes the calling instance); None before the first one. With batch a list of such dicts. Set by the library: do not write to it. */
    invoke?: any;

    /** The answer, the Output of the callback: a dict with the "invocationId" of invoke and either "invocationResult" (dict) or "error" (dict with a "message", and a "type" that names the exception where there was one). With batch a list of such dicts. */
    result?: any;

    /** How far an invocation is, an Output: a dict with the "invocationId" of invoke and a "value", or a list of such dicts. The caller gets each value, in order and before the result, if it listens. A callback that Dash runs as an ordinary request writes it only at its end, with the result; method_handler tells which others there are. */
    progress?: any;

    /** An invocation that the callback has, and for whose result nobody waits any more, an Input: a dict with "invocationId", "caller" and "reason": "cancelled" (the caller has cancelled it), "timeout" (its time is up) or "left" (the caller is gone). None before the first one. Background callbacks end by it: cancel=Input(id, "cancelled"). Invocations that the callback has not seen leave the queue without it. Set by the library: do not write to it. */
    cancelled?: {
        /** That of invoke. */
        invocationId: string;
        /** "cancelled", "timeout" or "left". */
        reason: string;
        /** The calling instance. */
        caller: object;
    };

    /** Why the method could not be registered: a dict with a "message"; None while all is well. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };
}

/** Offers a method that other apps can invoke; a callback with the component's invoke property as Input handles the invocations. Shows nothing. Removing it from the layout withdraws the method. */
const MethodRegister = ({
    methodResponseTimeoutMs = 30000,
    batch = false,
    validate = 'off',
    ...rest
}: Props) => {
    useMethodRegister({ methodResponseTimeoutMs, batch, validate, ...rest });
    return null;
};

export default MethodRegister;
