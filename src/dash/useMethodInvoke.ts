/** A MethodInvoke: each value written to its `invoke` is one invocation and has one result. */

import { useEffect, useRef, useState } from 'react';
import { readWaitTimeout } from '../client/definition';
import { DEFAULT_TIMEOUT_MS, type InteropClient, InvocationFailed } from '../client/interop';
import { readInvoke } from '../client/invoke-request';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { type Interop, useInterop } from './interop-context';

export function useMethodInvoke(props: DashProps): void {
    const component = useDashComponent(props);
    const interop = useInterop();
    const [arrival] = useState(() => new Arrival());
    const latest = useRef(interop);
    latest.current = interop;
    useEffect(() => {
        if (interop !== undefined) {
            arrival.announce(interop);
        }
    }, [arrival, interop]);
    useEffect(
        () =>
            component.watch('invoke', async (invoke) => {
                const outcome = await invokeOnce(latest.current, arrival, invoke);
                const sequence = nextSequence(component);
                component.deliverer('result').deliver({ ...outcome, sequence });
            }),
        [arrival, component],
    );
}

/** The connection to come, for what is written before it is there. */
class Arrival {
    announce: (interop: Interop) => void = () => {};
    private readonly interop = new Promise<Interop>((resolve) => {
        this.announce = resolve;
    });

    /** Waits as an invocation waits for a server. */
    async wait(timeoutMs: number): Promise<Interop> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<string>((resolve) => {
            const reason = `The page was not connected within ${timeoutMs} ms`;
            timer = setTimeout(() => resolve(reason), timeoutMs);
        });
        return Promise.race([this.interop, late]).finally(() => clearTimeout(timer));
    }
}

interface Outcome {
    invocationId: unknown;
    invocationResult: object | null;
    error: object | null;
}

async function invokeOnce(present: Interop, arrival: Arrival, invoke: any): Promise<Outcome> {
    const invocationId = invoke?.invocationId ?? null;
    try {
        const { definition, argumentObj, target, options } = readInvoke(invoke);
        // Where the connection is there already, the call leaves before this function first awaits.
        const waitMs = readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, DEFAULT_TIMEOUT_MS);
        const interop = present ?? (await arrival.wait(waitMs));
        const client = requireClient(interop);
        const invocationResult = await client.invoke(definition, argumentObj, target, options);
        return { invocationId, invocationResult, error: null };
    } catch (error) {
        return { invocationId, invocationResult: null, error: describeError(error as Error) };
    }
}

function requireClient(interop: Interop): InteropClient {
    if (typeof interop === 'string' || interop === undefined) {
        throw new InvocationFailed(interop ?? 'The page is not connected', 'NotConnected');
    }
    return interop;
}

function describeError(error: Error): object {
    const { type, errors = [] } = error as Partial<InvocationFailed>;
    const { exception, returned } = errors[0] ?? {};
    return {
        message: error.message,
        ...(type === undefined ? {} : { type }),
        ...(exception === undefined ? {} : { exception }),
        ...(returned === undefined ? {} : { returned }),
        all_errors: errors,
    };
}

const sequences = new WeakMap<DashComponent, number>();

/** Makes each result differ from the one before: Dash ignores a value equal to the one it has. */
function nextSequence(component: DashComponent): number {
    const next = (sequences.get(component) ?? 0) + 1;
    sequences.set(component, next);
    return next;
}
