/** `io.notifications` for the scripts of a page whose library has none: that of io.Connect. */

import type { NotificationEvent, Notifications, RaisedNotification } from './notifications';

const NO_HANDLERS = { onshow: null, onclick: null, onaction: null, onclose: null, onerror: null };

export function notificationsApi(notifications: Notifications): object {
    return {
        get maxActions() {
            return notifications.maxActions;
        },
        raise: async (settings: unknown) => {
            const raised: any = { ...NO_HANDLERS };
            const listener = (event: NotificationEvent) => hear(raised, event);
            const { id } = await notifications.raise(settings, { listener });
            // Later, when the script has had the time to say what is to be called.
            setTimeout(() => raised.onshow?.({ type: 'onshow' }));
            const close = () => notifications.close(id);
            return Object.assign(raised, settings, { id, close });
        },
        requestPermission: () =>
            notifications.requestPermission().then(
                () => true,
                () => false,
            ),
        getPermission: async () =>
            notifications.permission === 'unsupported' ? 'denied' : notifications.permission,
        list: async () => notifications.list().map(asData),
        onRaised: (callback: (notification: object) => void) =>
            notifications.onEvent(
                ({ type, notification }) => type === 'raised' && callback(asData(notification)),
            ),
        onClosed: (callback: (notification: { id: string }) => void) =>
            notifications.onEvent(
                ({ type, notification: { id } }) => type === 'closed' && callback({ id }),
            ),
        click: (id: string, action?: string) => notifications.click(id, action),
        clear: (id: string) => notifications.close(id),
        clearAll: async () => {
            for (const { id } of notifications.list()) {
                await notifications.close(id);
            }
        },
    };
}

function asData({ id, settings }: RaisedNotification): object {
    return { ...settings, id };
}

function hear(raised: any, event: NotificationEvent): void {
    switch (event.type) {
        case 'clicked':
            raised.onclick?.({ type: 'onclick' });
            break;
        case 'action':
            raised.onaction?.({ type: 'onaction', action: event.action });
            break;
        case 'closed':
            raised.onclose?.();
            break;
        case 'failed':
            raised.onerror?.({ type: 'onerror', error: event.error });
            break;
        default:
    }
}
