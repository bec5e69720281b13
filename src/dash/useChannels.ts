/** A Channels: hears of the page's channels, and changes them, as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop, useStatus } from './interop-context';
import { PageChannels } from './page-channels';

interface Props extends DashProps {
    mode?: unknown;
}

export function useChannels(props: Props): void {
    const component = useDashComponent('Channels', props);
    const interop = useInterop();
    const status = useStatus();
    const { id, mode } = props;
    // Each time that Dash renders it: a layout may have brought other props.
    useEffect(() => {
        const make = () =>
            new PageChannels(component, status, new Diagnostics('Channels', component, id));
        const channels = component.part('channels', make);
        channels.update(interop, mode);
        channels.show();
    });
}
