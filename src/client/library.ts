/**
 * The libraries that know the Interop API: io.Connect and Glue42 bring their own to the pages
 * inside of them, any other page gets @interopio/core.
 */

import { toError } from './errors';
import type { Io } from './io';
import type { Settings } from './settings';

/** The part of its settings that a page uses. */
export type LibraryKind = 'web' | 'webPlatform' | 'desktop';

/** What a page brings along for its library. */
export interface LibrarySettings {
    /** Makes the API object instead of this package; called with the configuration. */
    factory?: Factory;
    /** Functions that get the API object before anybody else does. */
    libraries?: ((io: any) => unknown)[];
}

export type Factory = (config: Record<string, any>) => Promise<any>;

const INJECTED: Record<LibraryKind, string[]> = {
    desktop: ['IODesktop', 'Glue'],
    web: ['IOBrowser', 'GlueWeb'],
    webPlatform: ['IOBrowserPlatform', 'GlueWebPlatform'],
};

export function isDesktop(): boolean {
    return Boolean(global('iodesktop') ?? global('glue42gd'));
}

export function libraryKind(settings: Settings): LibraryKind {
    if (isDesktop()) {
        return 'desktop';
    }
    return settings.type === 'platform' ? 'webPlatform' : 'web';
}

/** The factory that io.Connect or Glue42 has put into the page; undefined outside of them. */
export function injectedFactory(kind: LibraryKind): Factory | undefined {
    return INJECTED[kind].map(global).find((value) => typeof value === 'function');
}

export async function loadCore(): Promise<Factory> {
    const module = await import(/* webpackChunkName: "core" */ '@interopio/core');
    return (module.default ?? module) as unknown as Factory;
}

/** @returns null when the factory decided against a connection (`skipInit`). */
export async function makeApi(factory: Factory, config: Record<string, any>): Promise<Io | null> {
    const made = await quietly(() => factory(config));
    return made?.skipInit ? null : (made.io ?? made.glue ?? made);
}

/** A factory of core that fails also leaves a second rejection, which nothing can handle. */
async function quietly<T>(making: () => Promise<T>): Promise<T> {
    let cause: unknown;
    const silence = (event: PromiseRejectionEvent) => {
        if (event.reason?.err !== undefined && event.reason.err === cause) {
            event.preventDefault();
        }
    };
    window.addEventListener('unhandledrejection', silence);
    try {
        return await making();
    } catch (reason: any) {
        cause = reason?.err;
        throw toError(reason);
    } finally {
        // The browser reports such rejections after the current task.
        setTimeout(() => window.removeEventListener('unhandledrejection', silence), 0);
    }
}

function global(name: string): any {
    return (window as any)[name];
}
