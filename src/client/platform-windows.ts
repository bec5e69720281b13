/** The windows of a page inside of io.Connect or Glue42, which open them by `io.windows`. */

import { toError } from './errors';
import { readName, readUrl } from './window-settings';
import type { OpenedWindow, WindowEvent, Windows } from './windows';

export class PlatformWindows implements Windows {
    /** `io.windows` of the library; not every platform has all of it. */
    private readonly api: any;
    private readonly entries = new Map<string, { window: OpenedWindow; ofPlatform: any }>();
    private readonly listeners = new Set<(event: WindowEvent) => void>();

    constructor(api: any) {
        this.api = api;
        api.onWindowRemoved?.(({ id }: { id: string }) => this.closed(id));
        api.onWindowGotFocus?.(({ id }: { id: string }) => {
            const entry = this.entries.get(id);
            if (entry) {
                this.tell({ type: 'focused', window: entry.window });
            }
        });
    }

    get ownId(): string | undefined {
        return this.api.my?.()?.id;
    }

    async open(name: unknown, url: unknown, options?: unknown): Promise<OpenedWindow> {
        const opened = { name: readName(name), url: readUrl(url) };
        const ofPlatform = await this.api
            .open(opened.name, opened.url, withoutNull(options))
            .catch((reason: unknown) => {
                throw toError(reason);
            });
        const made = { id: String(ofPlatform.id), ...opened };
        this.entries.set(made.id, { window: made, ofPlatform });
        this.tell({ type: 'opened', window: made });
        return made;
    }

    list(): OpenedWindow[] {
        return [...this.entries.values()].map((entry) => entry.window);
    }

    async close(id: string): Promise<void> {
        await this.find(id).close();
    }

    async focus(id: string): Promise<void> {
        await this.find(id).focus();
    }

    onEvent(listener: (event: WindowEvent) => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    onContext(listener: (context: object) => void): () => void {
        const own = this.api.my?.();
        let isStopped = false;
        const hear = (context: object | undefined) => {
            if (!isStopped && context) {
                listener(context);
            }
        };
        const stop = own?.onContextUpdated?.(hear);
        Promise.resolve(own?.getContext?.()).then(hear, () => {
            // A window that was not opened by the platform has none.
        });
        return () => {
            isStopped = true;
            stop?.();
        };
    }

    private find(id: string): any {
        const entry = this.entries.get(id);
        if (!entry) {
            throw new Error(`This page has no open window with the id ${JSON.stringify(id)}`);
        }
        return entry.ofPlatform;
    }

    private closed(id: string): void {
        const entry = this.entries.get(id);
        if (entry) {
            this.entries.delete(id);
            this.tell({ type: 'closed', window: entry.window });
        }
    }

    private tell(event: WindowEvent): void {
        for (const listener of [...this.listeners]) {
            listener(event);
        }
    }
}

/** What is None in Python is not given; the rest is for the platform to check. */
function withoutNull(options: unknown): unknown {
    return options && typeof options === 'object'
        ? Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
        : (options ?? undefined);
}
