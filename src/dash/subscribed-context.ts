/** The context of a Context: its changes on their way to callbacks, and what callbacks write. */

import type { ContextChange, Contexts } from '../client/contexts';
import { InteropClient } from '../client/interop-client';
import { hint } from '../client/keys';
import type { LatestStatus } from '../client/status';
import type { DashComponent, Part } from './component';
import { readContextName } from './context-names';
import { type ContextProblem, contextOperations } from './context-operations';
import {
    CONTEXT_DELIVERIES,
    type ContextDelivery,
    ContextQueue,
    type ContextValue,
    MOST_CHANGES,
} from './context-queue';
import { ServerWait } from './dash-server';
import { DataPump } from './data-pump';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import type { Interop } from './interop-context';
import type { Operations } from './operations';
import { warnOfWrites } from './own-props';
import { nextSequence } from './sequence';
import { isServerAway } from './why-unanswered';

/** What a Context is given. */
export interface ContextProps {
    id?: unknown;
    contextName?: unknown;
    delivery?: unknown;
}

/** What is wrong; null where nothing is. */
interface Problems {
    settings: string | null;
    subscription: string | null;
    write: ContextProblem | null;
}

export class SubscribedContext implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly operations: Operations<Contexts>;
    private readonly queue = new ContextQueue();
    private readonly pump: DataPump<ContextValue>;
    private readonly ending = new AbortController();
    private readonly serverWait = new ServerWait();
    private readonly problems: Problems = { settings: null, subscription: null, write: null };
    private interop: Interop;
    /** What the present subscription was made from, as text. */
    private key: string | undefined;
    private stop: () => void = () => {};

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.pump = new DataPump(this.queue, (value) => this.deliver(value));
        this.operations = contextOperations(component, status, diagnostics, (problem) =>
            this.note('write', problem),
        );
        component.eventDeliverer('context', true, true);
        // Where a callback writes both at once, they are carried out in this order.
        for (const operation of ['set', 'update'] as const) {
            component.watch(operation, (data) => this.write(operation, data), 'context');
        }
        warnOfWrites(component, diagnostics, ['context', 'error'], 'context');
    }

    /** Takes over the present props; subscribes anew only where they mean another context. */
    update(interop: Interop, props: ContextProps): void {
        this.takeSettings(props);
        this.operations.settle(interop);
        const { name, problem } = nameOf(props);
        const key = JSON.stringify([name, problem]);
        const isSameName = key === this.key;
        if (isSameName && interop === this.interop) {
            return;
        }
        this.interop = interop;
        this.key = key;
        this.stop();
        this.stop = () => {};
        if (!isSameName) {
            this.empty();
        }
        this.follow(interop, name, problem);
    }

    /** The component has left the layout. */
    end(): void {
        this.stop();
        this.queue.clear();
        this.pump.stop();
        this.ending.abort();
    }

    private takeSettings({ delivery }: ContextProps): void {
        try {
            this.queue.delivery = readDelivery(delivery ?? 'every');
            this.note('settings', null);
        } catch (error) {
            this.fail('settings', (error as Error).message);
        }
    }

    private follow(interop: Interop, name: string | undefined, problem: string | null): void {
        this.note('subscription', null);
        if (name === undefined) {
            this.fail('subscription', problem as string);
        } else if (typeof interop === 'string') {
            this.note('subscription', interop);
        } else if (interop instanceof InteropClient) {
            try {
                this.stop = interop.contexts.subscribe(name, (change) => this.receive(change));
            } catch (error) {
                this.fail('subscription', (error as Error).message);
            }
        }
    }

    /** What came of another context and was not delivered is not wanted any more. */
    private empty(): void {
        this.queue.clear();
        if (this.component.deliverer('context').lastValue) {
            this.component.empty('context');
        }
    }

    // What callbacks hear

    private receive(change: ContextChange): void {
        const { delta, removed, updaterId = null, isMine, version = null } = change;
        const isCrowded = this.queue.add({
            get data() {
                return change.data;
            },
            delta,
            removed,
            extraData: { updaterId, isMineUpdate: isMine, isMyUpdate: isMine },
            version,
            destroyed: change.isDestroyed,
            sequence: nextSequence(this.component),
        });
        if (isCrowded) {
            this.diagnostics.warn(
                `more than ${MOST_CHANGES} changes wait for their callbacks, so the oldest are ` +
                    'merged, as with delivery "latest"',
            );
        }
        this.pump.run();
    }

    /** Resolves when the next value may come. */
    private async deliver(value: ContextValue): Promise<void> {
        const { failure } = await this.component.deliverer('context').deliver(value);
        if (!isServerAway(failure)) {
            this.serverWait.end();
            return;
        }
        this.diagnostics.warn(
            'the Dash server did not answer, so a change may not have been handled; the others ' +
                'wait until it does',
        );
        await this.serverWait.untilItAnswers(this.ending.signal);
    }

    // What callbacks write

    private write(operation: 'set' | 'update', data: any): void {
        // What a layout brings, and a name that comes with the data, are there before React has
        // rendered them.
        const { name, problem } = nameOf({
            id: this.component.propInLayout('id'),
            contextName: this.component.propInLayout('contextName'),
        });
        const read = () => {
            if (name === undefined) {
                throw new Error(problem as string);
            }
            return (contexts: Contexts) => contexts[operation](name, data);
        };
        this.operations.run(operation, read, name);
    }

    // Problems

    private fail(about: 'settings' | 'subscription', message: string): void {
        this.note(about, message);
        this.diagnostics.fail(message);
    }

    private note<About extends keyof Problems>(about: About, problem: Problems[About]): void {
        this.problems[about] = problem;
        const { settings, subscription, write } = this.problems;
        const { message = null, ...rest } = write ?? {};
        const lasting = settings ?? subscription;
        this.error.tell(lasting ?? message, lasting === null ? rest : {});
    }
}

/** The name of the context, or what is wrong with it. */
function nameOf({ id, contextName }: ContextProps): {
    name: string | undefined;
    problem: string | null;
} {
    try {
        if (typeof (contextName ?? id) === 'object' || (contextName ?? id) === undefined) {
            throw new Error('contextName is needed where the id is not a string');
        }
        return { name: readContextName('A Context', contextName ?? id), problem: null };
    } catch (error) {
        return { name: undefined, problem: (error as Error).message };
    }
}

function readDelivery(value: unknown): ContextDelivery {
    const delivery = CONTEXT_DELIVERIES.find((one) => one === value);
    if (!delivery) {
        const text = JSON.stringify(value);
        throw new Error(`delivery cannot be ${text}: ${hint(String(value), CONTEXT_DELIVERIES)}`);
    }
    return delivery;
}
