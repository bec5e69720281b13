/**
 * The tunnels of a page by their ids. A page's code may ask for one before it is connected to
 * anything; what it sends then waits.
 */

import type { Tunnel } from '../../dash_interop/dash_interop.d.ts';
import { newId } from '../client/ids';
import { Endpoint } from './endpoint';
import { tunnelOf } from './tunnel';

/** What connects one end to the other. */
export interface Connector {
    /** There is something to take. */
    wake: () => void;
    /** Why what waits cannot be sent at present, in words; undefined where nothing is in its way. */
    obstacle: () => string | undefined;
    /** Nobody waits any more for the answer to a request that was taken. */
    cancel: (requestId: string) => void;
}

export interface RegistryOutlets {
    /** Says that nothing is connected under an id. */
    absence: (id: string) => string;
    /** A listener has thrown. */
    failed: (error: unknown) => void;
}

interface Entry {
    tunnel: Tunnel;
    endpoint: Endpoint;
    connector: Connector | undefined;
    connected: Promise<Tunnel>;
    resolve: (tunnel: Tunnel) => void;
}

export class TunnelRegistry {
    private readonly entries = new Map<string, Entry>();
    private readonly outlets: RegistryOutlets;

    constructor(outlets: RegistryOutlets) {
        this.outlets = outlets;
    }

    /** The tunnel of an id, the same one from the first question to its end. */
    get(id: string): Tunnel {
        return this.entry(id).tunnel;
    }

    /** The tunnel of an id, once it is connected. */
    when(id: string): Promise<Tunnel> {
        return this.entry(id).connected;
    }

    /** What is to be connected under an id; `end` of the answer takes it out again. */
    connect(id: string, connector: Connector): { endpoint: Endpoint; end: (why: string) => void } {
        const entry = this.entry(id);
        const { endpoint } = entry;
        entry.connector = connector;
        entry.resolve(entry.tunnel);
        if (endpoint.waiting > 0) {
            connector.wake();
        }
        const end = (why: string) => {
            if (this.entries.get(id) === entry) {
                this.entries.delete(id);
            }
            endpoint.end(why);
        };
        return { endpoint, end };
    }

    private entry(id: string): Entry {
        const entry = this.entries.get(id) ?? this.make(id);
        this.entries.set(id, entry);
        return entry;
    }

    private make(id: string): Entry {
        const endpoint = new Endpoint({
            wake: () => entry.connector?.wake(),
            obstacle: () =>
                entry.connector ? entry.connector.obstacle() : this.outlets.absence(id),
            cancel: (requestId) => entry.connector?.cancel(requestId),
            failed: (error) => this.outlets.failed(error),
            newId,
        });
        let resolve: Entry['resolve'] = () => {};
        const connected = new Promise<Tunnel>((done) => {
            resolve = done;
        });
        const tunnel = tunnelOf(id, endpoint);
        const entry: Entry = { tunnel, endpoint, connector: undefined, connected, resolve };
        return entry;
    }
}
