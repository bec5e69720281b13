import React from 'react';
import type { DashProps } from '../dash/component';
import { InteropContext, StatusContext } from '../dash/interop-context';
import { useConnection } from '../dash/useConnection';

interface Props extends DashProps {
    /** The components of the app. They are shown at once, or where there is a fallback once the connection is there, and stay when it is lost. */
    children?: React.ReactNode;

    /** Shown instead of the children until the connection is there. */
    fallback?: React.ReactNode;

    /** How to connect. Without it the page asks its own Dash server, which knows the gateway. Read once. */
    settings?: {
        /** What the page is inside of io.Connect Browser or Glue42 Core: "client" (default) or "platform", the main app. */
        type?: 'client' | 'platform';
        /** For a web client. */
        web?: {
            /** Configuration of the library: "application" is the name others see; "gateway" ({"ws": url}) and "auth" name a gateway of your own. */
            config?: object;
        };
        /** For the main app of io.Connect Browser or Glue42 Core. */
        webPlatform?: {
            /** Configuration of the platform library. */
            config?: object;
        };
        /** For a page inside io.Connect Desktop or Glue42 Enterprise. */
        desktop?: {
            /** Configuration of the desktop library. */
            config?: object;
        };
    };

    /** Whether the page has been connected. Set by the library: do not write to it. */
    glueReady?: boolean;

    /** Whether the page runs inside io.Connect Desktop or Glue42 Enterprise. Set by the library: do not write to it. */
    isEnterprise?: boolean;

    /** "connecting" until the first login, then "connected"; "disconnected" while the gateway is away: the page comes back by itself. Set by the library: do not write to it. */
    connectionState?: 'connecting' | 'connected' | 'disconnected';

    /** What went wrong with the connection last, in words; None while all is well. Set by the library: do not write to it. */
    connectionError?: string;

    /** This page as others see it: a dict with "instance", "application", "user", "machine", "peerId" and more; None until the page has been connected. Invocations with it as target, of any app or Python process, go to this page and no other. When the page comes back from an outage it gets a new "peerId" and keeps its "instance", so that a copy from before stays good as a target. Set by the library: do not write to it. */
    instance?: object;
}

/** The root of an app that uses interop components: connects the page and gives the connection to the components below. It can be the layout itself. */
const Glue42 = (props: Props) => {
    const { interop, isDone, status } = useConnection(props);
    if (props.fallback && !isDone) {
        return <>{props.fallback}</>;
    }
    return (
        <StatusContext.Provider value={status}>
            <InteropContext.Provider value={interop}>{props.children}</InteropContext.Provider>
        </StatusContext.Provider>
    );
};

export default Glue42;
