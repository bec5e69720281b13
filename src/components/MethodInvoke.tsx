import type { DashProps } from '../dash/component';
import { useMethodInvoke } from '../dash/useMethodInvoke';

interface Props extends DashProps {
    /** What to invoke, the Output of a callback. Each value written to it is one invocation, also when it equals the one before; a clientside callback has to write a new object each time. */
    invoke?: {
        /** The method: its name, or a dict with "name" and whatever else has to match its definition. */
        definition: any;
        /** The arguments, a dict. */
        argumentObj?: object;
        /** Whom to call: "best" (default: the instance that registered the method first), "all", "skipMine" (all but this page), a dict that instances have to match, such as {"application": "Trades"}, or a list of such dicts. A value may be {"regex": "^Tra", "flags": "i"}. */
        target?: any;
        /** Times to wait. */
        options?: {
            /** Longest wait for the result, in milliseconds; 30000 by default. A number that is not positive is refused: see result. */
            methodResponseTimeoutMs?: number;
            /** Longest wait for an instance that offers the method, in milliseconds; 30000 by default. With 0 the invocation does not wait, and a negative number is refused: see result. */
            waitTimeoutMs?: number;
        };
        /** Comes back with progress and result, to tell invocations apart, and names the one to cancel. */
        invocationId?: string;
    };

    /** What to cancel, the Output of a callback: a dict with the "invocationId" that was given with invoke, a list of such dicts, or True for all that is under way. What is cancelled has its result at once, with an error of the type "cancelled", and its server is told. What is under way goes on without it when this component leaves the layout. */
    cancel?: any;

    /** How far an invocation is, the Input of a callback that runs for each value that its server tells, in order and before the result; None before the first one. Servers are asked to tell it where a callback has it as Input when the invocation begins. Set by the library: do not write to it. */
    progress?: {
        /** The invocationId given with invoke; None where there was none. */
        invocationId?: string;
        /** What the server told. */
        value?: any;
        /** The instance that told it. */
        executed_by?: object;
        /** Counts the values of this component, so that equal values differ. */
        sequence?: number;
    };

    /** How an invocation ended, the Input of a callback that runs once for each of them; None before the first one. Set by the library: do not write to it. */
    result?: {
        /** The invocationId given with invoke; None where there was none. */
        invocationId?: string;
        /** None when the invocation failed, else a dict: "returned" (what the method returned; the first instance's value when there are several), "all_return_values" and "all_errors" (lists with an entry for each instance), "executed_by" (the instance), "called_with", "method", "message", "status". */
        invocationResult?: object;
        /** None on success, else a dict: "message" says why; "type" is one word for it: "InvalidInvoke", "NotConnected", "MethodNotFound", "InvalidArguments", "InvalidResult", "HandlerFailed", "NoResult", "Timeout", "cancelled", "Overloaded", "TooLarge", "ServerGone" or "ConnectionLost"; "exception" names the exception of a handler that failed, where it told; "delivered", with the last two, says whether the instance got the invocation: "no", "yes" or "unknown"; "all_errors" has an entry for each instance that failed. returned_value raises it as an exception of that kind. */
        error?: object;
        /** Counts the results of this component, so that equal results differ. */
        sequence?: number;
    };

    /** What was wrong with the value written to cancel last: a dict with a "message"; None while all is well. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };
}

/** Invokes methods that other apps offer: a callback writes to its invoke property, and another one gets its result property. Shows nothing. */
const MethodInvoke = (props: Props) => {
    useMethodInvoke(props);
    return null;
};

export default MethodInvoke;
