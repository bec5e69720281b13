/** The connection of a Glue42: made once for the life of the page, reported as props. */

import { useEffect, useState } from 'react';
import { connect, isDesktop } from '../client/connect';
import { InteropClient } from '../client/interop';
import type { Settings } from '../client/settings';
import type { ConnectionStatus } from '../client/status';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import type { Interop } from './interop-context';

/** How far a Glue42 has come. */
export interface Progress {
    interop: Interop;
    /** Whether there is nothing more to wait for: it is connected, or the page does without. */
    isDone: boolean;
}

export function useConnection(props: DashProps & { settings?: Settings }): Progress {
    const component = useDashComponent(props);
    const [settings] = useState(props.settings);
    const [progress, setProgress] = useState<Progress>({ interop: undefined, isDone: false });
    useEffect(() => {
        const connection = connectionOf(component, settings ?? {});
        connection.report();
        let mounted = true;
        connection.outcome.then((outcome) => mounted && setProgress(outcome));
        return () => {
            mounted = false;
        };
    }, [component, settings]);
    useEffect(() => {
        component.deliverer('glueReady').deliver(progress.interop instanceof InteropClient);
    }, [component, progress]);
    return progress;
}

class Connection {
    readonly outcome: Promise<Progress>;
    private readonly component: DashComponent;
    private status: ConnectionStatus = { state: 'connecting', error: null };

    constructor(component: DashComponent, settings: Settings) {
        this.component = component;
        this.outcome = connect(settings, (status) => this.change(status)).then(
            (client) => ({
                interop: client ?? 'There is no connection: a factory of this page does without',
                isDone: true,
            }),
            (error: Error) => {
                this.change({ state: 'disconnected', error: error.message });
                console.error(`dash_interop: ${error.message}`);
                return { interop: `There is no connection: ${error.message}`, isDone: false };
            },
        );
    }

    /** Tells the component how things are, also one that was put back into the layout. */
    report(): void {
        this.component.deliverer('isEnterprise').deliver(isDesktop());
        this.change(this.status);
    }

    private change(status: ConnectionStatus): void {
        // Who the page was in the last connection outlives it.
        this.status = { ...this.status, ...status };
        // The state last, so that the others are there when a callback hears of it.
        if (this.status.instance) {
            this.component.deliverer('instance').deliver(this.status.instance);
        }
        this.component.deliverer('connectionError').deliver(status.error);
        this.component.deliverer('connectionState').deliver(status.state);
    }
}

const connections = new WeakMap<DashComponent, Connection>();

function connectionOf(component: DashComponent, settings: Settings): Connection {
    const connection = connections.get(component) ?? new Connection(component, settings);
    connections.set(component, connection);
    return connection;
}
