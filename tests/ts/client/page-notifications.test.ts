// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NotificationEvent } from '../../../src/client/notifications';
import { PageNotifications, TOAST_MS } from '../../../src/client/page-notifications';
import { FakeNotification, installNotification } from '../support/fake-notification';
import { click, focused, part, titles, toasts } from '../support/toasts';

let notifications: PageNotifications;
let events: NotificationEvent[];
/** What was invoked. */
let calls: unknown[][];
let failure: Error | undefined;

beforeEach(() => {
    vi.useFakeTimers();
    installNotification('default');
    events = [];
    calls = [];
    failure = undefined;
    notifications = new PageNotifications(async (...call) => {
        calls.push(call);
        if (failure) {
            throw failure;
        }
    });
    show('visible');
});

afterEach(async () => {
    for (const { id } of notifications.list()) {
        await notifications.close(id);
    }
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
});

const listener = (event: NotificationEvent) => events.push(event);

function raise(settings: object, options: object = {}) {
    return notifications.raise(settings, { listener, ...options });
}

/** What has happened, in short. */
function happened(): string[] {
    return events.map((event) => {
        const { title } = event.notification.settings;
        const more = {
            raised: '',
            clicked: '',
            action: '',
            closed: '',
            failed: '',
            ...event,
        } as any;
        return [event.type, title, more.action, more.reason, more.error?.message]
            .filter(Boolean)
            .join(' ');
    });
}

function show(state: DocumentVisibilityState): void {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
    document.dispatchEvent(new Event('visibilitychange'));
}

const ACTIONS = [
    { action: 'yes', title: 'Yes', interop: { method: 'Answer', arguments: { is: true } } },
    { action: 'no', title: 'No' },
];

describe('in the page', () => {
    test('the newest is on top, and the urgent ones above it', async () => {
        await raise({ title: 'One' });
        await raise({ title: 'Fire', severity: 'Critical' });
        await raise({ title: 'Two' });
        expect(titles()).toEqual(['Fire', 'Two', 'One']);
        const groups = toasts().map((toast) => toast.parentElement?.getAttribute('role'));
        expect(groups).toEqual(['alert', 'status', 'status']);
    });

    test('what is written is text', async () => {
        await raise({ title: '<b>One</b>', body: '<img src=x onerror=alert(1)>' });
        expect(toasts()[0].querySelector('b, img')).toBeNull();
        expect(part(toasts()[0], '.body').textContent).toBe('<img src=x onerror=alert(1)>');
    });

    test('a click closes it and invokes its method', async () => {
        await raise({ title: 'One', clickInterop: { method: 'Show', target: 'all' } });
        click('One');
        expect(happened()).toEqual(['raised One', 'clicked One', 'closed One click']);
        expect(calls).toEqual([['Show', {}, 'all']]);
        expect(titles()).toEqual([]);
    });

    test('an action closes it and invokes the method of the action', async () => {
        await raise({ title: 'One', actions: ACTIONS, clickInterop: { method: 'Show' } });
        click('One', '.action');
        expect(happened()).toEqual(['raised One', 'action One yes', 'closed One action']);
        expect(calls).toEqual([['Answer', { is: true }, 'best']]);
    });

    test('an action without a method is told all the same', async () => {
        await raise({ title: 'One', actions: ACTIONS });
        click('One', '.action:last-child');
        expect(happened()).toContain('action One no');
        expect(calls).toEqual([]);
    });

    test('a method that cannot be invoked is a failure of that notification', async () => {
        failure = new Error('nobody offers Show');
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        click('One');
        await vi.advanceTimersByTimeAsync(0);
        expect(happened().pop()).toBe('failed One nobody offers Show');
    });

    test('two clicks in one turn are one', async () => {
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        const main = part(toasts()[0], '.main');
        main.click();
        main.click();
        expect(calls).toHaveLength(1);
    });

    test('the close button and Escape close it without a click', async () => {
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        click('One', '.close');
        await raise({ title: 'Two' });
        const key = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true });
        part(toasts()[0], '.main').dispatchEvent(key);
        expect(happened()).toEqual([
            'raised One',
            'closed One user',
            'raised Two',
            'closed Two user',
        ]);
        expect(calls).toEqual([]);
    });

    test('showToast False shows nothing, and the notification is there', async () => {
        await raise({ title: 'One', showToast: false });
        expect(titles()).toEqual([]);
        expect(notifications.list()).toHaveLength(1);
    });
});

