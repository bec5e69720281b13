/** A notification where its user sees it, in the page or beside it. */

import type { CloseReason } from './notifications';

/** Hears what the user does with it. */
export interface Watcher {
    clicked: () => void;
    chosen: (action: string) => void;
    closed: (reason: CloseReason) => void;
    /** It could not be shown after all. */
    refused: () => void;
}

export interface Shown {
    /** Takes it away; the watcher does not hear of that. */
    close: () => void;
    /** Another one takes its place by itself. */
    giveUp: () => void;
}
