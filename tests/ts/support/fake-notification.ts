/** `window.Notification` of a browser, as far as this package uses it; jsdom has none. */

import { vi } from 'vitest';

export class FakeNotification {
    static permission: NotificationPermission = 'default';
    /** What the user says when they are asked. */
    static answer: NotificationPermission = 'granted';
    static shown: FakeNotification[] = [];
    /** Telephones let only service workers notify. */
    static isRefused = false;
    onclick: (() => void) | null = null;
    onclose: (() => void) | null = null;
    onerror: (() => void) | null = null;
    isClosed = false;

    constructor(
        readonly title: string,
        readonly options: Record<string, any>,
    ) {
        if (FakeNotification.isRefused) {
            throw new TypeError('Illegal constructor');
        }
        FakeNotification.shown.push(this);
    }

    static async requestPermission(): Promise<NotificationPermission> {
        FakeNotification.permission = FakeNotification.answer;
        return FakeNotification.answer;
    }

    close(): void {
        this.isClosed = true;
        this.onclose?.();
    }
}

/** Puts it into the window of this test. */
export function installNotification(permission: NotificationPermission): typeof FakeNotification {
    FakeNotification.permission = permission;
    FakeNotification.answer = 'granted';
    FakeNotification.shown = [];
    FakeNotification.isRefused = false;
    vi.stubGlobal('Notification', FakeNotification);
    return FakeNotification;
}
