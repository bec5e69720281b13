/**
 * The browser windows of a page as the rest of it knows them: those that it has opened, and the one
 * that it is in. `PageWindows` and `PlatformWindows` implement it.
 */

export interface OpenedWindow {
    id: string;
    name: string;
    /** The address that it was opened with. */
    url: string;
}

export type WindowEvent = { type: 'opened' | 'closed' | 'focused'; window: OpenedWindow };

export interface Windows {
    /** The id of the window that this page is in; undefined where a platform does not say. */
    readonly ownId: string | undefined;
    /**
     * Opens a window; before it first awaits, as browsers forget that their user has clicked.
     *
     * @param options As `WindowOptions`; a platform may know more.
     * @throws Error that says why there is no window.
     */
    open(name: unknown, url: unknown, options?: unknown): Promise<OpenedWindow>;
    /** Those that are open, the oldest first. */
    list(): OpenedWindow[];
    close(id: string): Promise<void>;
    focus(id: string): Promise<void>;
    /** Calls `listener` with what happens to windows that this page has opened. */
    onEvent(listener: (event: WindowEvent) => void): () => void;
    /** Calls `listener` with the context of the own window, as soon as there is one, and later. */
    onContext(listener: (context: object) => void): () => void;
}
