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
}

export function useMethodRegister(props: Props): void {
    const component = useDashComponent(props);
    const interop = useInterop();
    const { id, definition, validate, returns = false, batch = false } = props;
    const { methodResponseTimeoutMs } = props;
    useEffect(() => {
        const make = () =>
            new OfferedMethod(component, new Diagnostics('MethodRegister', component, id));
        const offer = { interop, definition, validate, returns, batch, methodResponseTimeoutMs };
        component.part('method', make).update(offer);
    }, [component, interop, id, definition, validate, returns, batch, methodResponseTimeoutMs]);
}
