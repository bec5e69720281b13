/** The connection of a Glue42: made once for the life of the page, reported as props. */

import { useEffect, useState } from 'react';
import { connect, isDesktop, type Settings } from '../client/connect';
import type { InteropClient } from '../client/interop';
import type { ConnectionStatus } from '../client/status';
import { type DashComponent, type DashProps, useDashComponent } from './component';

/** undefined while connecting, null where the page does without. */
export type ClientOrNone = InteropClient | null | undefined;

export function useConnection(props: DashProps & { settings?: Settings }): ClientOrNone {
    const component = useDashComponent(props);
    const [settings] = useState(props.settings);
    const [client, setClient] = useState<ClientOrNone>(undefined);
    useEffect(() => {
        const connection = connectionOf(component, settings ?? {});
        connection.report();
        let mounted = true;
        connection.client.then((made) => mounted && setClient(made));
        return () => {
            mounted = false;
        };
    }, [component, settings]);
    useEffect(() => {
        component.deliverer('glueReady').deliver(Boolean(client));
    }, [component, client]);
    return client;
}

class Connection {
    readonly client: Promise<InteropClient | null>;
    private readonly component: DashComponent;
    private status: ConnectionStatus = { state: 'connecting', error: null };

    constructor(component: DashComponent, settings: Settings) {
        this.component = component;
        this.client = connect(settings, (status) => this.change(status)).catch((error: Error) => {
            this.change({ state: 'disconnected', error: error.message });
            console.error(`dash_interop: ${error.message}`);
            // The children stay hidden: there is nothing they could work with.
            return new Promise<never>(() => {});
        });
    }

    /** Tells the component how things are, also one that was put back into the layout. */
    report(): void {
        this.component.deliverer('isEnterprise').deliver(isDesktop());
        this.change(this.status);
    }

    private change(status: ConnectionStatus): void {
        this.status = status;
        this.component.deliverer('connectionState').deliver(status.state);
        this.component.deliverer('connectionError').deliver(status.error);
    }
}

const connections = new WeakMap<DashComponent, Connection>();

function connectionOf(component: DashComponent, settings: Settings): Connection {
    const connection = connections.get(component) ?? new Connection(component, settings);
    connections.set(component, connection);
    return connection;
}
