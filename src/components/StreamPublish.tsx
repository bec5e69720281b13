import type { DashProps } from '../dash/component';
import { useStreamPublish } from '../dash/useStreamPublish';

interface Props extends DashProps {
    /** The stream to offer: its name, or a dict with "name" and optionally accepts (what subscribers may send as arguments), returns (what the data look like), displayName, description, objectTypes (list of strings) and version (number). A changed definition is offered anew: subscribers that follow the stream come back. */
    definition: any;

    /** Whether the stream is offered. False closes it, True offers it again. */
    active?: boolean;

    /** Whether subscriptions are accepted as they come, without a look at request. So they are, too, when no callback has request as Input. */
    autoAccept?: boolean;

    /** Longest time from the arrival of a request to its decision, in milliseconds; the wait for the requests before it counts. When it is up, the subscription is rejected. A number that is not positive is refused: see error. */
    requestTimeoutMs?: number;

    /** What the page keeps for those who subscribe later, or again after an outage: a number of data, the newest of each branch, up to 50,000; or a dict with "key", the name of a field that each datum has to have, and "size", the most values of it that are kept, for the newest datum of each value. No more than 4 MiB of a branch are kept. StreamSubscribe and the Python client get it before what comes live, and are told whether it is all; to others it is an ordinary stream. Without it, subscribers get what is pushed after they were accepted. */
    history?: any;

    /** What to push, the Output of a callback: a dict with "data", the dict that subscribers get. It goes to all of them; with "branch" (a key, or a list of keys) to those on these branches; with "subscriptionId" to that one alone. Or a list of such dicts, which are pushed in order. Each value written to it is pushed once, also when it equals the one before; a clientside callback has to write a new object each time. What is pushed while nobody subscribes reaches nobody, unless there is a history. */
    push?: any;

    /** The wish of an instance to subscribe, the Input of a callback that decides: a dict with "requestId" (string), "arguments" (dict) and "caller" (dict that describes the subscribing instance); None before the first one. Requests come one at a time. Set by the library: do not write to it. */
    request?: any;

    /** What becomes of a request, the Output of a callback: a dict with the "requestId" of request and either "accept": True, or "branch" with the key of the branch to accept it on, or "reject" with the reason, which the subscriber gets. A branch is there from its first subscriber on. Or a list of such dicts. */
    decision?: any;

    /** A subscription that was accepted, the Input of a callback that runs once for each of them: a dict with "subscriptionId" (the requestId of its request), "arguments" (dict), "branch" (the key, None where there is none) and "subscriber" (dict that describes the instance); None before the first one. Set by the library: do not write to it. */
    subscriptionAdded?: any;

    /** A subscription that has ended, the Input of a callback that runs once for each of them, after that of subscriptionAdded: a dict as in subscriptionAdded; None before the first one. When the page loses its connection, all subscriptions end; those that follow the stream come back as new ones. Set by the library: do not write to it. */
    subscriptionRemoved?: any;

    /** Data for one subscriber alone, such as what there is at the moment of its subscription, the Output of a callback: a dict with "subscriptionId" and "data" (dict), or a list of such dicts. Nothing happens when the subscriber is gone. */
    snapshot?: any;

    /** What to end, the Output of a callback: a dict with "subscriptionId", or with "branch" for all on that branch; or a list of such dicts. Subscribers hear that the publisher has closed their subscription. */
    close?: any;

    /** The present subscriptions: a list of dicts as in subscriptionAdded; None before the first one. Set by the library: do not write to it. */
    subscriptions?: any[];

    /** The branches that have subscribers: a list of dicts with "key" and "count"; None before the first one. Set by the library: do not write to it. */
    branches?: any[];

    /** What is wrong: a dict with a "message"; None while all is well. It is why the stream is not offered, or else what was wrong with the value that a callback wrote last. Set by the library: do not write to it. */
    error?: {
        /** What is wrong, in words. */
        message: string;
    };
}

/** Offers a stream that other apps can subscribe to: a callback writes to its push property, and each subscriber gets the data. Shows nothing. Removing it from the layout closes the stream. */
const StreamPublish = ({
    active = true,
    autoAccept = false,
    requestTimeoutMs = 30000,
    ...rest
}: Props) => {
    useStreamPublish({ active, autoAccept, requestTimeoutMs, ...rest });
    return null;
};

export default StreamPublish;
