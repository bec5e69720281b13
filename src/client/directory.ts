/** What the page knows of others: the instances it sees, what they offer, and who comes first. */

import { type MethodDefinition, methodKey } from './definitions';
import { type Instance, publicInstance } from './instance';
import { inOrderOfPreference } from './preference';

/** The place of a method among all registrations at the gateway; undefined where unknown. */
export type RegistrationOf = (peerId: string, methodId: string) => number | undefined;

/** A method or a stream, as one instance offers it. */
export interface Offer {
    server: Instance;
    /** Another one when the instance withdraws it and offers it again. */
    id: string;
}

export class Directory {
    private readonly interop: any;
    private readonly registrationOf: RegistrationOf;

    /** @param interop That of core. */
    constructor(interop: any, registrationOf: RegistrationOf) {
        this.interop = interop;
        this.registrationOf = registrationOf;
    }

    /** This page as every other one sees it. */
    get instance(): Instance {
        return publicInstance(this.interop.instance);
    }

    get ownPeerId(): string | undefined {
        return this.interop.instance.peerId;
    }

    /** The names of all methods that are offered now. */
    methodNames(): string[] {
        return this.interop
            .methods({})
            .filter(({ supportsStreaming }: any) => !supportsStreaming)
            .map(({ name }: MethodDefinition) => name);
    }

    /**
     * The instances that offer a method or a stream, each once, in the order of preference: those
     * of the own user first, then the one that registered first.
     */
    servers(method: MethodDefinition, streams: boolean): Instance[] {
        const matching = new Set<string>(
            this.interop
                .methods(method)
                .filter((found: any) => Boolean(found.supportsStreaming) === streams)
                .map(methodKey),
        );
        // After a reconnect core lists its own instance twice.
        const instances = new Map<string, Instance>();
        for (const instance of this.interop.servers(method)) {
            instances.set(instance.peerId, instance);
        }
        const offering = [...instances.values()]
            .map((instance) => [instance, this.firstRegistration(instance, matching)] as const)
            .filter((entry): entry is [Instance, number] => entry[1] !== undefined);
        return inOrderOfPreference(offering, this.interop.instance.user);
    }

    /** What these instances offer, in the same order. */
    offers(method: MethodDefinition, streams: boolean): Offer[] {
        const name = method.name.toLowerCase();
        const isMeant = (found: any) =>
            found.name.toLowerCase() === name && Boolean(found.supportsStreaming) === streams;
        return this.servers(method, streams).map((server) => {
            const { peerId } = server;
            const offered = this.interop.methodsForInstance({ peerId }).find(isMeant);
            return { server, id: `${peerId}/${offered?.gatewayId}` };
        });
    }

    /** Calls `listener` whenever a server offers one more method; returns how to stop. */
    onServerMethodAdded(listener: () => void): () => void {
        return this.interop.serverMethodAdded(listener);
    }

    /** The same when a server no longer offers one, also because it left. */
    onServerMethodRemoved(listener: () => void): () => void {
        return this.interop.serverMethodRemoved(listener);
    }

    /**
     * Calls `listener` with the peer id of each peer that leaves, also when the connection is lost.
     */
    onPeerLeft(listener: (peerId: string) => void): () => void {
        return this.interop.serverRemoved(({ peerId }: Instance) => listener(peerId));
    }

    /**
     * When `instance` registered the first of the methods; undefined when it offers none of them.
     */
    private firstRegistration(instance: Instance, methods: Set<string>): number | undefined {
        const offered = this.interop
            .methodsForInstance({ peerId: instance.peerId })
            .filter((method: any) => methods.has(methodKey(method)));
        if (offered.length === 0) {
            return undefined;
        }
        const order = offered.map(
            (method: any) =>
                this.registrationOf(instance.peerId, method.gatewayId) ?? Number.MAX_SAFE_INTEGER,
        );
        return Math.min(...order);
    }
}
