/** The connection of a Glue42: made once, reported as props. */

import { useEffect, useState } from 'react';
import { connect, isDesktop, type Settings } from '../client/connect';
import type { InteropClient } from '../client/interop';
import { type DashComponent, type DashProps, useDashComponent } from './component';

/** undefined while connecting, null where the page does without. */
export type ClientOrNone = InteropClient | null | undefined;

export function useConnection(props: DashProps & { settings?: Settings }): ClientOrNone {
    const component = useDashComponent(props);
    const [client, setClient] = useState<ClientOrNone>(undefined);
    // Settings are read once, as the connection is made once for the life of the page.
    const [settings] = useState(props.settings);
    const [connecting] = useState(() => connectOnce(component, settings ?? {}));
    useEffect(() => {
        let mounted = true;
        connecting.start();
        connecting.done.then((made) => mounted && setClient(made));
        return () => {
            mounted = false;
        };
    }, [connecting]);
    useEffect(() => {
        if (client !== undefined) {
            component.deliverer('glueReady').deliver(client !== null);
        }
    }, [component, client]);
    return client;
}

interface Connecting {
    start: () => void;
    done: Promise<InteropClient | null>;
}

/** Starts when the component is in the layout, and once only however often React mounts it. */
function connectOnce(component: DashComponent, settings: Settings): Connecting {
    let started = false;
    let resolve: (client: InteropClient | null) => void;
    const done = new Promise<InteropClient | null>((resolvePromise) => {
        resolve = resolvePromise;
    });
    const start = () => {
        if (started) {
            return;
        }
        started = true;
        component.deliverer('isEnterprise').deliver(isDesktop());
        component.deliverer('glueReady').deliver(false);
        connect(settings, ({ state, error }) => {
            component.deliverer('connectionState').deliver(state);
            component.deliverer('connectionError').deliver(error);
        }).then(resolve, (error: Error) => {
            component.deliverer('connectionState').deliver('disconnected');
            component.deliverer('connectionError').deliver(error.message);
            console.error(`dash_interop: ${error.message}`);
        });
    };
    return { start, done };
}
