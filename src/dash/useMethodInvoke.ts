/** A MethodInvoke: each value written to its `invoke` is one invocation and has one result. */

import { useEffect } from 'react';
import { DEFAULT_TIMEOUT_MS, readWaitTimeout } from '../client/deadlines';
import { InvocationError } from '../client/errors';
import { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import { Arrival, because } from './arrival';
import { type DashComponent, type DashProps, type Part, useDashComponent } from './component';
import type { Deliverer } from './deliver';
import { Diagnostics } from './diagnostics';
import { type Interop, useInterop, useStatus } from './interop-context';
import { readInvoke } from './invoke-request';
import { nextSequence } from './sequence';

/** How long an invocation waits for a server before the author is warned. */
const TOLERATED_MS = 1_000;

export function useMethodInvoke(props: DashProps): void {
    const component = useDashComponent('MethodInvoke', props);
    const interop = useInterop();
    const status = useStatus();
    const { id } = props;
    useEffect(() => {
        const make = () =>
            new Invoker(component, status, new Diagnostics('MethodInvoke', component, id));
        component.part('invoker', make).update(interop);
    }, [component, interop, status, id]);
}

/** Makes a call of each value that is written to `invoke`, as long as the component is there. */
class Invoker implements Part {
    private readonly component: DashComponent;
    private readonly status: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private readonly results: Deliverer;
    private readonly arrival = new Arrival();
    private interop: Interop;

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        component.watch('invoke', (invoke) => this.invoke(invoke), 'result');
        this.results = component.eventDeliverer('result', true);
    }

    update(interop: Interop): void {
        this.interop = interop;
        if (interop !== undefined) {
            this.arrival.announce(interop);
        }
    }

    /** Calls that are under way go on; a result is not delivered to a component that is gone. */
    end(): void {}

    private async invoke(invoke: unknown): Promise<void> {
        const waiting = this.warnWhileWaiting(invoke);
        const outcome = await invokeOnce(this.interop, this.arrival, this.status, invoke);
        clearTimeout(waiting);
        if (outcome.error) {
            const failure = `${nameOf(invoke)} failed: ${outcome.error.message}`;
            this.diagnostics.warnBeside('result', failure);
        }
        const sequence = nextSequence(this.component);
        this.results.deliver({ ...outcome, sequence });
    }

    /** Tells the author of a wrong name or target long before the wait for a server is over. */
    private warnWhileWaiting(invoke: any): ReturnType<typeof setTimeout> {
        return setTimeout(() => {
            const client = this.interop;
            if (this.status.current.state !== 'connected') {
                return;
            }
            if (client instanceof InteropClient) {
                const reason = client.whyWaiting(invoke.definition, invoke.target);
                if (reason !== undefined) {
                    this.diagnostics.warn(reason);
                }
            }
        }, TOLERATED_MS);
    }
}

/** A value of `MethodInvoke.result`. */
interface Result {
    invocationId: unknown;
    invocationResult: object | null;
    error: { message: string } | null;
}

async function invokeOnce(
    present: Interop,
    arrival: Arrival,
    status: LatestStatus,
    invoke: any,
): Promise<Result> {
    const invocationId = invoke?.invocationId ?? null;
    try {
        const { definition, argumentObj, target, options } = readInvoke(invoke);
        // Where there is a connection, the call leaves before this function first awaits.
        const waitMs = readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, DEFAULT_TIMEOUT_MS);
        const interop = present ?? (await arrival.wait(waitMs, status));
        const client = requireClient(interop);
        const invocationResult = await client.invoke(definition, argumentObj, target, options);
        return { invocationId, invocationResult, error: null };
    } catch (error) {
        const described = describeError(error as Error);
        const isNobodyFound = present instanceof InteropClient && !described.all_errors.length;
        if (isNobodyFound && status.current.state === 'disconnected') {
            described.message += because('. The page is not connected', status);
        }
        return { invocationId, invocationResult: null, error: described };
    }
}

function requireClient(interop: Interop): InteropClient {
    if (typeof interop === 'string' || interop === undefined) {
        throw new InvocationError(interop ?? 'The page is not connected', 'NotConnected');
    }
    return interop;
}

function describeError(error: Error): { message: string; all_errors: object[] } {
    const { type, errors = [] } = error as Partial<InvocationError>;
    const { exception, returned } = errors[0] ?? {};
    return {
        message: error.message,
        ...(type === undefined ? {} : { type }),
        ...(exception === undefined ? {} : { exception }),
        ...(returned === undefined ? {} : { returned }),
        all_errors: errors,
    };
}

function nameOf(invoke: any): string {
    const name = invoke?.definition?.name ?? invoke?.definition;
    return typeof name === 'string' ? name : 'an invocation';
}
