/** A Tunnel: connects the page's own JavaScript as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, stringId, useDashComponent } from './component';
import { ConnectedTunnel } from './connected-tunnel';
import { Diagnostics } from './diagnostics';

interface Props extends DashProps {
    batch?: boolean;
}

export function useTunnel(props: Props): void {
    const component = useDashComponent('Tunnel', props);
    const id = stringId(props.id);
    const { batch = false } = props;
    useEffect(() => {
        const diagnostics = new Diagnostics('Tunnel', component, id);
        if (id === undefined) {
            diagnostics.fail('it needs an id, by which JavaScript and callbacks find it');
            return;
        }
        const make = () => new ConnectedTunnel(component, diagnostics, id);
        component.part('tunnel', make).batch = batch;
    }, [component, id, batch]);
}
