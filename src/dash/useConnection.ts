/** The connection of a Glue42: made once for the life of the page, reported as props. */

import { useEffect, useState } from 'react';
import { connect, type Host } from '../client/connect';
import { InteropClient } from '../client/interop-client';
import { isDesktop } from '../client/library';
import type { Settings } from '../client/settings';
import {
    type ConnectionStatus,
    disconnectedBy,
    LastingProblem,
    LatestStatus,
} from '../client/status';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import type { Interop } from './interop-context';
import { askLogin } from './login';
import { librarySettings, pageTitle, publishInstance } from './page-globals';

/** Of an outage that ends within this time only callbacks hear. */
const TOLERATED_MS = 1_000;

const HOST: Host = { askLogin, librarySettings, title: pageTitle, publish: publishInstance };

/** How far a Glue42 has come. */
export interface Progress {
    interop: Interop;
    /**
     * Whether the wait is over: the page is connected, or a factory decided against a connection.
     */
    isDone: boolean;
}

export interface ConnectionInUse extends Progress {
    status: LatestStatus;
}

export function useConnection(props: DashProps & { settings?: Settings }): ConnectionInUse {
    const component = useDashComponent('Glue42', props);
    const [settings] = useState(props.settings);
    const [progress, setProgress] = useState<Progress>({ interop: undefined, isDone: false });
    const [diagnostics] = useState(() => new Diagnostics('Glue42', component, props.id));
    const status = statusOf(component);
    useEffect(() => {
        const connection = connectionOf(
            component,
            () => new Connection(component, settings ?? {}, diagnostics),
        );
        connection.report();
        let mounted = true;
        connection.outcome.then((outcome) => mounted && setProgress(outcome));
        return () => {
            mounted = false;
        };
    }, [component, settings, diagnostics]);
    useEffect(() => {
        component.deliverer('glueReady').deliver(progress.interop instanceof InteropClient);
    }, [component, progress]);
    return { ...progress, status };
}

class Connection {
    readonly outcome: Promise<Progress>;
    private readonly component: DashComponent;
    private readonly latest: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private tolerating: ReturnType<typeof setTimeout> | undefined;

    constructor(component: DashComponent, settings: Settings, diagnostics: Diagnostics) {
        this.component = component;
        this.latest = statusOf(component);
        this.diagnostics = diagnostics;
        this.outcome = connect(settings, HOST, (status) => this.change(status)).then(
            (client) => ({
                interop:
                    client ??
                    'There is no connection: a factory of this page decided against one (skipInit)',
                isDone: true,
            }),
            (error: Error) => {
                this.change(disconnectedBy(new LastingProblem(error.message)));
                return { interop: `There is no connection: ${error.message}`, isDone: false };
            },
        );
    }

    /** Gives the component its props, also one that was put back into the layout. */
    report(): void {
        this.component.deliverer('isEnterprise').deliver(isDesktop());
        this.change(this.latest.current);
    }

    private change(status: ConnectionStatus): void {
        // The instance of the last connection stays.
        const { instance } = this.latest.current;
        this.latest.tell(instance ? { instance, ...status } : status);
        this.diagnose();
        // The state last, so that the other props are there when its callbacks run.
        if (this.latest.current.instance) {
            this.component.deliverer('instance').deliver(this.latest.current.instance);
        }
        this.component.deliverer('connectionError').deliver(status.error);
        this.component.deliverer('connectionState').deliver(status.state);
    }

    private diagnose(): void {
        const { error, isLasting } = this.latest.current;
        if (error === null || isLasting) {
            clearTimeout(this.tolerating);
            this.tolerating = undefined;
        }
        if (error !== null && isLasting) {
            this.diagnostics.fail(error);
        } else if (error !== null) {
            this.tolerating ??= setTimeout(() => {
                this.tolerating = undefined;
                this.diagnostics.warnOfConnection(this.latest.current.error ?? error);
            }, TOLERATED_MS);
        }
    }
}

const statuses = new WeakMap<DashComponent, LatestStatus>();

function statusOf(component: DashComponent): LatestStatus {
    const status = statuses.get(component) ?? new LatestStatus();
    statuses.set(component, status);
    return status;
}

const connections = new WeakMap<DashComponent, Connection>();

function connectionOf(component: DashComponent, make: () => Connection): Connection {
    const connection = connections.get(component) ?? make();
    connections.set(component, connection);
    return connection;
}
