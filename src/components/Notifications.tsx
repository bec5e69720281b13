import type { DashProps } from '../dash/component';
import { useNotifications } from '../dash/useNotifications';

interface Props extends DashProps {
    /** The notification to raise, the Output of a callback: a dict with "title", and with "body", "icon" and "image" (addresses of pictures), "severity" ("None", "Low", "Medium", "High" or "Critical"), "requireInteraction" (it does not close by itself), "tag" (it takes the place of the one with the same tag), "data" (whatever belongs to it), "clickInterop" (the method that a click invokes: a dict with "method", "arguments" and "target", which is "best" or "all") and "actions": a list of dicts with "action" (its name), "title" (the text of its button), "icon" and "interop", which is as clickInterop. "silent", "renotify", "badge", "vibrate", "timestamp", "lang" and "dir" are as in browsers; "showToast": False shows nothing. Or a list of such dicts. Each value written to it is raised once, also when it equals the one before; a clientside callback has to write a new object each time. In a layout it is written as Notifications(**{"raise": {...}}), as raise is a word of Python. */
    raise?: any;

    /** Where notifications are shown. "auto": by io.Connect or Glue42 where the page is inside of them; else by the browser, where its user permits it and the notification has no actions; else in the page. "toast": in the page. "none": by the app itself, which gets them as raised and active, and writes to report what its user does. */
    display?: 'auto' | 'toast' | 'none';

    /** How long a notification stays in the page, in milliseconds, unless it has requireInteraction; 10000 by default. The time begins anew when the pointer or the focus leaves it, and when the page is looked at again. A number that is not positive is refused: see error. */
    toastMs?: number;

    /** Asks the browser's user for the permission to notify, the Output of a callback: True or a number, such as the n_clicks of a button; each value that is not the one before asks once. Browsers ask only within a few seconds of a click or a key press in the page. error says why there is no permission then. */
    requestPermission?: any;

    /** What the user has done with a notification that the app shows itself, the Output of a callback: a dict with "id" and "type", which is "click", "action" (with the name of it as "action") or "close"; or a list of such dicts. What it invokes is invoked, and the events are told, as if it had been shown by the library. It works with all other notifications, too. */
    report?: any;

    /** A notification was raised, the Input of a callback that runs once for each of them: a dict with "id", "settings" (as given), "data" (that of the settings) and "sequence"; None before the first one. All events of the component come in the order in which they happened. Set by the library: do not write to it. */
    raised?: any;

    /** A notification was clicked, the Input of a callback that runs once for each of them: a dict as in raised; None before the first one. Set by the library: do not write to it. */
    clicked?: any;

    /** An action of a notification was chosen, the Input of a callback that runs once for each of them: a dict as in raised, with the name of the action as "action"; None before the first one. Set by the library: do not write to it. */
    action?: any;

    /** A notification was closed, the Input of a callback that runs once for each of them: a dict as in raised, with a "reason": "user", "click" or "action" (either closes it, too), "timeout", "replaced" (by one with the same tag), "page" (report, or a script) or "platform" (inside of io.Connect, which does not say). None before the first one. Set by the library: do not write to it. */
    closed?: any;

    /** The notifications of this component that are not closed, the oldest first: a list of dicts with "id" and "settings". None before the first one. Set by the library: do not write to it. */
    active?: any[];

    /** Whether the browser shows notifications of this page: "granted", "denied", "default" (its user was not asked yet) or "unsupported". None until the page has been connected. Set by the library: do not write to it. */
    permission?: 'default' | 'granted' | 'denied' | 'unsupported';

    /** The most actions that a notification may have; None until the page has been connected, and inside of a platform that does not say. Set by the library: do not write to it. */
    maxActions?: number;

    /** What went wrong last: a dict with a "message", the "operation" ("raise", "report", "requestPermission", or "interop" where the method of a click or an action could not be invoked; then with the "id" of the notification, and the "type" of the error as in MethodInvoke) and "sequence". None while all is well, and again when the next operation has succeeded. Set by the library: do not write to it. */
    error?: any;
}

/** Raises notifications: a callback writes to its raise property, and others get what becomes of them. Shows nothing itself. */
const Notifications = ({ display = 'auto', toastMs = 10000, ...rest }: Props) => {
    useNotifications({ display, toastMs, ...rest });
    return null;
};

export default Notifications;
