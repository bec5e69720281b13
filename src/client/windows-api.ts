/** `io.windows` for the scripts of a page whose library has none: that of io.Connect. */

import type { Contexts } from './contexts';
import { withoutPlatformKey } from './page-windows';
import { contextNameOf } from './window-contexts';
import type { OpenedWindow, WindowEvent, Windows } from './windows';

export function windowsApi(windows: Windows, contexts: Contexts): object {
    const asObject = (opened: OpenedWindow) => windowObject(opened, windows, contexts);
    const on = (type: WindowEvent['type']) => (callback: (opened: object) => void) =>
        windows.onEvent((event) => event.type === type && callback(asObject(event.window)));
    const own = () => {
        const id = windows.ownId as string;
        return asObject({ id, name: document.title, url: location.href });
    };
    return {
        my: own,
        list: () => windows.list().map(asObject),
        findById: (id: string) =>
            windows
                .list()
                .map(asObject)
                .find((one: any) => one.id === id),
        open: async (name: string, url: string, options?: object) =>
            asObject(await windows.open(name, url, options)),
        onWindowAdded: on('opened'),
        onWindowRemoved: on('closed'),
        onWindowGotFocus: on('focused'),
    };
}

function windowObject({ id, name, url }: OpenedWindow, windows: Windows, contexts: Contexts) {
    const context = contextNameOf(id);
    const self = {
        id,
        name,
        getURL: async () => url,
        close: async () => {
            await windows.close(id);
            return self;
        },
        focus: async () => {
            await windows.focus(id);
            return self;
        },
        getContext: async () => withoutPlatformKey(await contexts.get(context)),
        setContext: async (data: object) => {
            await contexts.set(context, data);
            return self;
        },
        updateContext: async (data: object) => {
            await contexts.update(context, data);
            return self;
        },
        onContextUpdated: (callback: (data: object, window: object) => void) =>
            contexts.subscribe(
                context,
                ({ data, isDestroyed }) => isDestroyed || callback(withoutPlatformKey(data), self),
            ),
    };
    return self;
}
