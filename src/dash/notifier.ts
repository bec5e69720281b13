/** A Notifications: raises what callbacks write, and tells them what becomes of it. */

import { DEFAULT_TIMEOUT_MS, timeoutOf } from '../client/deadlines';
import { InvocationError } from '../client/errors';
import type { InteropClient } from '../client/interop-client';
import type {
    Display,
    NotificationEvent,
    Notifications,
    RaisedNotification,
} from '../client/notifications';
import { PageNotifications, TOAST_MS } from '../client/page-notifications';
import type { LatestStatus } from '../client/status';
import { Arrival } from './arrival';
import type { DashComponent, Part } from './component';
import type { Diagnostics } from './diagnostics';
import { entriesOf } from './entries';
import { Events } from './events';
import { Failures } from './failures';
import { type Interop, NO_ROOT } from './interop-context';
import { type Report, readDisplay, readReport } from './notification-writes';
import { warnOfWrites } from './own-props';
import { StateProp } from './state-prop';

const EVENTS = ['raised', 'clicked', 'action', 'closed'] as const;
const STATES = ['active', 'permission', 'maxActions'] as const;

/** What the props hold that the library sets. */
export type ShownStates = Record<(typeof STATES)[number], unknown>;

/** What a Notifications is given. */
export interface NotifierProps {
    interop: Interop;
    display: unknown;
    toastMs: unknown;
}

export class Notifier implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly events: Events<(typeof EVENTS)[number]>;
    private readonly failures: Failures;
    private readonly arrival = new Arrival();
    private readonly status: LatestStatus;
    private readonly states: Record<keyof ShownStates, StateProp>;
    private interop: Interop;
    private hasEnded = false;
    private notifications: Notifications | undefined;
    private stopPermission: () => void = () => {};
    private display: Display = 'auto';
    private toastMs = TOAST_MS;
    /** What was wrong with the props at the last look. */
    private problem: string | undefined;
    /** Those of this component that are not closed, the oldest first. */
    private active: RaisedNotification[] = [];

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        this.events = new Events(component, EVENTS);
        this.failures = new Failures(component, diagnostics);
        this.states = {
            active: this.state('active', () => this.active),
            permission: this.state('permission', () => this.notifications?.permission),
            maxActions: this.state('maxActions', () => this.notifications?.maxActions),
        };
        this.carryOut('raise', (entry, what) => this.raise(entry, what));
        this.carryOut('report', (entry, what) => this.report(readReport(entry, what)));
        component.watch(
            'requestPermission',
            (written) => this.requestPermission(written),
            'raised',
        );
        warnOfWrites(component, diagnostics, [...EVENTS, ...STATES, 'error'], 'raised');
    }

    /** Takes over the present props. */
    update({ interop, display, toastMs }: NotifierProps): void {
        this.readProps(display, toastMs);
        if (interop !== this.interop) {
            this.interop = interop;
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
            if (interop !== undefined) {
                this.use(interop);
                this.arrival.announce(interop);
            }
        }
    }

    /** Puts right what a layout or a callback has brought in place of the states. */
    show(shown: ShownStates): void {
        for (const name of STATES) {
            const { lastValue } = this.component.deliverer(name);
            if (lastValue !== undefined && shown[name] !== lastValue) {
                this.states[name].restore();
            }
        }
    }

    /** The component has left the layout; its notifications stay until somebody closes them. */
    end(): void {
        this.hasEnded = true;
        this.events.end();
        this.stopPermission();
        for (const state of Object.values(this.states)) {
            state.end();
        }
    }

    private state(prop: string, read: () => unknown): StateProp {
        return new StateProp(this.component.deliverer(prop), read);
    }

    private readProps(display: unknown, toastMs: unknown): void {
        const time = timeoutOf('toastMs', toastMs, TOAST_MS);
        let problem = time.problem?.message;
        this.toastMs = time.ms;
        try {
            this.display = readDisplay(display);
        } catch (error) {
            this.display = 'auto';
            problem = (error as Error).message;
        }
        if (problem !== this.problem && problem !== undefined) {
            this.failures.tell(problem);
        }
        this.problem = problem;
    }

    private use(outcome: InteropClient | string): void {
        this.stopPermission();
        this.notifications = notificationsOf(outcome);
        this.stopPermission = this.notifications.onPermission(() =>
            this.states.permission.change(),
        );
        this.states.permission.change();
        this.states.maxActions.change();
    }

    // What callbacks write

    private carryOut(prop: string, act: (entry: unknown, what: string) => Promise<unknown>): void {
        const onWrite = (written: unknown) => {
            for (const [what, entry] of entriesOf(prop, written)) {
                this.whenKnown(() => act(entry, what), { operation: prop });
            }
        };
        this.component.watch(prop, onWrite, 'raised');
    }

    private requestPermission(written: unknown): void {
        if (written) {
            const ask = () => (this.notifications as Notifications).requestPermission();
            this.whenKnown(ask, { operation: 'requestPermission' });
        }
    }

    /** Does it when it is known how notifications are shown, and tells whether it has succeeded. */
    private async whenKnown(act: () => Promise<unknown>, details: object): Promise<void> {
        const outcome = this.interop ?? (await this.arrival.wait(DEFAULT_TIMEOUT_MS, this.status));
        if (this.hasEnded) {
            return;
        }
        if (!this.notifications) {
            this.use(outcome as string);
        }
        try {
            await act();
            this.failures.clear();
        } catch (error) {
            this.failures.tell((error as Error).message, details);
        }
    }

    private raise(settings: unknown, what: string): Promise<unknown> {
        const { display, toastMs } = this;
        const listener = (event: NotificationEvent) => this.hear(event);
        return (this.notifications as Notifications).raise(settings, {
            display,
            toastMs,
            what,
            listener,
        });
    }

    private async report({ id, type, action }: Report): Promise<void> {
        const notifications = this.notifications as Notifications;
        await (type === 'close' ? notifications.close(id) : notifications.click(id, action));
    }

    // What becomes of it

    private hear(event: NotificationEvent): void {
        const { id, settings } = event.notification;
        const told = { id, settings, data: settings.data ?? null };
        switch (event.type) {
            case 'raised':
                this.setActive([...this.active, event.notification]);
                this.events.tell('raised', told);
                break;
            case 'clicked':
                this.events.tell('clicked', told);
                break;
            case 'action':
                this.events.tell('action', { ...told, action: event.action });
                break;
            case 'closed':
                this.setActive(this.active.filter((each) => each.id !== id));
                this.events.tell('closed', { ...told, reason: event.reason });
                break;
            case 'failed':
                this.failures.tell(event.error.message, {
                    operation: 'interop',
                    id,
                    ...typeOf(event.error),
                });
        }
    }

    private setActive(active: RaisedNotification[]): void {
        this.active = active;
        this.states.active.change();
    }
}

function typeOf(error: Error): object {
    return error instanceof InvocationError && error.type ? { type: error.type } : {};
}

/** What a page shows without a connection; what it invokes fails. */
const unconnected = new Map<string, Notifications>();

function notificationsOf(outcome: InteropClient | string): Notifications {
    if (typeof outcome !== 'string') {
        return outcome.notifications;
    }
    const notifications =
        unconnected.get(outcome) ??
        new PageNotifications(() => Promise.reject(new InvocationError(outcome, 'NotConnected')));
    unconnected.set(outcome, notifications);
    return notifications;
}
