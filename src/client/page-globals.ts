/**
 * `window.glue42dash`, what JavaScript of a page may use beside its Dash app: the version, the
 * Interop API object once it is there, and the place where it can put factories of its own.
 */

export interface LibrarySettings {
    /** Makes the API object instead of this package; called with the configuration. */
    factory?: (config: Record<string, any>) => Promise<any>;
    /** Functions that get the API object before the components do. */
    libraries?: ((io: any) => unknown)[];
}

export interface PageGlobals {
    version: string;
    glueInstance?: any;
    glueInstancePromise: Promise<any>;
    libSettings?: {
        web?: LibrarySettings;
        webPlatform?: LibrarySettings;
        desktop?: LibrarySettings;
    };
}

declare global {
    interface Window {
        glue42dash?: PageGlobals;
    }
}

let resolveInstance: (io: any) => void = () => {};

/** Creates the namespace, keeping what the page put there before this bundle was loaded. */
export function createPageGlobals(): void {
    const glueInstancePromise = new Promise((resolve) => {
        resolveInstance = resolve;
    });
    window.glue42dash = { ...window.glue42dash, version: __VERSION__, glueInstancePromise };
}

export function publishInstance(io: any): void {
    if (window.glue42dash) {
        window.glue42dash.glueInstance = io;
    }
    resolveInstance(io);
}
