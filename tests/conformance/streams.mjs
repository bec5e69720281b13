// Stream scenarios: publishers and subscribers that keep what they are told.

import { methodVisible } from './clients.mjs';
import { Collected, within } from './deadline.mjs';

// `accept` decides about each subscription request; without it all are accepted.
export async function publish(client, name, accept) {
    const requests = new Collected();
    const added = new Collected();
    const removed = new Collected();
    const stream = await client.interop.createStream(name, {
        subscriptionRequestHandler: (request) => {
            requests.add(request);
            return accept ? accept(request) : request.accept();
        },
        subscriptionAddedHandler: added.add,
        subscriptionRemovedHandler: removed.add,
    });
    return { stream, requests, added, removed };
}

export async function subscribe(client, name, parameters = {}, servers = 1) {
    const streamName = typeof name === 'string' ? name : name.name;
    await methodVisible(client, streamName, servers);
    const subscription = await within(client.interop.subscribe(name, parameters), 'subscription');
    return listen(subscription);
}

export function listen(subscription) {
    const events = new Collected();
    const closings = new Collected();
    subscription.onData(events.add);
    subscription.onClosed(closings.add);
    const values = () => events.items.map(({ data }) => data);
    return { subscription, events, closings, values };
}
