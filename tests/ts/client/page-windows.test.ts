// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LibraryContexts } from '../../../src/client/library-contexts';
import { PageWindows } from '../../../src/client/page-windows';
import type { WindowEvent } from '../../../src/client/windows';
import { windowsApi } from '../../../src/client/windows-api';
import { FakeContextGateway } from '../support/fake-context-gateway';
import { FakeLibraryPage } from '../support/fake-library-contexts';
import { FakeBrowser } from '../support/fake-windows';

let browser: FakeBrowser;
/** With the contexts of its library. */
let page: FakeLibraryPage;
let contexts: LibraryContexts;
let windows: PageWindows;
let events: WindowEvent[];

beforeEach(() => {
    vi.useFakeTimers();
    browser = new FakeBrowser();
    page = new FakeLibraryPage();
    contexts = new LibraryContexts(page);
    events = [];
    windows = load();
});

afterEach(() => {
    // No page is there any more that would keep its windows.
    for (const each of browser.windows) {
        each.close();
    }
    window.dispatchEvent(new Event('focus'));
    sessionStorage.clear();
    window.name = '';
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

/** The page is loaded, and listens. */
function load(): PageWindows {
    const loaded = new PageWindows(contexts);
    loaded.onEvent((event) => events.push(event));
    return loaded;
}

/** The page goes, and takes its objects with it: nobody hears of them. */
function leave(): void {
    events = [];
    window.dispatchEvent(new Event('pagehide'));
}

/** Some page has opened this one. */
function openedBy(postMessage: (message: object) => void): void {
    vi.stubGlobal('opener', { postMessage });
}

function happened(): string[] {
    return events.map((event) => `${event.type} ${event.window.name}`);
}

describe('opening', () => {
    test('names the window by its id, before it first awaits', () => {
        windows.open('News', '/news/', { width: 300 });
        const [{ href, name, features }] = browser.windows;
        expect(name).toMatch(/^g42-[A-Za-z0-9]{10}$/);
        expect([href, features]).toEqual([
            'http://localhost:3000/news/',
            'popup,width=300,height=400',
        ]);
        expect(windows.list()).toEqual([
            { id: name, name: 'News', url: 'http://localhost:3000/news/' },
        ]);
        expect(happened()).toEqual(['opened News']);
    });

    test('gives it a context', async () => {
        const { id } = await windows.open('News', '/', { context: { client: 5 } });
        expect(page.values).toEqual(new Map([[`___window___${id}`, { client: 5 }]]));
    });

    test('says where that has failed, and the window is open', async () => {
        page.refusal = 'no connection';
        const opening = windows.open('News', '/', { context: { client: 5 } });
        await expect(opening).rejects.toThrow(
            'The window News is open, but it has not got its context: no connection',
        );
        expect(windows.list()).toHaveLength(1);
        const unconnected = new PageWindows();
        const other = unconnected.open('Other', '/', { context: {} });
        await expect(other).rejects.toThrow('there is no connection');
    });

    test('says what to do where the browser blocks it', async () => {
        browser.isBlocking = true;
        await expect(windows.open('News', '/')).rejects.toThrow(
            'The browser has blocked the window',
        );
        expect([windows.list(), events]).toEqual([[], []]);
    });

    test('refuses a name that is in use, and no longer when its window is closed', async () => {
        await windows.open('News', '/');
        await expect(windows.open('News', '/')).rejects.toThrow('The name "News" is in use');
        browser.windows[0].close();
        await windows.open('News', '/');
        expect(happened()).toEqual(['opened News', 'closed News', 'opened News']);
    });
});

describe('a window', () => {
    test('that is closed is told within a second, once, and its context goes', async () => {
        await windows.open('News', '/', { context: {} });
        browser.windows[0].close();
        await vi.advanceTimersByTimeAsync(1_000);
        await vi.advanceTimersByTimeAsync(5_000);
        expect(happened()).toEqual(['opened News', 'closed News']);
        expect(page.values.size).toBe(0);
    });

    test('is not looked at when none is open', async () => {
        await windows.open('News', '/');
        browser.windows[0].close();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(vi.getTimerCount()).toBe(0);
    });

    test('is looked at when the page gets the focus', async () => {
        await windows.open('News', '/');
        browser.windows[0].close();
        window.dispatchEvent(new Event('focus'));
        expect(happened()).toEqual(['opened News', 'closed News']);
    });

    test('tells of its focus, and that its page goes, perhaps with it', async () => {
        await windows.open('News', '/');
        const [news] = browser.windows;
        news.says('focus');
        news.says('leaving');
        news.close();
        await vi.advanceTimersByTimeAsync(100);
        expect(happened()).toEqual(['opened News', 'focused News', 'closed News']);
    });

    test('whose page goes to another one is still open', async () => {
        await windows.open('News', '/');
        browser.windows[0].says('leaving');
        browser.windows[0].href = undefined;
        await vi.advanceTimersByTimeAsync(5_000);
        expect(happened()).toEqual(['opened News']);
    });

    test('of somebody else is no business of this page', async () => {
        await windows.open('News', '/');
        window.dispatchEvent(
            new MessageEvent('message', { data: { 'dash_interop.window': 'focus' } }),
        );
        window.dispatchEvent(new MessageEvent('message', { data: 'something' }));
        expect(happened()).toEqual(['opened News']);
    });

    test('is brought to the front and closed by its id', async () => {
        const { id } = await windows.open('News', '/');
        await windows.focus(id);
        expect(browser.windows[0].isInFront).toBe(true);
        await windows.close(id);
        await vi.advanceTimersByTimeAsync(0);
        expect(happened()).toEqual(['opened News', 'closed News']);
        await expect(windows.focus(id)).rejects.toThrow('no open window with the id');
    });
});

describe('a page that is loaded anew', () => {
    test('finds its windows again, also of another origin', async () => {
        const { id } = await windows.open('News', '/');
        browser.windows[0].href = undefined;
        leave();
        const next = load();
        expect(next.list()).toEqual([{ id, name: 'News', url: 'http://localhost:3000/' }]);
        await expect(next.open('News', '/')).rejects.toThrow('is in use');
        browser.windows[0].close();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(happened()).toContain('closed News');
    });

    test.each([
        ['the browser opens none', true],
        ['the browser opens an empty one', false],
    ])('hears of one that was closed meanwhile, where %s', async (_, isBlocking) => {
        await windows.open('News', '/', { context: {} });
        leave();
        browser.windows[0].close();
        browser.isBlocking = isBlocking;
        const next = new PageWindows(contexts);
        await vi.advanceTimersByTimeAsync(0);
        events = [];
        // Whoever listens first, however late, hears of it.
        next.onEvent((event) => events.push(event));
        expect(happened()).toEqual(['closed News']);
        expect(browser.windows.every(({ closed }) => closed)).toBe(true);
        expect([next.list(), page.values.size]).toEqual([[], 0]);
    });

    test('leaves nothing for a copy of its tab, nor for the next page but one', async () => {
        await windows.open('News', '/');
        expect(sessionStorage.length).toBe(0);
        leave();
        expect(sessionStorage.length).toBe(1);
        load();
        expect(sessionStorage.length).toBe(0);
    });

    test('that comes from the back/forward cache has not lost them', async () => {
        await windows.open('News', '/');
        leave();
        const shown = Object.assign(new Event('pageshow'), { persisted: true });
        window.dispatchEvent(shown);
        expect([sessionStorage.length, windows.list().length]).toEqual([0, 1]);
    });
});

describe('an opened page', () => {
    test('knows its window by its name, and what it was given', async () => {
        window.name = 'g42-abcdefghij';
        const opened = load();
        expect(opened.ownId).toBe('g42-abcdefghij');
        const heard: object[] = [];
        const stop = opened.onContext((context) => heard.push(context));
        page.write('___window___g42-abcdefghij', { client: 5, ___io___: {} });
        await vi.advanceTimersByTimeAsync(0);
        stop();
        page.write('___window___g42-abcdefghij', { client: 6 });
        expect(heard).toEqual([{ client: 5 }]);
    });

    test('has its context for as long as it is there, whether anybody in it listens or not', async () => {
        const gateway = new FakeContextGateway();
        const opener = gateway.connect();
        const opened = gateway.connect();
        const given = new PageWindows(opener.contexts).open('News', '/', { context: { a: 1 } });
        await gateway.settle();
        window.name = (await given).id;
        new PageWindows(opened.contexts);
        await gateway.settle();
        const name = `___window___${window.name}`;
        expect(gateway.membersOf(name)).toEqual([opener, opened]);
        expect(opener.sent).toMatchObject([{ type: 'create-context', ends_unused: true }]);
        gateway.restart();
        opened.logIn();
        await gateway.settle();
        expect(gateway.valueOf(name)).toEqual({ a: 1 });
        expect(opened.sent.slice(-1)).toMatchObject([
            { type: 'create-context', ends_unused: true },
        ]);
    });

    test('tells its opener that it has the focus, at first and later, and that it goes', () => {
        const told: unknown[] = [];
        openedBy((message) => told.push(...Object.values(message)));
        vi.spyOn(document, 'hasFocus').mockReturnValue(true);
        window.name = 'g42-abcdefghij';
        load();
        window.dispatchEvent(new Event('focus'));
        window.dispatchEvent(new Event('pagehide'));
        expect(told).toEqual(['focus', 'focus', 'leaving']);
    });

    test('of another name tells nobody, and has an id of its own', () => {
        const told: unknown[] = [];
        openedBy((message) => told.push(message));
        window.name = 'editor';
        expect(load().ownId).toMatch(/^g42-/);
        expect(told).toEqual([]);
    });
});

describe('io.windows', () => {
    test('opens, lists, finds and closes windows, which have contexts', async () => {
        const api: any = windowsApi(windows, contexts);
        const heard: string[] = [];
        api.onWindowAdded(({ name }: any) => heard.push(`added ${name}`));
        api.onWindowGotFocus(({ name }: any) => heard.push(`focus ${name}`));
        const stop = api.onWindowRemoved(({ name }: any) => heard.push(`removed ${name}`));
        const news = await api.open('News', '/news/', { context: { client: 5 } });
        expect(await news.getURL()).toBe('http://localhost:3000/news/');
        expect(api.list().map(({ id }: any) => id)).toEqual([news.id]);
        expect(api.findById(news.id).name).toBe('News');
        expect(api.findById('x')).toBeUndefined();
        const changes: object[] = [];
        news.onContextUpdated((data: object) => changes.push(data));
        await news.updateContext({ more: 1 });
        expect(await news.getContext()).toEqual({ client: 5, more: 1 });
        await news.setContext({});
        expect(changes).toEqual([{ client: 5 }, { client: 5, more: 1 }, {}]);
        browser.windows[0].says('focus');
        expect(await news.focus()).toBe(news);
        await news.close();
        await vi.advanceTimersByTimeAsync(0);
        expect(heard).toEqual(['added News', 'focus News', 'removed News']);
        stop();
        expect(api.my().id).toBe(windows.ownId);
    });
});
