/**
 * What is on offer: which server offers which method, and what happens when that changes. The words
 * and rules are those of `peer/directory.py`.
 *
 * A server is an instance that offers at least one method. A change is told as events, in this
 * order:
 *
 * - a method comes: `serverAdded` (its first), `methodAdded` (nobody offered it before),
 *   `serverMethodAdded`;
 * - a method goes: `methodRemoved` (nobody offers it any more), `serverMethodRemoved`,
 *   `serverRemoved` (its last).
 */

import { type MethodDefinition, methodKey } from './definitions';
import type { Instance } from './instance';
import { inOrderOfPreference } from './preference';

/** One method at one server. */
export interface Offer {
    /** No other offer has it. */
    id: string;
    server: Instance;
    method: MethodDefinition;
    /** Its place among all registrations. */
    registration: number;
}

export type DiscoveryEventType =
    | 'methodAdded'
    | 'methodRemoved'
    | 'serverAdded'
    | 'serverRemoved'
    | 'serverMethodAdded'
    | 'serverMethodRemoved';

export interface DiscoveryEvent {
    type: DiscoveryEventType;
    /** null where it is about a server only. */
    method: MethodDefinition | null;
    /** null where it is about a method only. */
    server: Instance | null;
}

export class Offers implements Iterable<Offer> {
    private readonly offers = new Map<string, Offer>();
    private readonly byServer = new Groups();
    private readonly byMethod = new Groups();

    [Symbol.iterator](): IterableIterator<Offer> {
        return this.offers.values();
    }

    get(id: string): Offer | undefined {
        return this.offers.get(id);
    }

    /** An offer comes. Returns what happened. */
    add(offer: Offer): DiscoveryEvent[] {
        const { id, server, method } = offer;
        this.offers.set(id, offer);
        const isFirstOfServer = this.byServer.add(server.peerId, offer);
        const isFirstOfMethod = this.byMethod.add(methodKey(method), offer);
        return [
            ...(isFirstOfServer ? [told('serverAdded', null, server)] : []),
            ...(isFirstOfMethod ? [told('methodAdded', method, null)] : []),
            told('serverMethodAdded', method, server),
        ];
    }

    /** An offer that is there goes. Returns what happened. */
    remove(offer: Offer): DiscoveryEvent[] {
        const { id, server, method } = offer;
        this.offers.delete(id);
        const isLastOfServer = this.byServer.remove(server.peerId, offer);
        const isLastOfMethod = this.byMethod.remove(methodKey(method), offer);
        return [
            ...(isLastOfMethod ? [told('methodRemoved', method, null)] : []),
            told('serverMethodRemoved', method, server),
            ...(isLastOfServer ? [told('serverRemoved', null, server)] : []),
        ];
    }

    /** The methods, each once, in the order in which they came. */
    methods(): MethodDefinition[] {
        return this.byMethod.firsts().map(({ method }) => method);
    }

    /**
     * The servers, each once, in the order of preference.
     *
     * @param user Whose servers come first.
     */
    servers(user: unknown): Instance[] {
        const earliest = new Map<string, readonly [Instance, number]>();
        for (const { server, registration } of this.offers.values()) {
            const [known, before] = earliest.get(server.peerId) ?? [server, registration];
            earliest.set(server.peerId, [known, Math.min(before, registration)]);
        }
        return inOrderOfPreference([...earliest.values()], user);
    }
}

/** Offers that have something in common, by what that is. */
class Groups {
    private readonly groups = new Map<string, Set<Offer>>();

    /** Whether it is the first of its group. */
    add(key: string, offer: Offer): boolean {
        const group = this.groups.get(key) ?? new Set();
        this.groups.set(key, group.add(offer));
        return group.size === 1;
    }

    /** Whether it was the last of its group. */
    remove(key: string, offer: Offer): boolean {
        const group = this.groups.get(key);
        group?.delete(offer);
        return group?.size === 0 && this.groups.delete(key);
    }

    /** The first offer of each group. */
    firsts(): Offer[] {
        return [...this.groups.values()].map(([first]) => first);
    }
}

function told(
    type: DiscoveryEventType,
    method: MethodDefinition | null,
    server: Instance | null,
): DiscoveryEvent {
    return { type, method, server };
}
