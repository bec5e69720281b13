// @vitest-environment jsdom

import { beforeEach, expect, test } from 'vitest';
import { PlatformWindows } from '../../../src/client/platform-windows';
import type { WindowEvent } from '../../../src/client/windows';

let asked: unknown[][];
let events: WindowEvent[];
let context: object;
let tellContext: (context: object) => void;
let tell: Record<string, (window: { id: string }) => void>;

beforeEach(() => {
    asked = [];
    events = [];
    context = { client: 5 };
    tell = {};
});

const API = {
    my: () => ({
        id: 'own',
        getContext: async () => context,
        onContextUpdated: (callback: (context: object) => void) => {
            tellContext = callback;
            return () => asked.push(['stop']);
        },
    }),
    open: async (...given: unknown[]) => {
        asked.push(['open', ...given]);
        const act = (name: string) => async () => asked.push([name]);
        return { id: 'w1', close: act('close'), focus: act('focus') };
    },
    onWindowRemoved: (callback: (window: { id: string }) => void) => {
        tell.removed = callback;
    },
    onWindowGotFocus: (callback: (window: { id: string }) => void) => {
        tell.focus = callback;
    },
};

function make(api: object = API): PlatformWindows {
    const windows = new PlatformWindows(api);
    windows.onEvent((event) => events.push(event));
    return windows;
}

test('a window is opened by the platform, with all that it may know', async () => {
    const windows = make();
    const options = { relativeTo: 'own', width: null, context: { a: 1 } };
    await windows.open('News', '/news/', options);
    const url = 'http://localhost:3000/news/';
    expect(asked).toEqual([['open', 'News', url, { relativeTo: 'own', context: { a: 1 } }]]);
    expect(windows.list()).toEqual([{ id: 'w1', name: 'News', url }]);
    await windows.focus('w1');
    await windows.close('w1');
    expect(asked.slice(1)).toEqual([['focus'], ['close']]);
    tell.focus({ id: 'w1' });
    tell.focus({ id: 'of somebody else' });
    tell.removed({ id: 'w1' });
    tell.removed({ id: 'w1' });
    expect(events.map(({ type }) => type)).toEqual(['opened', 'focused', 'closed']);
    await expect(windows.close('w1')).rejects.toThrow('no open window with the id "w1"');
});

test('what it refuses is an Error with its words; bad input never gets there', async () => {
    const windows = make({ open: async () => Promise.reject('the name is taken') });
    await expect(windows.open('News', '/')).rejects.toThrow('the name is taken');
    await expect(windows.open('', '/')).rejects.toThrow('A window needs a name');
    expect(windows.ownId).toBeUndefined();
});

test('the context of the own window is told, and its changes', async () => {
    const windows = make();
    const heard: object[] = [];
    const stop = windows.onContext((each) => heard.push(each));
    await Promise.resolve().then(() => {});
    tellContext({ client: 6 });
    stop();
    tellContext({ client: 7 });
    expect(heard).toEqual([{ client: 5 }, { client: 6 }]);
    expect(asked).toEqual([['stop']]);
    expect(windows.ownId).toBe('own');
});
