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
    const component = useDashComponent('StreamPublish', props);
    const interop = useInterop();
    const { id, definition, requestTimeoutMs, history, subscriptions, branches } = props;
    // What is None in Python is not given.
    const active = props.active ?? true;
    const autoAccept = props.autoAccept ?? false;
    useEffect(() => {
        const offer = { interop, definition, active, autoAccept, requestTimeoutMs, history };
        const make = () =>
            new OfferedStream(component, new Diagnostics('StreamPublish', component, id), offer);
        const stream = component.part('stream', make);
        stream.update(offer);
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
