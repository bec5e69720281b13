/** A Windows: opens windows as long as it is in the layout. */

import { useEffect } from 'react';
import type { LatestStatus } from '../client/status';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop, useStatus } from './interop-context';
import { OpenedWindows } from './opened-windows';

interface Props extends DashProps {
    context?: unknown;
}

export function useWindows(props: Props): void {
    const component = useDashComponent('Windows', props);
    const interop = useInterop();
    const status = useStatus();
    const { id, context } = props;
    useEffect(() => {
        windowsOf(component, status, id).update(interop);
    }, [component, interop, status, id]);
    useEffect(() => {
        windowsOf(component, status, id).show(context);
    }, [component, status, id, context]);
}

function windowsOf(
    component: DashComponent,
    status: LatestStatus,
    id: DashProps['id'],
): OpenedWindows {
    const make = () =>
        new OpenedWindows(component, status, new Diagnostics('Windows', component, id));
    return component.part('windows', make);
}
