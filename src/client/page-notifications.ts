/**
 * The notifications of a page: those that it shows itself, and those that it hands to the platform
 * that it is inside of.
 *
 * A click closes a notification, and so does the choice of an action, as io.Connect has it. What
 * a notification invokes is invoked here, also when whoever raised it is gone from the page.
 */

import { BrowserPermission, showInBrowser } from './browser-notifications';
import { toError } from './errors';
import { newId } from './ids';
import { type InteropSettings, MOST_ACTIONS, readNotification } from './notification-settings';
import type {
    CloseReason,
    NotificationEvent,
    Notifications,
    Permission,
    RaisedNotification,
    RaiseOptions,
} from './notifications';
import type { Shown, Watcher } from './shown';
import { toaster } from './toaster';

export const TOAST_MS = 10_000;

/** Invokes the method of a click. */
type Invoke = (method: string, args: unknown, target: unknown) => Promise<unknown>;
type Listener = (event: NotificationEvent) => void;

interface Entry {
    notification: RaisedNotification;
    listener: Listener | undefined;
    shown: Shown[];
}

export class PageNotifications implements Notifications {
    readonly maxActions = MOST_ACTIONS;
    private readonly invoke: Invoke;
    private readonly browser = new BrowserPermission();
    private readonly entries = new Map<string, Entry>();
    private readonly listeners = new Set<Listener>();

    constructor(invoke: Invoke) {
        this.invoke = invoke;
    }

    prepare(): void {
        toaster.prepare();
    }

    get permission(): Permission {
        return this.browser.present;
    }

    onPermission(listener: (permission: Permission) => void): () => void {
        return this.browser.onChange(listener);
    }

    requestPermission(): Promise<void> {
        return this.browser.request();
    }

    async raise(given: unknown, options: RaiseOptions = {}): Promise<RaisedNotification> {
        const settings = readNotification(given, options.what ?? 'the notification');
        const notification = { id: newId(), settings };
        const former = this.withTag(settings.tag);
        const entry: Entry = { notification, listener: options.listener, shown: [] };
        this.entries.set(notification.id, entry);
        const isInBrowser = this.show(entry, options);
        if (former) {
            // Where the browser shows both, it has the new one take the place of the former.
            this.end(former, 'replaced', (shown) => (isInBrowser ? shown.giveUp() : shown.close()));
        }
        this.tell(entry, { type: 'raised', notification });
        return notification;
    }

    list(): RaisedNotification[] {
        return [...this.entries.values()].map(({ notification }) => notification);
    }

    async click(id: string, action?: string): Promise<void> {
        const entry = this.find(id);
        if (action === undefined) {
            this.clicked(entry);
            return;
        }
        const { actions = [] } = entry.notification.settings;
        if (!actions.some((each) => each.action === action)) {
            const names = actions.map((each) => `"${each.action}"`).join(', ') || 'none';
            throw new Error(`Notification ${id} has no action "${action}"; it has ${names}`);
        }
        this.chosen(entry, action);
    }

    async close(id: string): Promise<void> {
        this.end(this.find(id), 'page');
    }

    onEvent(listener: Listener): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    private find(id: string): Entry {
        const entry = this.entries.get(id);
        if (!entry) {
            throw new Error(`There is no notification ${JSON.stringify(id)}, or it is closed`);
        }
        return entry;
    }

    private withTag(tag: string | undefined): Entry | undefined {
        return tag === undefined
            ? undefined
            : [...this.entries.values()].find(
                  ({ notification }) => notification.settings.tag === tag,
              );
    }

    // Where it is seen

    /** @returns Whether the browser shows it. */
    private show(entry: Entry, { display = 'auto', toastMs = TOAST_MS }: RaiseOptions): boolean {
        const { settings } = entry.notification;
        if (display === 'none' || settings.showToast === false) {
            return false;
        }
        const toast = () =>
            entry.shown.push(
                toaster.show(
                    settings,
                    toastMs,
                    this.watcher(entry, () => {}),
                ),
            );
        const mayAsk = display === 'auto' && this.permission === 'granted';
        if (mayAsk && !settings.actions?.length) {
            const shown = showInBrowser(settings, this.watcher(entry, toast));
            if (shown) {
                entry.shown.push(shown);
                return true;
            }
        }
        toast();
        return mayAsk && document.visibilityState === 'hidden' && this.callAttention(entry);
    }

    /** Who does not see the page is told by the browser, and finds the buttons in the page. */
    private callAttention(entry: Entry): boolean {
        const nothing = () => {};
        const shown = showInBrowser(entry.notification.settings, {
            clicked: () => shown?.close(),
            chosen: nothing,
            closed: nothing,
            refused: nothing,
        });
        if (shown) {
            entry.shown.push(shown);
        }
        return shown !== undefined;
    }

    private watcher(entry: Entry, refused: () => void): Watcher {
        return {
            clicked: () => this.clicked(entry),
            chosen: (action) => this.chosen(entry, action),
            closed: (reason) => this.end(entry, reason),
            refused: () => {
                if (this.isOpen(entry)) {
                    refused();
                }
            },
        };
    }

    // What becomes of it

    private clicked(entry: Entry): void {
        if (!this.isOpen(entry)) {
            return;
        }
        const { notification } = entry;
        this.tell(entry, { type: 'clicked', notification });
        this.run(entry, notification.settings.clickInterop);
        this.end(entry, 'click');
    }

    private chosen(entry: Entry, action: string): void {
        if (!this.isOpen(entry)) {
            return;
        }
        const { notification } = entry;
        this.tell(entry, { type: 'action', notification, action });
        const { actions = [] } = notification.settings;
        this.run(entry, actions.find((each) => each.action === action)?.interop);
        this.end(entry, 'action');
    }

    private end(
        entry: Entry,
        reason: CloseReason,
        takeAway: (shown: Shown) => void = (shown) => shown.close(),
    ): void {
        if (!this.isOpen(entry)) {
            return;
        }
        const { notification } = entry;
        this.entries.delete(notification.id);
        for (const shown of entry.shown.splice(0)) {
            takeAway(shown);
        }
        this.tell(entry, { type: 'closed', notification, reason });
    }

    private isOpen({ notification }: Entry): boolean {
        return this.entries.has(notification.id);
    }

    private run(entry: Entry, interop: InteropSettings | undefined): void {
        if (!interop) {
            return;
        }
        const { method, arguments: args = {}, target = 'best' } = interop;
        const { notification } = entry;
        this.invoke(method, args, target).catch((reason) => {
            const error = toError(reason);
            this.tell(entry, { type: 'failed', notification, error });
        });
    }

    private tell({ listener }: Entry, event: NotificationEvent): void {
        listener?.(event);
        for (const each of [...this.listeners]) {
            each(event);
        }
    }
}
