/** A Notifications: raises what callbacks write, and tells them what becomes of it. */

import { timeoutOf } from '../client/deadlines';
import { InvocationError } from '../client/errors';
import type {
    Display,
    NotificationEvent,
    Notifications,
    RaisedNotification,
} from '../client/notifications';
import { PageNotifications, TOAST_MS } from '../client/page-notifications';
import type { LatestStatus } from '../client/status';
import type { DashComponent, Part } from './component';
import type { Diagnostics } from './diagnostics';
import { Events } from './events';
import { Failures } from './failures';
import type { Interop } from './interop-context';
import { readDisplay, readReport } from './notification-writes';
import { type Act, Operations, type Outcome } from './operations';
import { warnOfWrites } from './own-props';
import { StateProp } from './state-prop';

const EVENTS = ['raised', 'clicked', 'action', 'closed'] as const;
/** By it a copy of the component is known. */
const MARK = 'raised';
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
    private readonly events: Events<(typeof EVENTS)[number]>;
    private readonly failures: Failures;
    private readonly operations: Operations<Notifications>;
    private readonly states: Record<keyof ShownStates, StateProp>;
    private stopPermission: () => void = () => {};
    private display: Display = 'auto';
    private toastMs = TOAST_MS;
    /** What was wrong with the props at the last look. */
    private problem: string | undefined;
    /** Those of this component that are not closed, the oldest first. */
    private active: RaisedNotification[] = [];

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.events = new Events(component, EVENTS);
        this.failures = new Failures(this.events, diagnostics);
        this.operations = new Operations(component, this.failures, status, diagnostics, (outcome) =>
            this.use(notificationsOf(outcome)),
        );
        const { operations } = this;
        this.states = {
            active: this.state('active', () => this.active),
            permission: this.state('permission', () => operations.tool?.permission),
            maxActions: this.state('maxActions', () => operations.tool?.maxActions),
        };
        operations.carryOut(
            'raise',
            (entry, what) => (tool) => this.raise(tool, entry, what),
            MARK,
        );
        operations.carryOut('report', reporting, MARK);
        const ask = (written: unknown) => this.requestPermission(written);
        component.watch('requestPermission', ask, MARK);
        warnOfWrites(component, diagnostics, [...EVENTS, ...STATES, 'error'], MARK);
    }

    /** Takes over the present props. */
    update({ interop, display, toastMs }: NotifierProps): void {
        this.readProps(display, toastMs);
        this.operations.settle(interop);
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
        this.operations.end();
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

    private use(notifications: Notifications): Notifications {
        notifications.prepare();
        this.stopPermission();
        this.stopPermission = notifications.onPermission(() => this.states.permission.change());
        this.states.permission.change();
        this.states.maxActions.change();
        return notifications;
    }

    private raise(
        notifications: Notifications,
        settings: unknown,
        what: string,
    ): Promise<RaisedNotification> {
        const { display, toastMs } = this;
        const listener = (event: NotificationEvent) => this.hear(event);
        return notifications.raise(settings, { display, toastMs, what, listener });
    }

    private requestPermission(written: unknown): void {
        if (written) {
            this.operations.run('requestPermission', () => (tool) => tool.requestPermission());
        }
    }

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
                this.fail(id, event.error);
        }
    }

    private fail(id: string, error: Error): void {
        const type = error instanceof InvocationError && error.type ? { type: error.type } : {};
        this.failures.tell(error.message, { operation: 'interop', id, ...type });
    }

    private setActive(active: RaisedNotification[]): void {
        this.active = active;
        this.states.active.change();
    }
}

function reporting(entry: unknown, what: string): Act<Notifications> {
    const { id, type, action } = readReport(entry, what);
    return (notifications) =>
        type === 'close' ? notifications.close(id) : notifications.click(id, action);
}

/** What a page shows without a connection; what it invokes fails. */
const unconnected = new Map<string, Notifications>();

function notificationsOf(outcome: Outcome): Notifications {
    if (typeof outcome !== 'string') {
        return outcome.notifications;
    }
    const notifications =
        unconnected.get(outcome) ??
        new PageNotifications(() => Promise.reject(new InvocationError(outcome, 'NotConnected')));
    unconnected.set(outcome, notifications);
    return notifications;
}
