/**
 * Who offers what, now and from now on. Core's own events are heard with their faults healed: it
 * tells of servers that offer nothing, lists its own instance twice after an outage, takes a method
 * and a stream of one name for the same, and repeats to a new listener, a moment later, what was
 * there when the listener came, though it may be gone by then.
 */

import { foundDefinition, type MethodDefinition, methodKey } from './definitions';
import type { RegistrationOf } from './directory';
import { type Instance, publicInstance } from './instance';
import { type OfferFilter, readOfferFilter } from './offer-filter';
import { type DiscoveryEvent, type Offer, Offers } from './offers';

/** Called with what happened at once, in order. */
export type DiscoveryListener = (events: DiscoveryEvent[]) => void;

export class Discovering {
    private readonly interop: any;
    private readonly registrationOf: RegistrationOf;
    private readonly all = new Offers();
    private readonly discoveries = new Set<Discovery>();
    private isHearing = false;
    /** Whether core may still repeat what was there when it was asked first. */
    private mayRepeat = true;

    /** @param interop That of core. */
    constructor(interop: any, registrationOf: RegistrationOf) {
        this.interop = interop;
        this.registrationOf = registrationOf;
    }

    /** A discovery that sees nothing as yet: `see` tells it what to look for. */
    discover(listener: DiscoveryListener): Discovery {
        this.hear();
        const discovery: Discovery = new Discovery(this.all, listener, {
            user: () => this.interop.instance.user,
            stop: () => this.discoveries.delete(discovery),
        });
        this.discoveries.add(discovery);
        return discovery;
    }

    private hear(): void {
        if (this.isHearing) {
            return;
        }
        this.isHearing = true;
        for (const server of this.interop.servers({})) {
            for (const method of this.methodsOf(server)) {
                this.add(server, method);
            }
        }
        this.interop.serverMethodAdded(({ server, method }: any) => this.add(server, method));
        this.interop.serverMethodRemoved(({ server, method }: any) => this.remove(server, method));
        setTimeout(() => {
            this.mayRepeat = false;
        });
    }

    /** Not all that matches the instance: a page that came back is seen twice for a while. */
    private methodsOf({ peerId }: Instance): any[] {
        return this.interop.methodsForInstance({ peerId });
    }

    private add(server: any, method: any): void {
        const id = offerId(server, method);
        if (this.all.get(id) || (this.mayRepeat && !this.isThere(server, id))) {
            return;
        }
        const offer = {
            id,
            server: publicInstance(server),
            method: foundDefinition(method),
            registration:
                this.registrationOf(server.peerId, method.gatewayId) ?? Number.MAX_SAFE_INTEGER,
        };
        this.all.add(offer);
        for (const discovery of [...this.discoveries]) {
            discovery.added(offer);
        }
    }

    private isThere(server: any, id: string): boolean {
        return this.methodsOf(server).some((method) => offerId(server, method) === id);
    }

    private remove(server: any, method: any): void {
        const offer = this.all.get(offerId(server, method));
        if (!offer) {
            return;
        }
        this.all.remove(offer);
        for (const discovery of [...this.discoveries]) {
            discovery.removed(offer);
        }
    }
}

/** What one listener sees: a part of what is on offer, and what happens to that part. */
export class Discovery {
    private readonly all: Offers;
    private readonly seen = new Offers();
    private readonly listener: DiscoveryListener;
    private readonly owner: { user: () => unknown; stop: () => void };
    private matches: (offer: Offer) => boolean = () => false;

    constructor(all: Offers, listener: DiscoveryListener, owner: Discovery['owner']) {
        this.all = all;
        this.listener = listener;
        this.owner = owner;
    }

    /** The methods that it sees, each once, in the order in which they came. */
    get methods(): MethodDefinition[] {
        return this.seen.methods();
    }

    /** The servers of these methods, each once, in the order of preference. */
    get servers(): Instance[] {
        return this.seen.servers(this.owner.user());
    }

    /**
     * Sees what matches from now on. What no longer matches goes, and what is there comes, as if it
     * did so now.
     *
     * @throws Error that says what is wrong with the filter; it sees nothing then.
     */
    see(filter: OfferFilter): void {
        this.matches = () => false;
        try {
            this.matches = readOfferFilter(filter);
        } finally {
            const gone = [...this.seen].filter((offer) => !this.matches(offer));
            const come = [...this.all].filter(
                (offer) => this.matches(offer) && !this.seen.get(offer.id),
            );
            this.tell([
                ...gone.flatMap((offer) => this.seen.remove(offer)),
                ...come.flatMap((offer) => this.seen.add(offer)),
            ]);
        }
    }

    /** The listener hears no more. */
    stop(): void {
        this.owner.stop();
    }

    added(offer: Offer): void {
        if (this.matches(offer)) {
            this.tell(this.seen.add(offer));
        }
    }

    removed(offer: Offer): void {
        if (this.seen.get(offer.id)) {
            this.tell(this.seen.remove(offer));
        }
    }

    private tell(events: DiscoveryEvent[]): void {
        if (events.length > 0) {
            this.listener(events);
        }
    }
}

/** The same before and after core has forgotten the offer. */
function offerId({ peerId }: Instance, method: MethodDefinition & { gatewayId?: string }): string {
    return JSON.stringify([peerId, method.gatewayId, methodKey(method)]);
}
