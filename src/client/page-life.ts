/**
 * A browser may put a page into its back/forward cache, freeze it, go to sleep with the machine, or
 * unload the page. No code of the page runs then, so the page cannot answer anybody.
 */

/** How often the clock is read. */
const TICK_MS = 5_000;
/** When a tick is this much too late, the machine slept or the browser holds timers back. */
const JUMP_MS = 15_000;

export interface PageLife {
    /** The page may be about to go; its user may still decide to stay. */
    onUnloading: () => void;
    /** No code of the page runs from now on, until `onBack` if the page comes back. */
    onAway: () => void;
    /** The page runs again; also called when it was not away. */
    onBack: () => void;
    /** The page's connections may have ended without any event. */
    onDoubt: () => void;
}

/** Calls the functions of `life`; returns how to stop. */
export function watchPageLife({ onUnloading, onAway, onBack, onDoubt }: PageLife): () => void {
    const onVisible = () => {
        if (document.visibilityState === 'visible') {
            onBack();
            onDoubt();
        }
    };
    const listened: [EventTarget, string, () => void][] = [
        [window, 'beforeunload', onUnloading],
        [window, 'pagehide', onAway],
        [document, 'freeze', onAway],
        [document, 'resume', onBack],
        [window, 'pageshow', onBack],
        [window, 'online', onDoubt],
        [document, 'visibilitychange', onVisible],
    ];
    for (const [target, name, listener] of listened) {
        target.addEventListener(name, listener);
    }
    let last = Date.now();
    const ticking = setInterval(() => {
        const elapsed = Date.now() - last;
        last += elapsed;
        if (elapsed > TICK_MS + JUMP_MS) {
            onDoubt();
        }
    }, TICK_MS);
    return () => {
        clearInterval(ticking);
        for (const [target, name, listener] of listened) {
            target.removeEventListener(name, listener);
        }
    };
}
