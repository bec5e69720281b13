import type { DashProps } from '../dash/component';
import { useStreamSubscribe } from '../dash/useStreamSubscribe';

interface Props extends DashProps {
    /** The stream: its name, or a dict with "name" and whatever else has to match its definition. With another definition it subscribes anew. */
    definition: any;

    /** What the publisher gets to decide with, a dict. With other arguments it subscribes anew. */
    arguments?: object;

    /** Which publishers: "best" (default: the instance that offered the stream first), "all", "skipMine" (all but this page), a dict that instances have to match, such as {"application": "Prices"}, or a list of such dicts. A value may be {"regex": "^Pri", "flags": "i"}. With "all", "skipMine" and a list, data of all of them comes, and publishers that come later are asked, too. With another target it subscribes anew. */
    target?: any;

    /** How long there may be no publisher, in milliseconds, before status says so in its reason. The subscription goes on waiting for one. Counts from the next time that it subscribes. */
    waitTimeoutMs?: number;

    /** Longest wait for the answer of a publisher, in milliseconds. Counts from the next time that it subscribes. */
    methodResponseTimeoutMs?: number;

    /** Whether there is a subscription. False closes it; True subscribes again. */
    active?: boolean;

    /** True keeps data back: it waits, and is delivered when paused is False again. */
    paused?: boolean;

    /** How callbacks get the data. "every": each datum once, in order. "batch": all that wait, as a list; saves a round trip for each when many come together. "latest": the newest datum only, with "replaced", the number of data that it replaced before a callback got them. */
    delivery?: 'every' | 'batch' | 'latest';

    /** For delivery "latest": a field of what is pushed, such as "symbol". data is then a list, with the newest datum of each value of that field that has come anew, each with its "replaced". */
    key?: string;

    /** Most values of data in a second; without it, as many as the callbacks can take. */
    maxRate?: number;

    /** Most data that wait. When more come, the oldest are dropped: status counts them as "lost", and the browser's console has a warning. */
    maxWaiting?: number;

    /** A JavaScript function that gets the data in place of callbacks, without a trip to the Dash server: {"namespace": "charts", "function_name": "draw"} is window.dash_clientside.charts.draw, from a file in the app's assets. It is called with what data would be, one call after the other; of a Promise that it returns, the end is waited for, five minutes at most. data is not set then. What it throws goes to error and the console. */
    clientsideHandler?: {
        /** The key in window.dash_clientside. */
        namespace: string;
        /** The key of the function in it. */
        function_name: string;
    };

    /** What was pushed, the Input of a callback that runs once for each value; None before the first one. A dict with "data" (dict, what was pushed), "private" (whether it was pushed to this subscription alone), "requestArguments", "server" (the instance that pushed it) and "sequence" (counts the data of this component from 1 on); with another delivery a list of such dicts, or one with "replaced". Set by the library: do not write to it. */
    data?: any;

    /** How the subscription is, the Input of a callback that runs for each change. Set by the library: do not write to it. */
    status?: {
        /** "connecting" while there is no connection or no publisher, "open", "closed" (by the publisher or by active), "rejected" (by the publisher), or "failed" (nobody answered in time, or a property cannot be used). After an outage, and when the publisher left, withdrew the stream or reloads, it is "connecting" and opens again by itself; from the last three it goes on only when a property changes. */
        state: 'connecting' | 'open' | 'closed' | 'rejected' | 'failed';
        /** Why it is not open, in words; None where there is nothing to say. */
        reason?: string;
        /** Whether data may have been missed while it was not open the last time: it was made again, and the publisher had not kept all that was pushed meanwhile. */
        gap?: boolean;
        /** Whether it has, with what the publisher had kept, everything that was pushed since its last datum, or, where it has had none, since the stream was created; None where the publisher keeps no history. */
        recovered?: boolean;
        /** How many data were dropped because more than maxWaiting waited, found no clientsideHandler in the page, or may not have been handled because the Dash server did not answer their callback. */
        lost?: number;
        /** The instances that publish to it, a list of dicts. */
        servers?: object[];
    };

    /** What is wrong with a property or went wrong in the clientsideHandler: a dict with a "message"; None while all is well. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };
}

/** Subscribes to a stream that another app or process publishes; a callback with the component's data property as Input gets what is pushed. Shows nothing. Removing it from the layout closes the subscription. */
const StreamSubscribe = ({
    waitTimeoutMs = 30000,
    methodResponseTimeoutMs = 30000,
    active = true,
    paused = false,
    delivery = 'every',
    maxWaiting = 100000,
    ...rest
}: Props) => {
    const given = { waitTimeoutMs, methodResponseTimeoutMs, active, paused, delivery, maxWaiting };
    useStreamSubscribe({ ...given, ...rest });
    return null;
};

export default StreamSubscribe;
