import type { DashProps } from '../dash/component';
import { useDiscovery } from '../dash/useDiscovery';

interface Props extends DashProps {
    /** Only methods of this name, compared without regard to case; None or "" for any. A changed filter looks anew: what no longer matches is told as removed, what matches now as added. */
    name?: string;

    /** Only methods that have all of these object types. */
    objectTypes?: string[];

    /** Only methods with this display name. */
    displayName?: string;

    /** Only methods with this description. */
    description?: string;

    /** Only methods with these arguments, the text of their definition. */
    accepts?: string;

    /** Only methods with this result, the text of their definition. */
    returns?: string;

    /** Only methods of this version. */
    version?: number;

    /** Only what these instances offer: a dict that they have to match, such as {"application": "Trades"}, or a list of such dicts, of which one has to match. A value may be {"regex": "^Tra", "flags": "i"}. The instance of a Glue42 is that page alone. */
    instance?: any;

    /** Whether to leave methods out that are not streams. */
    streamsOnly?: boolean;

    /** The methods and streams on offer that match, the Input of a callback: a list of dicts with "name", "supportsStreaming" (True for a stream) and what else their definitions have, each good as a definition for MethodInvoke. A method that several instances offer is one entry. None until the page has been connected. Set by the library: do not write to it. */
    methods?: any;

    /** The instances that offer one of these methods, the Input of a callback: a list of dicts with "application", "instance", "user", "machine", "peerId" and more, each good as a target. In front is the one that "best" would mean. None until the page has been connected. Set by the library: do not write to it. */
    servers?: any;

    /** What has happened, the Input of a callback: a list of dicts, each event once and in order; a run of the callback gets all that have come since the run before began. "type" is "methodAdded" (the first instance offers it), "methodRemoved" (its last instance has withdrawn it, or is gone), "serverAdded" (it offers its first method), "serverRemoved" (it has withdrawn its last one, or is gone), "serverMethodAdded" or "serverMethodRemoved" (an instance offers a method, or no longer does). "method" and "server" are as in methods and servers, or None where the event is not about one. "sequence" counts the events of this component. What is there already is told first; in an outage all go, and come again afterwards. None before the first one. Set by the library: do not write to it. */
    events?: any;

    /** What is wrong with the filters: a dict with a "message"; None while all is well. Nothing is seen until it is put right. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };
}

/** Discovers who offers which methods and streams, those of this page included, as long as it is in the layout. Without filters it sees all that the page's user may see. Shows nothing. */
const Discovery = ({ streamsOnly = false, ...rest }: Props) => {
    useDiscovery({ streamsOnly, ...rest });
    return null;
};

export default Discovery;
