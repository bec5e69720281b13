/** A Context: subscribed to its context as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop, useStatus } from './interop-context';
import { type ContextProps, SubscribedContext } from './subscribed-context';

export function useSharedContext(props: DashProps & ContextProps): void {
    const component = useDashComponent('Context', props);
    const interop = useInterop();
    const status = useStatus();
    const { id, contextName, delivery } = props;
    useEffect(() => {
        const make = () =>
            new SubscribedContext(component, status, new Diagnostics('Context', component, id));
        component.part('context', make).update(interop, { id, contextName, delivery });
    }, [component, interop, status, id, contextName, delivery]);
}
