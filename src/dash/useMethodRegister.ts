/** A MethodRegister: its method, and the invocations on their way through Dash's callbacks. */

import { useEffect, useMemo } from 'react';
import { readTimeout } from '../client/definition';
import { DEFAULT_TIMEOUT_MS, type Handler } from '../client/interop';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { useInterop } from './interop-context';
import { InvocationQueue } from './invocations';
import { callbacksWithOutput, stringifyId } from './renderer';
import { readMode, validated } from './validate';

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
    const client = typeof interop === 'string' ? undefined : interop;
    const { id, definition, returns = false, methodResponseTimeoutMs, batch = false } = props;
    const { validate } = props;
    const timeout = timeoutOf(methodResponseTimeoutMs);
    const settings = {
        returns,
        batch,
        timeoutMs: timeout.ms,
    };
    // biome-ignore lint/correctness/useExhaustiveDependencies: settings may change while it runs
    const queue = useMemo(() => makeQueue(component, id, settings), [component, id]);
    queue.settings = settings;

    useEffect(() => {
        const stops = [component.watch('result', (result) => queue.answer(result))];
        for (const prop of ['invoke', 'error']) {
            const deliverer = component.deliverer(prop);
            const check = (value: unknown) =>
                value === deliverer.lastValue ||
                warn(
                    id,
                    `its ${prop} property is set by the library; what you wrote has no effect`,
                );
            stops.push(component.watch(prop, check));
        }
        return () => {
            for (const stop of stops) {
                stop();
            }
            queue.close('The MethodRegister was removed from the layout');
        };
    }, [component, queue, id]);

    useEffect(() => client?.onPeerLeft((peerId) => queue.callerLeft(peerId)), [client, queue]);

    useEffect(() => {
        if (typeof interop === 'string') {
            reportError(component, { message: interop });
        }
    }, [component, interop]);

    // An equal definition that a callback sends again is a new object, and no change.
    const key = JSON.stringify(definition);
    // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the definition, the component for its id
    useEffect(() => {
        if (!client) {
            return undefined;
        }
        let stopped = false;
        let handler: Handler = (args, caller, reply) => queue.enqueue(args, caller, reply);
        const report = (error: { message: string } | null) =>
            stopped || reportError(component, error);
        const onLateSuccess = () => report(null);
        const register = async () => {
            if (timeout.problem) {
                throw timeout.problem;
            }
            handler = await validated(handler, definition, {
                mode: readMode(validate),
                returns: () => queue.settings.returns,
                warn: (message) => warn(id, message),
            });
            if (!stopped) {
                await client.register(definition, handler, { onLateSuccess });
            }
        };
        register().then(onLateSuccess, (error: Error) => report({ message: error.message }));
        return () => {
            stopped = true;
            // Asked for now, so that it comes before what registers the name anew.
            client.unregister(definition, handler).catch(() => {
                // The connection took it along.
            });
        };
    }, [client, component, queue, key, validate, timeout.problem?.message]);
}

/** The time to use, and what is wrong with the one that was given. */
function timeoutOf(given: unknown): { ms: number; problem?: Error } {
    try {
        return { ms: readTimeout('methodResponseTimeoutMs', given, DEFAULT_TIMEOUT_MS) };
    } catch (problem) {
        return { ms: DEFAULT_TIMEOUT_MS, problem: problem as Error };
    }
}

function makeQueue(
    component: DashComponent,
    id: DashProps['id'],
    settings: InvocationQueue['settings'],
) {
    const deliverer = component.deliverer('invoke');
    return new InvocationQueue(settings, {
        deliver: (value) => deliverer.deliver(value),
        abandon: () => deliverer.abandon(),
        mayAnswerLater: (callbacks) => {
            const { slot } = component;
            const answering = slot ? callbacksWithOutput(slot.store, slot.id, 'result') : [];
            return answering.some((callback) => !callbacks.has(callback));
        },
        warn: (message) => warn(id, message),
        newId: () => crypto.randomUUID?.() ?? randomId(),
    });
}

/** Stays as it is while nothing is wrong, so that no callback runs for good news. */
function reportError(component: DashComponent, error: { message: string } | null): void {
    const deliverer = component.deliverer('error');
    if (error || deliverer.lastValue) {
        deliverer.deliver(error);
    }
}

function warn(id: DashProps['id'], message: string): void {
    const name = id === undefined ? '' : ` ${stringifyId(id)}`;
    console.warn(`dash_interop: MethodRegister${name}: ${message}`);
}

/** Pages that are not served over HTTPS or from this machine have no crypto.randomUUID. */
function randomId(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
