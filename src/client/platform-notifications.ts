/**
 * The notifications of a page inside of io.Connect or Glue42, which has a way of its own to show
 * them. It invokes what they invoke, too. Those that are to be shown in the page are as anywhere.
 */

import { toError } from './errors';
import { type NotificationSettings, settingsForPlatform } from './notification-settings';
import type {
    NotificationEvent,
    Notifications,
    Permission,
    RaisedNotification,
    RaiseOptions,
} from './notifications';

type Listener = (event: NotificationEvent) => void;

interface Entry {
    notification: RaisedNotification;
    tell: Listener;
}

export class PlatformNotifications implements Notifications {
    /** `io.notifications` of the library; desktop and browser have different parts of it. */
    private readonly api: any;
    private readonly page: Notifications;
    private readonly entries = new Map<string, Entry>();
    private readonly listeners = new Set<Listener>();
    private readonly permissionListeners = new Set<(permission: Permission) => void>();
    private known: Permission;

    /** @param page Shows what is to be shown in the page. */
    constructor(api: any, page: Notifications) {
        this.api = api;
        this.page = page;
        // A library that cannot be asked needs no permission.
        this.known = api.getPermission ? page.permission : 'granted';
        this.askPermission().catch(() => {
            // Not every platform answers; then it is what the page's browser says.
        });
        page.onEvent((event) => this.tellAll(event));
        api.onClosed?.(({ id }: { id: unknown }) => this.closed(String(id)));
    }

    prepare(): void {
        this.page.prepare();
    }

    get maxActions(): number | null {
        const limit = this.api.maxActions ?? (globalThis.Notification as any)?.maxActions;
        return typeof limit === 'number' ? limit : null;
    }

    get permission(): Permission {
        return this.known;
    }

    onPermission(listener: (permission: Permission) => void): () => void {
        this.permissionListeners.add(listener);
        return () => this.permissionListeners.delete(listener);
    }

    async requestPermission(): Promise<void> {
        const isGranted = (await this.api.requestPermission?.()) ?? true;
        await this.askPermission();
        if (!isGranted) {
            throw new Error(
                'The platform has no permission for notifications: its user has refused it, or has blocked them in the settings of the browser',
            );
        }
    }

    async raise(given: unknown, options: RaiseOptions = {}): Promise<RaisedNotification> {
        if ((options.display ?? 'auto') !== 'auto') {
            return this.page.raise(given, options);
        }
        const settings = settingsForPlatform(given, options.what ?? 'the notification');
        const raised = await this.ask(settings);
        const notification = {
            id: String(raised.id),
            settings: settings as unknown as NotificationSettings,
        };
        const entry: Entry = {
            notification,
            tell: (event) => {
                options.listener?.(event);
                this.tellAll(event);
            },
        };
        this.entries.set(notification.id, entry);
        raised.onclick = () => entry.tell({ type: 'clicked', notification });
        raised.onaction = ({ action }: { action: string }) =>
            entry.tell({ type: 'action', notification, action });
        raised.onclose = () => this.closed(notification.id);
        raised.onerror = (event: any) =>
            entry.tell({ type: 'failed', notification, error: toError(event?.error ?? event) });
        entry.tell({ type: 'raised', notification });
        return notification;
    }

    list(): RaisedNotification[] {
        const own = [...this.entries.values()].map(({ notification }) => notification);
        return [...own, ...this.page.list()];
    }

    async click(id: string, action?: string): Promise<void> {
        await (this.entries.has(id) ? this.api.click(id, action) : this.page.click(id, action));
    }

    async close(id: string): Promise<void> {
        await (this.entries.has(id) ? this.api.clear(id) : this.page.close(id));
    }

    onEvent(listener: Listener): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    /**
     * The library's notification. Libraries of Glue42 refuse the answer of a platform that is older
     * than they are, which has raised the notification all the same and tells of it before.
     */
    private async ask(settings: Record<string, unknown>): Promise<any> {
        const told: any[] = [];
        const stop = this.api.onRaised?.((raised: any) => told.push(raised));
        try {
            return await this.api.raise(settings);
        } catch (reason) {
            const raised = told.find(({ title }) => title === settings.title);
            if (!raised) {
                throw toError(reason);
            }
            return { id: raised.id };
        } finally {
            stop?.();
        }
    }

    /** Desktop tells it of the notification and of all of them. */
    private closed(id: string): void {
        const entry = this.entries.get(id);
        if (entry) {
            const { notification } = entry;
            this.entries.delete(id);
            entry.tell({ type: 'closed', notification, reason: 'platform' });
        }
    }

    private async askPermission(): Promise<void> {
        const permission: Permission | undefined = await this.api.getPermission?.();
        if (permission !== undefined && permission !== this.known) {
            this.known = permission;
            for (const listener of [...this.permissionListeners]) {
                listener(permission);
            }
        }
    }

    private tellAll(event: NotificationEvent): void {
        for (const listener of [...this.listeners]) {
            listener(event);
        }
    }
}
