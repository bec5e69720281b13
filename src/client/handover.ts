/**
 * The windows that a page has opened, for the page that takes its place in this tab. They are kept
 * from when the page goes to when the next one comes: what is kept for longer would be copied with
 * the tab, and two pages would take the windows for theirs.
 */

import type { OpenedWindow } from './windows';

const KEY = 'dash_interop.windows';

/** Keeps what `opened` gives when the page goes. */
export function keepWhenLeaving(opened: () => OpenedWindow[]): void {
    window.addEventListener('pagehide', () => {
        const windows = opened();
        if (windows.length > 0) {
            storage()?.setItem(KEY, JSON.stringify(windows));
        }
    });
    // From the back/forward cache the page comes with all that it knows.
    window.addEventListener('pageshow', ({ persisted }) => persisted && takeOver());
}

/** The windows of the page that was here before. */
export function takeOver(): OpenedWindow[] {
    const kept = storage()?.getItem(KEY);
    storage()?.removeItem(KEY);
    return kept ? JSON.parse(kept) : [];
}

/** A browser may forbid it to a page. */
function storage(): Storage | undefined {
    try {
        return window.sessionStorage;
    } catch {
        return undefined;
    }
}
