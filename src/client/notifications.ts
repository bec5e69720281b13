/**
 * Notifications as the rest of the page knows them.
 *
 * A notification is raised, may be clicked or have one of its actions chosen, and is closed, each
 * of which its raiser hears once. `PageNotifications` implements it.
 */

import type { NotificationSettings } from './notification-settings';

/**
 * Where a notification is shown. `auto`: by the platform where the page is inside of one, else by
 * the browser where it may, else in the page. `toast`: in the page. `none`: by whoever raised it.
 */
export const DISPLAYS = ['auto', 'toast', 'none'] as const;
export type Display = (typeof DISPLAYS)[number];

/** What the browser's user has said of notifications; `unsupported` where it has none. */
export type Permission = 'default' | 'granted' | 'denied' | 'unsupported';

export interface RaisedNotification {
    id: string;
    settings: NotificationSettings;
}

/**
 * Why a notification is closed: its user has closed it, has clicked it or chosen an action; its
 * time was up; another one with its tag has taken its place; the page has closed it; `platform`
 * where the platform or the browser does not say.
 */
export type CloseReason =
    | 'user'
    | 'click'
    | 'action'
    | 'timeout'
    | 'replaced'
    | 'page'
    | 'platform';

export type NotificationEvent = { notification: RaisedNotification } & (
    | { type: 'raised' }
    | { type: 'clicked' }
    | { type: 'action'; action: string }
    | { type: 'closed'; reason: CloseReason }
    /** The method of a click or an action could not be invoked. */
    | { type: 'failed'; error: Error }
);

export interface RaiseOptions {
    display?: Display;
    /** How long a toast stays that does not require an interaction. */
    toastMs?: number;
    /** What the settings are called in messages. */
    what?: string;
    /** Hears all that becomes of the notification, in order. */
    listener?: (event: NotificationEvent) => void;
}

export interface Notifications {
    /**
     * To be called where notifications may come: a screen reader tells what comes to a place that
     * it knows already.
     */
    prepare(): void;
    /** The most actions that a notification may have; null where it is not known. */
    readonly maxActions: number | null;
    readonly permission: Permission;
    /** Calls `listener` whenever the permission has changed. */
    onPermission(listener: (permission: Permission) => void): () => void;
    /** Asks the user; rejects with an Error that says why there is no permission. */
    requestPermission(): Promise<void>;
    /** Rejects with an Error that says what is wrong. */
    raise(settings: unknown, options?: RaiseOptions): Promise<RaisedNotification>;
    /** Those that are not closed, the oldest first. */
    list(): RaisedNotification[];
    /** Does what a click of the user does, or the choice of an action. */
    click(id: string, action?: string): Promise<void>;
    close(id: string): Promise<void>;
    /** Calls `listener` with what happens to all notifications of this page. */
    onEvent(listener: (event: NotificationEvent) => void): () => void;
}
