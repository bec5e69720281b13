/** A MethodRegister: offers its method as long as it is in the layout. */

import { useEffect } from 'react';
import { readTimeout } from '../client/definition';
import { DEFAULT_TIMEOUT_MS } from '../client/interop';
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
    const timeoutMs = readTimeout(props.methodResponseTimeoutMs, DEFAULT_TIMEOUT_MS);
    useEffect(() => {
        const make = () =>
            new OfferedMethod(component, new Diagnostics('MethodRegister', component, id));
        const settings = { returns, batch, timeoutMs };
        component.part('method', make).update({ interop, definition, validate, settings });
    }, [component, interop, id, definition, returns, batch, timeoutMs, validate]);
}
