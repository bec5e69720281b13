/** A StreamSubscribe: subscribed as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop } from './interop-context';
import { type StreamProps, SubscribedStream } from './subscribed-stream';

export function useStreamSubscribe(props: DashProps & StreamProps): void {
    const component = useDashComponent('StreamSubscribe', props);
    const interop = useInterop();
    useEffect(() => {
        const make = () =>
            new SubscribedStream(
                component,
                new Diagnostics('StreamSubscribe', component, props.id),
            );
        const key = component.propInLayout('key');
        component.part('stream', make).update(interop, { ...props, key });
    });
}
