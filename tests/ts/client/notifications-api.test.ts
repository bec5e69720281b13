// @vitest-environment jsdom

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { notificationsApi } from '../../../src/client/notifications-api';
import { PageNotifications } from '../../../src/client/page-notifications';
import { installNotification } from '../support/fake-notification';
import { click, titles } from '../support/toasts';

let api: any;
let failure: Error | undefined;

beforeEach(() => {
    installNotification('default');
    failure = undefined;
    api = notificationsApi(
        new PageNotifications(async () => {
            if (failure) {
                throw failure;
            }
        }),
    );
});

afterEach(async () => {
    await api.clearAll();
    vi.unstubAllGlobals();
});

test('a script raises a notification and hears what becomes of it', async () => {
    const heard: unknown[] = [];
    const shown = new Promise((resolve) => {
        api.raise({ title: 'One', actions: [{ action: 'yes', title: 'Yes' }] }).then((one: any) => {
            expect(one).toMatchObject({ title: 'One', id: expect.any(String) });
            one.onshow = resolve;
            one.onaction = (event: unknown) => heard.push(event);
            one.onclose = () => heard.push('closed');
        });
    });
    expect(await shown).toEqual({ type: 'onshow' });
    click('One', '.action');
    expect(heard).toEqual([{ type: 'onaction', action: 'yes' }, 'closed']);
});

test('its click and a failure of what it invokes are told', async () => {
    failure = new Error('nobody offers Show');
    const one = await api.raise({ title: 'One', clickInterop: { method: 'Show' } });
    const heard: string[] = [];
    one.onclick = ({ type }: { type: string }) => heard.push(type);
    const failed = new Promise<any>((resolve) => {
        one.onerror = resolve;
    });
    click('One');
    expect(heard).toEqual(['onclick']);
    expect((await failed).error.message).toBe('nobody offers Show');
});

test('all notifications of the page are listed, clicked and cleared by their ids', async () => {
    const heard: unknown[] = [];
    api.onRaised(({ title }: { title: string }) => heard.push(title));
    const stop = api.onClosed(({ id }: { id: string }) => heard.push(id));
    const one = await api.raise({ title: 'One' });
    const two = await api.raise({ title: 'Two' });
    expect(await api.list()).toEqual([
        { title: 'One', id: one.id },
        { title: 'Two', id: two.id },
    ]);
    await api.click(two.id);
    await one.close();
    expect(heard).toEqual(['One', 'Two', two.id, one.id]);
    stop();
    await api.raise({ title: 'Three' });
    await api.clearAll();
    expect([titles(), heard.length]).toEqual([[], 5]);
    await expect(api.clear(one.id)).rejects.toThrow('or it is closed');
});

test('the permission is asked for as io.Connect does', async () => {
    expect(await api.getPermission()).toBe('default');
    expect(await api.requestPermission()).toBe(true);
    expect(api.maxActions).toBe(10);
    installNotification('denied').answer = 'denied';
    expect(await api.requestPermission()).toBe(false);
    vi.stubGlobal('Notification', undefined);
    expect(await api.getPermission()).toBe('denied');
});