describe('the time of a toast', () => {
    test('ends by itself', async () => {
        await raise({ title: 'One' });
        await raise({ title: 'Two' }, { toastMs: 500 });
        await vi.advanceTimersByTimeAsync(500);
        expect(titles()).toEqual(['One']);
        await vi.advanceTimersByTimeAsync(TOAST_MS - 500);
        expect(happened().slice(2)).toEqual(['closed Two timeout', 'closed One timeout']);
    });

    test('does not end where an interaction is required', async () => {
        await raise({ title: 'One', requireInteraction: true });
        await vi.advanceTimersByTimeAsync(10 * TOAST_MS);
        expect(titles()).toEqual(['One']);
    });

    test.each([
        ['the pointer is on it', 'pointerenter', 'pointerleave'],
        ['it has the focus', 'focusin', 'focusout'],
    ])('stands still while %s', async (_, begin, end) => {
        await raise({ title: 'One' });
        toasts()[0].dispatchEvent(new Event(begin));
        await vi.advanceTimersByTimeAsync(2 * TOAST_MS);
        expect(titles()).toEqual(['One']);
        toasts()[0].dispatchEvent(new Event(end));
        await vi.advanceTimersByTimeAsync(TOAST_MS - 1);
        expect(titles()).toEqual(['One']);
        await vi.advanceTimersByTimeAsync(1);
        expect(titles()).toEqual([]);
    });

    test('stands still while nobody sees the page, also when it began so', async () => {
        await raise({ title: 'One' });
        show('hidden');
        await raise({ title: 'Two' });
        await vi.advanceTimersByTimeAsync(2 * TOAST_MS);
        expect(titles()).toEqual(['Two', 'One']);
        show('visible');
        await vi.advanceTimersByTimeAsync(TOAST_MS);
        expect(titles()).toEqual([]);
    });
});

describe('the keyboard', () => {
    test('F8 goes to the newest toast, and back to where it was when the last one closes', async () => {
        const input = document.createElement('input');
        document.body.append(input);
        input.focus();
        await raise({ title: 'One' });
        await raise({ title: 'Two' });
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'F8' }));
        expect(focused()?.textContent).toBe('Two');
        click('Two');
        expect(focused()?.textContent).toBe('One');
        click('One');
        expect(document.activeElement).toBe(input);
        input.remove();
    });

    test('F8 is the page’s where there is no toast', () => {
        const key = new KeyboardEvent('keydown', { key: 'F8', cancelable: true });
        document.dispatchEvent(key);
        expect(key.defaultPrevented).toBe(false);
    });
});

describe('a tag', () => {
    test('has the new notification take the place of the one before', async () => {
        await raise({ title: 'One', tag: 'price' });
        await raise({ title: 'Other', tag: 'other' });
        await raise({ title: 'Two', tag: 'price' });
        expect(titles()).toEqual(['Two', 'Other']);
        expect(happened().slice(2)).toEqual(['closed One replaced', 'raised Two']);
    });

    test('in the browser, the browser replaces it', async () => {
        installNotification('granted');
        await raise({ title: 'One', tag: 'price' });
        await raise({ title: 'Two', tag: 'price' });
        const [one] = FakeNotification.shown;
        expect(one.isClosed).toBe(false);
        // The browser tells of that, too.
        one.onclose?.();
        one.onclick?.();
        expect(happened()).toEqual(['raised One', 'closed One replaced', 'raised Two']);
    });

    test('one that the browser shows goes when a toast replaces it', async () => {
        installNotification('granted');
        await raise({ title: 'One', tag: 'price' });
        await raise({ title: 'Two', tag: 'price', actions: ACTIONS });
        expect(FakeNotification.shown[0].isClosed).toBe(true);
        expect(happened()).toEqual(['raised One', 'closed One replaced', 'raised Two']);
    });
});

describe('in the browser', () => {
    beforeEach(() => {
        installNotification('granted');
    });

    test('it is shown with what browsers know of its settings', async () => {
        await raise({ title: 'One', body: 'text', silent: true, severity: 'High', data: { a: 1 } });
        const [{ title, options }] = FakeNotification.shown;
        expect([title, options]).toEqual(['One', { body: 'text', silent: true }]);
        expect(titles()).toEqual([]);
    });

    test('a click brings the page to the front, and invokes', async () => {
        const focus = vi.spyOn(window, 'focus').mockImplementation(() => {});
        await raise({ title: 'One', clickInterop: { method: 'Show' } });
        FakeNotification.shown[0].onclick?.();
        expect(focus).toHaveBeenCalled();
        expect(happened()).toEqual(['raised One', 'clicked One', 'closed One click']);
        expect(calls).toHaveLength(1);
        expect(FakeNotification.shown[0].isClosed).toBe(true);
    });

    test('its user closes it', async () => {
        await raise({ title: 'One' });
        FakeNotification.shown[0].close();
        expect(happened()).toEqual(['raised One', 'closed One user']);
    });

    test.each([
        ['it has actions', { actions: ACTIONS }, {}],
        ['toasts are wanted', {}, { display: 'toast' }],
    ])('it is shown in the page where %s', async (_, settings, options) => {
        await raise({ title: 'One', ...settings }, options);
        expect(titles()).toEqual(['One']);
        expect(FakeNotification.shown).toEqual([]);
    });

    test('it is shown in the page where the browser refuses it, at once or later', async () => {
        await raise({ title: 'One' });
        FakeNotification.shown[0].onerror?.();
        FakeNotification.isRefused = true;
        await raise({ title: 'Two' });
        expect(titles()).toEqual(['Two', 'One']);
        expect(happened()).toEqual(['raised One', 'raised Two']);
    });

    test('one with actions calls for attention while nobody sees the page', async () => {
        vi.spyOn(window, 'focus').mockImplementation(() => {});
        show('hidden');
        await raise({ title: 'One', actions: ACTIONS, clickInterop: { method: 'Show' } });
        const [call] = FakeNotification.shown;
        call.onclick?.();
        // Its buttons are in the page, which is in front now.
        expect(calls).toEqual([]);
        expect([call.isClosed, titles()]).toEqual([true, ['One']]);
        show('visible');
        click('One', '.action');
        expect(happened()).toEqual(['raised One', 'action One yes', 'closed One action']);
    });

    test('such a call goes when the notification is closed', async () => {
        show('hidden');
        const { id } = await raise({ title: 'One', actions: ACTIONS });
        await notifications.close(id);
        expect(FakeNotification.shown[0].isClosed).toBe(true);
    });
});

