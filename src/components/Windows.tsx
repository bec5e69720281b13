import type { DashProps } from '../dash/component';
import { useWindows } from '../dash/useWindows';

interface Props extends DashProps {
    /** The window to open, the Output of a callback: a dict with "name" (no other open window of this page has it), "url" (may be relative to this page) and "options": a dict with "width", "height", "left" and "top" in pixels, and "context", a dict for the page in the window. With a size or a position it is a window of its own, 400 by 400 pixels where nothing else is said, without them a tab. Or a list of such dicts. Each value written to it is opened once, also when it equals the one before. Browsers open a window only within a few seconds of a click or a key press in the page, and one for each, unless their user allows pop-ups: error says so. Safari takes a clientside callback only. The page in the window can reach this one, so open only what you trust. */
    open?: any;

    /** The window to close, the Output of a callback: a dict with the "name" or the "id" of a window that this page has opened, or a list of such dicts. */
    close?: any;

    /** The window to bring to the front, the Output of a callback: a dict as in close, or a list of such dicts. Browsers may refuse it without a click or a key press in the page. */
    focus?: any;

    /** A window was opened, the Input of a callback that runs once for each of them: a dict with "id", "name", "url" (the whole address that it was opened with) and "sequence"; None before the first one. Events are those of all windows that this page has opened, in the order in which they happened. Set by the library: do not write to it. */
    opened?: any;

    /** A window was closed, the Input of a callback that runs once for each of them: a dict as in opened; None before the first one. It is told within about a second, also of windows that were opened before this page was loaded anew. Set by the library: do not write to it. */
    closed?: any;

    /** A window has got the focus, the Input of a callback that runs once for each time: a dict as in opened; None before the first one. Told of windows whose page has a Glue42, too. Set by the library: do not write to it. */
    focused?: any;

    /** What the page was given that has opened this page's own window, and later changes of it: a dict. None while there is nothing. Set by the library: do not write to it. */
    context?: object;

    /** What went wrong last: a dict with a "message", the "operation" ("open", "close" or "focus") and "sequence". None while all is well, and again when the next operation has succeeded. Set by the library: do not write to it. */
    error?: any;
}

/** Opens browser windows and tabs: a callback writes to its open property, and others hear what becomes of them. Shows nothing itself. */
const Windows = (props: Props) => {
    useWindows(props);
    return null;
};

export default Windows;
