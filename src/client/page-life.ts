/**
 * What a browser does with a page beside showing it: it puts it into its back/forward cache, freezes
 * it, sleeps with it, and unloads it. No code of the page runs then, so it can answer nobody.
 */

/** How often the clock is looked at. */
const TICK_MS = 5_000;
/** A tick that is so much too late was not late for want of time alone: the machine slept, or the browser spares its timers. */
const JUMP_MS = 15_000;

export interface PageLife {
    /** The page may be about to go; or not, as when its user decides to stay. */
    onUnloading: () => void;
    /** From now on no code of the page runs, until `onBack`, if ever. */
    onAway: () => void;
    /** The page runs again; also called when it was not away. */
    onBack: () => void;
    /** Something may have happened to the page's connections that nobody has told it. */
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