describe('permission', () => {
    test('is what the browser says, and its change is told', async () => {
        const told: string[] = [];
        notifications.onPermission((permission) => told.push(permission));
        expect(notifications.permission).toBe('default');
        await notifications.requestPermission();
        expect([notifications.permission, told]).toEqual(['granted', ['granted']]);
    });

    test('a change in the settings of the browser is told', async () => {
        const status = { onchange: () => {} };
        vi.stubGlobal('navigator', { permissions: { query: async () => status } });
        const own = new PageNotifications(async () => {});
        await vi.advanceTimersByTimeAsync(0);
        const told: string[] = [];
        own.onPermission((permission) => told.push(permission));
        FakeNotification.permission = 'denied';
        status.onchange();
        status.onchange();
        expect(told).toEqual(['denied']);
    });

    test.each([
        ['denied', 'denied', true, 'does not ask again: they can be allowed in its settings'],
        ['default', 'denied', true, 'The user does not want notifications of this site'],
        ['default', 'default', true, 'The browser asked and got no answer'],
        ['default', 'default', false, 'only within a few seconds of a click or a key press'],
    ] as const)('%s, then %s, with a gesture: %s', async (before, answer, isActive, said) => {
        vi.stubGlobal('isSecureContext', true);
        vi.stubGlobal('navigator', { userActivation: { isActive } });
        installNotification(before).answer = answer;
        await expect(notifications.requestPermission()).rejects.toThrow(said);
    });

    test('needs https', async () => {
        vi.stubGlobal('isSecureContext', false);
        installNotification('denied').answer = 'denied';
        await expect(notifications.requestPermission()).rejects.toThrow('come over https');
    });

    test('is nothing to be had where the browser knows no notifications', async () => {
        vi.stubGlobal('Notification', undefined);
        expect(notifications.permission).toBe('unsupported');
        await expect(notifications.requestPermission()).rejects.toThrow('no notifications');
        await raise({ title: 'One' });
        expect(titles()).toEqual(['One']);
    });
});

describe('by its id', () => {
    test('what the app itself shows is clicked, chosen and closed', async () => {
        const one = await raise(
            { title: 'One', clickInterop: { method: 'Show' } },
            { display: 'none' },
        );
        const two = await raise({ title: 'Two', actions: ACTIONS }, { display: 'none' });
        const three = await raise({ title: 'Three' }, { display: 'none' });
        expect(titles()).toEqual([]);
        await notifications.click(one.id);
        await notifications.click(two.id, 'yes');
        await notifications.close(three.id);
        expect(happened().slice(3)).toEqual([
            'clicked One',
            'closed One click',
            'action Two yes',
            'closed Two action',
            'closed Three page',
        ]);
        expect(calls.map(([method]) => method)).toEqual(['Show', 'Answer']);
    });

    test('an unknown one, a closed one and an unknown action are refused', async () => {
        const { id } = await raise({ title: 'One', actions: ACTIONS });
        await expect(notifications.click(id, 'maybe')).rejects.toThrow('it has "yes", "no"');
        await notifications.close(id);
        await expect(notifications.close(id)).rejects.toThrow('or it is closed');
        await expect(notifications.click('x')).rejects.toThrow('There is no notification "x"');
    });
});

test('what cannot be raised is refused, and the next one goes on', async () => {
    await expect(raise({ body: 'x' }, { what: 'raise[0]' })).rejects.toThrow(
        'raise[0] needs a title',
    );
    await raise({ title: 'One' });
    expect(happened()).toEqual(['raised One']);
});
