/**
 * What a window tells the one that has opened it. Both may have been loaded anew meanwhile, and
 * they need not have the same origin; nothing that is told is a secret.
 */

const KEY = 'dash_interop.window';

/** It has got the focus; its page goes, perhaps for good. */
export type WindowMessage = 'focus' | 'leaving';

/** Tells the opener what becomes of this window. */
export function tellOpener(opener: Window | null): void {
    if (!opener) {
        return;
    }
    const tell = (message: WindowMessage) => opener.postMessage({ [KEY]: message }, '*');
    window.addEventListener('focus', () => tell('focus'));
    window.addEventListener('pagehide', () => tell('leaving'));
    if (document.hasFocus()) {
        tell('focus');
    }
}

/** Calls `listener` with what opened windows tell. */
export function hearOpened(
    listener: (source: MessageEventSource | null, message: WindowMessage) => void,
): void {
    window.addEventListener('message', ({ source, data }) => {
        const message = data?.[KEY];
        if (message !== undefined) {
            listener(source, message);
        }
    });
}
