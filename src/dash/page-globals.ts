/**
 * `window.glue42dash`, for other JavaScript of a page: the version, the Interop API object once it
 * is there, and the place where a page can put factories of its own.
 */

import type { LibraryKind, LibrarySettings } from '../client/library';

export interface PageGlobals {
    version: string;
    glueInstance?: any;
    glueInstancePromise: Promise<any>;
    libSettings?: { [kind in LibraryKind]?: LibrarySettings };
}

declare global {
    interface Window {
        glue42dash?: PageGlobals;
    }
}

let resolveInstance: (io: any) => void = () => {};
let title = '';

/** Creates the namespace, keeping what the page put there before this bundle was loaded. */
export function createPageGlobals(): void {
    title = document.title;
    const glueInstancePromise = new Promise((resolve) => {
        resolveInstance = resolve;
    });
    window.glue42dash = { ...window.glue42dash, version: __VERSION__, glueInstancePromise };
}

/** What the page has put there for a library of that kind. */
export function librarySettings(kind: LibraryKind): LibrarySettings {
    return window.glue42dash?.libSettings?.[kind] ?? {};
}

/** The title of the page before Dash has changed it to tell that callbacks run. */
export function pageTitle(): string {
    return title;
}

/** Gives the API object to whoever asks for it there. */
export function publishInstance(io: any): void {
    if (window.glue42dash) {
        window.glue42dash.glueInstance = io;
    }
    resolveInstance(io);
}
