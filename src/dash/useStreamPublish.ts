/** A StreamPublish: offers its stream as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop } from './interop-context';
import { OfferedStream } from './offered-stream';

interface Props extends DashProps {
    definition?: unknown;
    active?: boolean;
    autoAccept?: boolean;
    requestTimeoutMs?: number;
    history?: unknown;
    subscriptions?: unknown;
    branches?: unknown;
}

export function useStreamPublish(props: Props): void {
    const component = useDashComponent(props);
    const interop = useInterop();
    const { id, definition, active = true, autoAccept = false, requestTimeoutMs, history } = props;
    const { subscriptions, branches } = props;
    useEffect(() => {
        const make = () =>
            new OfferedStream(component, new Diagnostics('StreamPublish', component, id));
        const stream = component.part('stream', make);
        stream.update({ interop, definition, active, autoAccept, requestTimeoutMs, history });
        stream.audience.show({ subscriptions, branches });
    }, [
        component,
        interop,
        id,
        definition,
        active,
        autoAccept,
        requestTimeoutMs,
        history,
        subscriptions,
        branches,
    ]);
}
