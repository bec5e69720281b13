/**
 * A MethodInvoke: each value written to its `invoke` is one invocation and has one result, behind
 * what its server tells of how far it is.
 */

import { useEffect } from 'react';
import { DEFAULT_TIMEOUT_MS, readWaitTimeout } from '../client/deadlines';
import { InvocationError } from '../client/errors';
import { InteropClient } from '../client/interop-client';
import type { InvokeOptions } from '../client/invoking';
import type { LatestStatus } from '../client/status';
import { Arrival, because } from './arrival';
import { type DashComponent, type DashProps, type Part, useDashComponent } from './component';
import type { Deliverer } from './deliver';
import { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import { type Interop, useInterop, useStatus } from './interop-context';
import { readInvoke } from './invoke-request';
import { type Ongoing, OngoingInvocations } from './ongoing-invocations';
import { warnOfWrites } from './own-props';
import { ProgressEvents } from './progress-events';
import { callbacksWithInput } from './renderer';
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
    private readonly progress: Deliverer;
    private readonly events: ProgressEvents;
    private readonly ongoing = new OngoingInvocations();
    private readonly error: ErrorProp;
    private readonly arrival = new Arrival();
    private interop: Interop;

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.results = component.eventDeliverer('result', true);
        this.progress = component.eventDeliverer('progress', true);
        this.events = new ProgressEvents(
            (value) => this.progress.deliver(value),
            (message) => diagnostics.warn(message),
        );
        // What a callback cancels while it invokes is what was under way before.
        component.take('cancel', (cancel) => this.cancel(cancel), 'result');
        component.watch('invoke', (invoke) => this.invoke(invoke), 'result');
        warnOfWrites(component, diagnostics, ['progress', 'error'], 'result');
    }

    update(interop: Interop): void {
        this.interop = interop;
        if (interop !== undefined) {
            this.arrival.announce(interop);
        }
    }

    /** Calls that are under way go on; a result is not delivered to a component that is gone. */
    end(): void {}

    private async invoke(invoke: any): Promise<void> {
        const ongoing = this.ongoing.begin(invoke?.invocationId ?? null);
        const waiting = this.warnWhileWaiting(invoke);
        const { interop, arrival, status } = this;
        const surroundings = { interop, arrival, status, ongoing, tell: this.tellOf(ongoing) };
        const outcome = await invokeOnce(surroundings, invoke);
        clearTimeout(waiting);
        this.ongoing.end(ongoing);
        if (ongoing.signal.aborted) {
            this.events.drop(ongoing);
        } else if (outcome.error) {
            const failure = `${nameOf(invoke)} failed: ${outcome.error.message}`;
            this.diagnostics.warnBeside('result', failure);
        }
        await this.events.untilTold(ongoing);
        const sequence = nextSequence(this.component);
        this.results.deliver({ ...outcome, sequence });
    }

    /** What hands on how far an invocation is; undefined where no callback listens. */
    private tellOf(ongoing: Ongoing): InvokeOptions['onProgress'] {
        const { slot } = this.component;
        const isHeard = slot && callbacksWithInput(slot.store, slot.id, 'progress').length > 0;
        if (!isHeard) {
            return undefined;
        }
        const { invocationId } = ongoing;
        return (value, executed_by) => {
            const sequence = nextSequence(this.progress);
            this.events.add(ongoing, { invocationId, value, executed_by, sequence });
        };
    }

    private cancel(written: unknown): void {
        try {
            this.ongoing.cancel(written);
            this.error.tell(null);
        } catch (error) {
            const { message } = error as Error;
            this.error.tell(message);
            this.diagnostics.warn(message);
        }
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

/** What an invocation is made with. */
interface Surroundings {
    /** The connection at its beginning. */
    interop: Interop;
    arrival: Arrival;
    status: LatestStatus;
    ongoing: Ongoing;
    /** Hands on how far it is. */
    tell: InvokeOptions['onProgress'];
}

async function invokeOnce(
    { interop: present, arrival, status, ongoing, tell }: Surroundings,
    invoke: any,
): Promise<Result> {
    const { invocationId, signal } = ongoing;
    try {
        const { definition, argumentObj, target, options } = readInvoke(invoke);
        // Where there is a connection, the call leaves before this function first awaits.
        const waitMs = readWaitTimeout('waitTimeoutMs', options.waitTimeoutMs, DEFAULT_TIMEOUT_MS);
        const interop = present ?? (await arrival.wait(waitMs, status, signal));
        if (signal.aborted) {
            throw new InvocationError(`${nameOf(invoke)} was cancelled`, 'cancelled');
        }
        const client = requireClient(interop);
        const invocationResult = await client.invoke(definition, argumentObj, target, {
            ...options,
            signal,
            onProgress: tell,
        });
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
    const { exception, delivered, returned } = errors[0] ?? {};
    return {
        message: error.message,
        ...(type === undefined ? {} : { type }),
        ...(exception === undefined ? {} : { exception }),
        ...(delivered === undefined ? {} : { delivered }),
        ...(returned === undefined ? {} : { returned }),
        all_errors: errors,
    };
}

function nameOf(invoke: any): string {
    const name = invoke?.definition?.name ?? invoke?.definition;
    return typeof name === 'string' ? name : 'an invocation';
}
