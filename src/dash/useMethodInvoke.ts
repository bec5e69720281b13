/** A MethodInvoke: each value written to its `invoke` is one invocation and has one result. */

import { useEffect } from 'react';
import { type InteropClient, InvocationFailed } from '../client/interop';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { useInterop } from './interop-context';

export function useMethodInvoke(props: DashProps): void {
    const component = useDashComponent(props);
    const client = useInterop();
    useEffect(() => {
        if (!client) {
            return undefined;
        }
        return component.watch('invoke', async (invoke) => {
            const outcome = await invokeOnce(client, invoke);
            component
                .deliverer('result')
                .deliver({ ...outcome, sequence: nextSequence(component) });
        });
    }, [client, component]);
}

interface Outcome {
    invocationId: unknown;
    invocationResult: object | null;
    error: object | null;
}

async function invokeOnce(client: InteropClient, invoke: any): Promise<Outcome> {
    const invocationId = invoke?.invocationId ?? null;
    try {
        const { definition, argumentObj, target, options } = readInvoke(invoke);
        const invocationResult = await client.invoke(
            definition,
            argumentObj,
            target,
            options ?? {},
        );
        return { invocationId, invocationResult, error: null };
    } catch (error) {
        return { invocationId, invocationResult: null, error: describeError(error as Error) };
    }
}

function readInvoke(invoke: any): Record<string, any> {
    if (typeof invoke !== 'object' || Array.isArray(invoke)) {
        throw new InvocationFailed('invoke has to be a dict with a definition');
    }
    if (invoke.definition === undefined || invoke.definition === null) {
        throw new InvocationFailed(
            'invoke needs a definition: the name of a method or a dict with a name',
        );
    }
    return invoke;
}

function describeError(error: Error): object {
    const all_errors = error instanceof InvocationFailed ? error.errors : [];
    const { type, returned } = all_errors[0] ?? {};
    return {
        message: error.message,
        ...(type === undefined ? {} : { type }),
        ...(returned === undefined ? {} : { returned }),
        all_errors,
    };
}

const sequences = new WeakMap<DashComponent, number>();

/** Makes each result differ from the one before: Dash ignores a value equal to the one it has. */
function nextSequence(component: DashComponent): number {
    const next = (sequences.get(component) ?? 0) + 1;
    sequences.set(component, next);
    return next;
}
