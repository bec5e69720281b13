// @vitest-environment jsdom

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { NotificationEvent } from '../../../src/client/notifications';
import { PageNotifications } from '../../../src/client/page-notifications';
import { PlatformNotifications } from '../../../src/client/platform-notifications';
import { installNotification } from '../support/fake-notification';
import { click, titles } from '../support/toasts';

/** What was asked of the platform. */
let asked: unknown[][];
let events: NotificationEvent[];
let calls: unknown[][];

beforeEach(() => {
    installNotification('denied');
    asked = [];
    events = [];
    calls = [];
});

afterEach(() => {
    vi.unstubAllGlobals();
});

const listener = (event: NotificationEvent) => events.push(event);

/** `io.notifications` of a platform, with those parts that all of them have, and others. */
class Api {
    raised: any;
    tellClosed: (notification: { id: string }) => void = () => {};

    async raise(settings: object) {
        asked.push(['raise', settings]);
        this.raised = { id: 'n1', ...settings };
        return this.raised;
    }

    async click(...given: unknown[]) {
        asked.push(['click', ...given]);
    }

    async clear(...given: unknown[]) {
        asked.push(['clear', ...given]);
    }

    onClosed(callback: (notification: { id: string }) => void) {
        this.tellClosed = callback;
    }
}

function make(api: object): PlatformNotifications {
    const page = new PageNotifications(async (...call) => {
        calls.push(call);
    });
    return new PlatformNotifications(api, page);
}

function happened(): unknown[] {
    return events.map(({ type, notification, ...more }) => [
        type,
        notification.id,
        ...Object.values(more),
    ]);
}

test('a notification goes to the platform, which invokes what it invokes', async () => {
    const api = new Api();
    const notifications = make(api);
    const settings = { title: 'One', clickInterop: { method: 'Show' }, ofThePlatform: 1 };
    await notifications.raise(settings, { listener });
    expect(asked).toEqual([['raise', settings]]);
    api.raised.onclick({ type: 'onclick' });
    api.raised.onaction({ type: 'onaction', action: 'yes' });
    expect(happened()).toEqual([
        ['raised', 'n1'],
        ['clicked', 'n1'],
        ['action', 'n1', 'yes'],
    ]);
    expect([calls, titles()]).toEqual([[], []]);
});

test('what is None in Python does not get there', async () => {
    const notifications = make(new Api());
    const actions = [{ action: 'yes', title: 'Yes', icon: null }];
    await notifications.raise({ title: 'One', severity: null, data: null, actions });
    expect(asked).toEqual([
        ['raise', { title: 'One', actions: [{ action: 'yes', title: 'Yes' }] }],
    ]);
    await expect(notifications.raise('One', { what: 'raise' })).rejects.toThrow('to be a dict');
});

test('its end is told once, however often the platform does', async () => {
    const api = new Api();
    const notifications = make(api);
    await notifications.raise({ title: 'One' }, { listener });
    expect(notifications.list().map(({ id }) => id)).toEqual(['n1']);
    api.tellClosed({ id: 'of another page' });
    api.raised.onclose();
    api.tellClosed({ id: 'n1' });
    expect(happened()).toEqual([
        ['raised', 'n1'],
        ['closed', 'n1', 'platform'],
    ]);
    expect(notifications.list()).toEqual([]);
});

test('clicks and closing by id go where the notification is', async () => {
    const notifications = make(new Api());
    await notifications.raise({ title: 'One' });
    const own = await notifications.raise({ title: 'Own' }, { display: 'none' });
    await notifications.click('n1', 'yes');
    await notifications.close('n1');
    await notifications.close(own.id);
    expect(asked.slice(1)).toEqual([
        ['click', 'n1', 'yes'],
        ['clear', 'n1'],
    ]);
});

test('a toast is shown in the page all the same, and invokes here', async () => {
    const notifications = make(new Api());
    const settings = { title: 'One', clickInterop: { method: 'Show' } };
    await notifications.raise(settings, { display: 'toast', listener });
    click('One');
    expect(asked).toEqual([]);
    expect(calls).toEqual([['Show', {}, 'best']]);
});

test('what the platform refuses is an Error with its words', async () => {
    const notifications = make({ raise: async () => Promise.reject('the user has declined') });
    await expect(notifications.raise({ title: 'One' })).rejects.toThrow('the user has declined');
});

test('the permission is that of the platform, and desktop needs none', async () => {
    const api = { getPermission: async () => 'granted', requestPermission: async () => true };
    const browser = make(api);
    expect(browser.permission).toBe('denied');
    const told: string[] = [];
    browser.onPermission((permission) => told.push(permission));
    await browser.requestPermission();
    expect([browser.permission, told]).toEqual(['granted', ['granted']]);
    expect(make({}).permission).toBe('granted');
    const refusing = make({ ...api, requestPermission: async () => false });
    await expect(refusing.requestPermission()).rejects.toThrow('The platform has no permission');
});

test('the number of actions is that of the platform, or else of the browser', () => {
    expect(make({ maxActions: 4 }).maxActions).toBe(4);
    expect(make({}).maxActions).toBeNull();
    vi.stubGlobal('Notification', { maxActions: 2, permission: 'granted' });
    expect(make({}).maxActions).toBe(2);
});

test('one that the platform has raised counts, though the library refuses its answer', async () => {
    const api = new Api();
    let tell: (raised: object) => void = () => {};
    let stopped = 0;
    Object.assign(api, {
        onRaised: (callback: typeof tell) => {
            tell = callback;
            return () => {
                stopped += 1;
            };
        },
        raise: async ({ title }: any) => {
            if (title === 'One') {
                tell({ id: 'other', title: 'Of another page' });
                tell({ id: 'n1', title });
            }
            throw new Error("the key 'settings' is required");
        },
    });
    const notifications = make(api);
    await notifications.raise({ title: 'One' }, { listener });
    expect(happened()).toEqual([['raised', 'n1']]);
    api.tellClosed({ id: 'n1' });
    expect(happened()[1]).toEqual(['closed', 'n1', 'platform']);
    const refused = notifications.raise({ title: 'Two' }, { listener });
    await expect(refused).rejects.toThrow("the key 'settings' is required");
    expect(stopped).toBe(2);
});
