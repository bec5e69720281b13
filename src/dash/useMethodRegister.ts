/** A MethodRegister: its method, and the invocations on their way through Dash's callbacks. */

import { useEffect, useMemo, useState } from 'react';
import { readTimeout } from '../client/definition';
import { DEFAULT_TIMEOUT_MS, type Handler } from '../client/interop';
import { type DashComponent, type DashProps, useDashComponent } from './component';
import { Diagnostics } from './diagnostics';
import { NO_ROOT, useInterop } from './interop-context';
import { InvocationQueue } from './invocations';
import { callbacksWithOutput } from './renderer';
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
    const settings = {
        returns,
        batch,
        timeoutMs: readTimeout(methodResponseTimeoutMs, DEFAULT_TIMEOUT_MS),
    };
    const [diagnostics] = useState(() => new Diagnostics('MethodRegister', component, id));
    // biome-ignore lint/correctness/useExhaustiveDependencies: settings may change while it runs
    const queue = useMemo(() => makeQueue(component, diagnostics, settings), [component, id]);
    queue.settings = settings;

    useEffect(() => {
        const stops = [component.watch('result', (result) => queue.answer(result))];
        for (const prop of ['invoke', 'error']) {
            const deliverer = component.deliverer(prop);
            const check = (value: unknown) =>
                value === deliverer.lastValue ||
                diagnostics.warn(
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
    }, [component, queue, diagnostics]);

    useEffect(() => client?.onPeerLeft((peerId) => queue.callerLeft(peerId)), [client, queue]);

    useEffect(() => {
        if (typeof interop === 'string') {
            reportError(component, { message: interop });
        }
        if (interop === NO_ROOT) {
            diagnostics.fail(interop);
        }
    }, [component, diagnostics, interop]);

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
            handler = await validated(handler, definition, {
                mode: readMode(validate),
                returns: () => queue.settings.returns,
                warn: (message) => diagnostics.warn(message),
            });
            if (!stopped) {
                await client.register(definition, handler, { onLateSuccess });
            }
        };
        register().then(onLateSuccess, ({ message }: Error) => {
            report({ message });
            stopped || diagnostics.fail(message);
        });
        return () => {
            stopped = true;
            // Asked for now, so that it comes before what registers the name anew.
            client.unregister(definition, handler).catch(() => {
                // The connection took it along.
            });
        };
    }, [client, component, queue, diagnostics, key, validate]);
}

function makeQueue(
    component: DashComponent,
    diagnostics: Diagnostics,
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
        warn: (message) => diagnostics.warn(message),
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

/** Pages that are not served over HTTPS or from this machine have no crypto.randomUUID. */
function randomId(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
