/** The subscription of a StreamSubscribe, and the way of its data to the callbacks. */

import type { StreamData } from '../client/core-subscription';
import { withTimeout } from '../client/deadlines';
import type { InteropClient } from '../client/interop-client';
import { hint } from '../client/keys';
import type { Subscription, SubscriptionStatus } from '../client/subscribing';
import {
    type ClientsideHandler,
    FunctionMissing,
    readClientsideHandler,
} from './clientside-handler';
import type { DashComponent, Part } from './component';
import { ServerWait } from './dash-server';
import { DataPump } from './data-pump';
import { DataQueue, type Datum } from './data-queue';
import { type DataProps, readDataSettings } from './data-settings';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { nextSequence } from './sequence';
import { LONGEST_WAIT_MS } from './until';
import { isServerAway } from './why-unanswered';

/** How long the number of lost data may have changed before callbacks hear of it. */
const LOST_MS = 1_000;

const CLOSED: SubscriptionStatus = {
    state: 'closed',
    reason: 'active is False',
    gap: false,
    recovered: null,
    servers: [],
};

/** What is wrong, by what it is about; null where nothing is. */
interface Problems {
    settings: string | null;
    subscription: string | null;
    handler: string | null;
}

/** What a StreamSubscribe is given. */
export interface StreamProps extends DataProps {
    definition?: unknown;
    arguments?: unknown;
    target?: unknown;
    waitTimeoutMs?: unknown;
    methodResponseTimeoutMs?: unknown;
    active?: boolean | null;
    clientsideHandler?: unknown;
}

