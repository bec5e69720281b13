/** A Discovery: sees who offers what as long as it is in the layout. */

import { useEffect } from 'react';
import { FILTER_FIELDS, type OfferFilter } from '../client/offer-filter';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop } from './interop-context';
import { Seen } from './seen';

interface Props extends DashProps, OfferFilter {
    methods?: unknown;
    servers?: unknown;
}

export function useDiscovery(props: Props): void {
    const component = useDashComponent('Discovery', props);
    const interop = useInterop();
    const { id, methods, servers } = props;
    const filter = FILTER_FIELDS.map((field) => [field, props[field]] as const);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the values of the filter
    useEffect(() => {
        seenBy(component, id).update(interop, Object.fromEntries(filter));
    }, [component, interop, id, ...filter.map(([, value]) => value)]);
    useEffect(() => {
        seenBy(component, id).show({ methods, servers });
    }, [component, id, methods, servers]);
}

function seenBy(component: DashComponent, id: DashProps['id']): Seen {
    const make = () => new Seen(component, new Diagnostics('Discovery', component, id));
    return component.part('seen', make);
}
