/** A MethodRegister: offers its method as long as it is in the layout. */

import { useEffect } from 'react';
import { readTimeout } from '../client/definition';
import { DEFAULT_TIMEOUT_MS } from '../client/interop';
import { type DashProps, useDashComponent } from './component';
import { useInterop } from './interop-context';
import { OfferedMethod } from './offered-method';
import { stringifyId } from './renderer';

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
        const warn = (message: string) => warnOf(id, message);
        const method = component.part('method', () => new OfferedMethod(component, warn));
        method.update({ interop, definition, validate, settings: { returns, batch, timeoutMs } });
    }, [component, interop, id, definition, returns, batch, timeoutMs, validate]);
}

function warnOf(id: DashProps['id'], message: string): void {
    const name = id === undefined ? '' : ` ${stringifyId(id)}`;
    console.warn(`dash_interop: MethodRegister${name}: ${message}`);
}
