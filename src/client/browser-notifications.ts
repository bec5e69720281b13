/**
 * Notifications that the browser shows. A page can do so by itself where they have no actions:
 * those with actions belong to service workers. On telephones all of them do.
 */

import type { NotificationSettings } from './notification-settings';
import type { Permission } from './notifications';
import type { Shown, Watcher } from './shown';

/** What io.Connect's settings have in common with those of browsers. */
const FIELDS = [
    'body',
    'icon',
    'image',
    'badge',
    'tag',
    'lang',
    'dir',
    'timestamp',
    'vibrate',
    'renotify',
    'requireInteraction',
    'silent',
] as const;

/** What the browser's user has said, and changes of it. */
export class BrowserPermission {
    private readonly listeners = new Set<(permission: Permission) => void>();
    private told = this.present;

    constructor() {
        this.watch().catch(() => {
            // Not every browser tells of changes that were not made here.
        });
    }

    get present(): Permission {
        return globalThis.Notification?.permission ?? 'unsupported';
    }

    onChange(listener: (permission: Permission) => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    /** @throws Error that says why there is no permission. */
    async request(): Promise<void> {
        if (this.present === 'unsupported') {
            throw new Error(
                'This browser has no notifications for web pages: they are shown in the page',
            );
        }
        const wasActive = navigator.userActivation?.isActive ?? true;
        const wasDenied = this.present === 'denied';
        const answer = await Notification.requestPermission();
        this.tell();
        if (answer === 'denied') {
            throw new Error(refusal(wasDenied));
        }
        if (answer !== 'granted') {
            throw new Error(unanswered(wasActive));
        }
    }

    private async watch(): Promise<void> {
        const status = await navigator.permissions.query({ name: 'notifications' });
        status.onchange = () => this.tell();
    }

    private tell(): void {
        const { present } = this;
        if (present !== this.told) {
            this.told = present;
            for (const listener of [...this.listeners]) {
                listener(present);
            }
        }
    }
}

const INSTEAD = 'Notifications are shown in the page instead';

function refusal(wasDenied: boolean): string {
    if (!window.isSecureContext) {
        return `Browsers let pages notify that come over https, or from this machine. ${INSTEAD}`;
    }
    return wasDenied
        ? `The browser blocks notifications of this site and does not ask again: they can be allowed in its settings for the site. ${INSTEAD}`
        : `The user does not want notifications of this site. ${INSTEAD}`;
}

function unanswered(wasActive: boolean): string {
    return wasActive
        ? `The browser asked and got no answer. ${INSTEAD}`
        : 'The browser did not ask: it does so only within a few seconds of a click or a key press in the page. ' +
              `Have a callback of a button write requestPermission, a clientside one where the server takes longer. ${INSTEAD}`;
}

/** Shows a notification; undefined where this browser lets no page do so. */
export function showInBrowser(
    { title, ...settings }: NotificationSettings,
    watcher: Watcher,
): Shown | undefined {
    const options = Object.fromEntries(
        FIELDS.filter((field) => field in settings).map((field) => [field, settings[field]]),
    );
    let notification: Notification;
    try {
        notification = new Notification(title, options);
    } catch {
        return undefined;
    }
    notification.onclick = () => {
        window.focus();
        watcher.clicked();
    };
    notification.onclose = () => watcher.closed('user');
    notification.onerror = () => watcher.refused();
    return {
        close: () => {
            notification.onclose = null;
            notification.close();
        },
        giveUp: () => {
            notification.onclose = null;
        },
    };
}
