/** A Notifications: raises notifications as long as it is in the layout. */

import { useEffect } from 'react';
import type { LatestStatus } from '../client/status';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop, useStatus } from './interop-context';
import { Notifier } from './notifier';

interface Props extends DashProps {
    display?: unknown;
    toastMs?: number;
    active?: unknown;
    permission?: unknown;
    maxActions?: unknown;
}

export function useNotifications(props: Props): void {
    const component = useDashComponent('Notifications', props);
    const interop = useInterop();
    const status = useStatus();
    const { id, toastMs, active, permission, maxActions } = props;
    // What is None in Python is not given.
    const display = props.display ?? 'auto';
    useEffect(() => {
        notifierOf(component, status, id).update({ interop, display, toastMs });
    }, [component, interop, status, id, display, toastMs]);
    useEffect(() => {
        notifierOf(component, status, id).show({ active, permission, maxActions });
    }, [component, status, id, active, permission, maxActions]);
}

function notifierOf(component: DashComponent, status: LatestStatus, id: DashProps['id']): Notifier {
    const make = () =>
        new Notifier(component, status, new Diagnostics('Notifications', component, id));
    return component.part('notifier', make);
}