export class SubscribedStream implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly queue: DataQueue;
    private readonly pump: DataPump<Datum | Datum[]>;
    private readonly ending = new AbortController();
    private readonly serverWait = new ServerWait();
    private readonly problems: Problems = { settings: null, subscription: null, handler: null };
    /** Whether the data settings were usable once: those that were stay in use. */
    private hasSettings = false;
    private handler: ClientsideHandler | undefined;
    /** What the handler was made from, as text. */
    private handlerKey: string | undefined;
    private interop: Interop;
    /** What the present subscription was made from, as text. */
    private key: string | undefined;
    private subscription: Subscription | undefined;
    private status: SubscriptionStatus | undefined;
    private lostTimer: ReturnType<typeof setTimeout> | undefined;
    private toldStatus: string | undefined;

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.queue = new DataQueue(readDataSettings({}));
        this.pump = new DataPump(this.queue, (value) => this.deliver(value));
        component.eventDeliverer('data', false);
        warnOfWrites(component, diagnostics, ['status', 'error'], 'status');
    }

    /** Takes over the present props; subscribes anew only where they mean another subscription. */
    update(interop: Interop, props: StreamProps): void {
        const problem = this.takeSettings(props);
        this.note('settings', problem);
        if (problem !== null) {
            this.diagnostics.fail(problem);
        }
        const { definition, arguments: args, target } = props;
        const active = props.active ?? true;
        // What a callback sends again is a new object even where nothing has changed.
        const key = JSON.stringify([definition, args, target, active, this.hasSettings]);
        if (interop === this.interop && key === this.key) {
            this.keepStatus();
            return;
        }
        this.interop = interop;
        this.key = key;
        this.leave();
        this.note('subscription', null);
        if (problem !== null && !this.hasSettings) {
            this.fail(problem);
        } else if (!active) {
            this.change(CLOSED);
        } else if (typeof interop === 'string') {
            this.fail(interop, interop === NO_ROOT);
        } else if (interop) {
            this.subscribe(interop, props);
        } else {
            this.change({ ...CLOSED, state: 'connecting', reason: null });
        }
    }

    /** The component has left the layout. */
    end(): void {
        this.leave();
        this.pump.stop();
        this.ending.abort();
    }

    /** @returns What is wrong with them, in words; those from before stay in use then. */
    private takeSettings(props: StreamProps): string | null {
        try {
            const key = JSON.stringify(props.clientsideHandler);
            if (key !== this.handlerKey) {
                this.handler = readClientsideHandler(props.clientsideHandler);
                this.handlerKey = key;
                this.note('handler', null);
            }
            this.queue.settings = readDataSettings(props);
            this.pump.run();
            this.hasSettings = true;
            return null;
        } catch (error) {
            return (error as Error).message;
        }
    }

    private subscribe(client: InteropClient, props: StreamProps): void {
        const { definition, target, waitTimeoutMs, methodResponseTimeoutMs } = props;
        try {
            this.subscription = client.subscribe(definition, {
                arguments: props.arguments,
                target,
                waitTimeoutMs,
                methodResponseTimeoutMs,
                onData: (data) => this.receive(data),
                onStatus: (status) => this.change(status),
                onNobody: (reason) => this.diagnostics.warnBeside('status', reason),
            });
        } catch (error) {
            this.fail((error as Error).message);
        }
    }

    /** What came of the subscription and was not delivered is not wanted any more. */
    private leave(): void {
        this.subscription?.close();
        this.subscription = undefined;
        this.queue.clear();
        clearTimeout(this.lostTimer);
        this.lostTimer = undefined;
    }

    private receive(data: StreamData): void {
        const { lost } = this.queue;
        this.checkKey(data.data);
        this.queue.add({ ...data, sequence: nextSequence(this.component) });
        this.pump.run();
        if (this.queue.lost > lost) {
            this.tellLost();
        }
    }

    /** Data without the field all count as one kind, and replace each other. */
    private checkKey(data: object): void {
        const { key } = this.queue.settings;
        if (key !== undefined && !(key in data)) {
            this.diagnostics.warn(
                `data has no field "${key}" (key), so it replaces other such data: ` +
                    hint(key, Object.keys(data)),
            );
        }
    }

    /** Resolves when the next value may come. */
    private async deliver(value: Datum | Datum[]): Promise<void> {
        if (this.handler) {
            const handling = this.handler.call(value);
            await withTimeout(handling, LONGEST_WAIT_MS, 'clientsideHandler has not ended').then(
                () => this.note('handler', null),
                (error) => this.handlerFailed(error, value),
            );
            return;
        }
        const { failure } = await this.component.deliverer('data').deliver(value);
        if (!isServerAway(failure)) {
            this.serverWait.end();
            return;
        }
        this.lose(value);
        this.diagnostics.warn(
            `the Dash server did not answer, so ${this.queue.lost} data may not have been handled ` +
                '(status["lost"]); the others wait until it does',
        );
        await this.serverWait.untilItAnswers(this.ending.signal);
    }

    private lose(value: Datum | Datum[]): void {
        this.queue.lose(Array.isArray(value) ? value.length : 1);
        this.tellLostSoon();
    }

    private handlerFailed(error: unknown, value: Datum | Datum[]): void {
        if (error instanceof FunctionMissing) {
            this.lose(value);
        }
        const message = error instanceof Error ? error.message : String(error);
        this.note('handler', message);
        this.diagnostics.fail(message);
    }

    private tellLost(): void {
        const { maxWaiting } = this.queue.settings;
        this.diagnostics.warn(
            `more than ${maxWaiting} data wait for their callbacks, so the oldest are dropped ` +
                '(maxWaiting); status["lost"] counts them',
        );
        this.tellLostSoon();
    }

    private tellLostSoon(): void {
        this.lostTimer ??= setTimeout(() => {
            this.lostTimer = undefined;
            this.tellStatus();
        }, LOST_MS);
    }

    private fail(reason: string, isShown = true): void {
        this.status = { ...CLOSED, state: 'failed', reason };
        this.tellStatus();
        this.note('subscription', reason);
        if (isShown) {
            this.diagnostics.fail(reason);
        }
    }

    private note(about: keyof Problems, message: string | null): void {
        this.problems[about] = message;
        const { settings, subscription, handler } = this.problems;
        this.error.tell(settings ?? subscription ?? handler);
    }

    private change(status: SubscriptionStatus): void {
        this.status = status;
        const { state, reason } = status;
        if (reason !== null && (state === 'rejected' || state === 'failed')) {
            this.diagnostics.warnBeside('status', `${state}: ${reason}`);
        }
        this.tellStatus();
    }

    private tellStatus(): void {
        const status = { ...this.status, lost: this.queue.lost };
        const text = JSON.stringify(status);
        if (text !== this.toldStatus) {
            this.toldStatus = text;
            this.component.deliverer('status').deliver(status);
        }
    }

    /** A layout may have brought the component without its status. */
    private keepStatus(): void {
        const { lastValue } = this.component.deliverer('status');
        if (lastValue && !this.component.propInLayout('status')) {
            this.toldStatus = undefined;
            this.tellStatus();
        }
    }
}
