import type { DashProps } from '../dash/component';
import { useTunnel } from '../dash/useTunnel';

interface Props extends DashProps {
    /** Hand over all that waits at once: message is then a list of messages, and answer may be a list of answers. Saves a round trip for each when many come together. */
    batch?: boolean;

    /** What the page's JavaScript has sent, the Input of the callback: a dict with "version" (a whole number, which grows with each message), "data" (a string, or another value of JSON), "requestId" (a string where the JavaScript waits for an answer, else None) and "sequence" (a number of its own). None before the first one. Each message comes once, in order, and the next one when the callbacks of the one before have ended. With batch a list of such dicts. Set by the library: do not write to it. */
    message?: any;

    /** A message for the page's JavaScript, the Output of callbacks: a string or number, or a dict with "data" (any value of JSON) and, to answer the message of a version, that "version"; a dict or a list is sent as {"data": ...}. Or a list of such messages. Each is sent once, also when it equals the one before; it waits until some JavaScript listens. */
    send?: any;

    /** The answer to a message, the Output of callbacks: a dict with its "requestId", or with its "version" where it has none, and with "data" (any value of JSON) or "error" (a string; or a dict with a "message", and a "type" that names the exception where there was one), which reaches the JavaScript that asked. Or a list of such dicts. */
    answer?: any;

    /** How many answers were not sent because a message with a higher version had been answered before: 0 or more, None before the first. Set by the library: do not write to it. */
    stale?: number;

    /** Why a message may be lost, or why something that was written has no effect: a dict with a "message" and a "sequence"; None once something has succeeded since. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
        /** A number of its own. */
        sequence: number;
    };
}

/** A tunnel between the JavaScript of a page, such as a file in the app's assets, and callbacks. The JavaScript finds it as window.dash_interop.tunnels.get(id), before or after the component is in the layout, and sends messages (send_msg), asks (request) and listens (on_receive). Shows nothing, and needs no connection. Removing it from the layout ends the tunnel. */
const Tunnel = ({ batch = false, ...rest }: Props) => {
    useTunnel({ batch, ...rest });
    return null;
};

export default Tunnel;
