/** A Contexts: writes to contexts, and knows their names, as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop, useStatus } from './interop-context';
import { PageContexts } from './page-contexts';

export function useContexts(props: DashProps): void {
    const component = useDashComponent('Contexts', props);
    const interop = useInterop();
    const status = useStatus();
    const { id } = props;
    useEffect(() => {
        const make = () =>
            new PageContexts(component, status, new Diagnostics('Contexts', component, id));
        component.part('contexts', make).update(interop);
    }, [component, interop, status, id]);
}
