/** A MethodRegister: offers its method as long as it is in the layout. */

import { useEffect } from 'react';
import { type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { useInterop } from './interop-context';
import { OfferedMethod } from './offered-method';

interface Props extends DashProps {
    definition?: unknown;
    returns?: boolean;
    methodResponseTimeoutMs?: number;
    batch?: boolean;
    validate?: unknown;
    clientsideHandler?: unknown;
}

export function useMethodRegister(props: Props): void {
    const component = useDashComponent('MethodRegister', props);
    const interop = useInterop();
    const { id, definition, validate, returns = false, batch = false } = props;
    const { methodResponseTimeoutMs, clientsideHandler } = props;
    const settings = { validate, returns, batch, methodResponseTimeoutMs, clientsideHandler };
    // biome-ignore lint/correctness/useExhaustiveDependencies: the settings are a new object each time
    useEffect(() => {
        const make = () =>
            new OfferedMethod(component, new Diagnostics('MethodRegister', component, id));
        component.part('method', make).update({ interop, definition, ...settings });
    }, [component, interop, id, definition, ...Object.values(settings)]);
}
