/**
 * The windows that a page opens itself. Their ids are their `window.name`: by it a window knows
 * itself, and the page finds its windows again when it was loaded anew.
 *
 * That a window is closed, no browser tells: the page looks once a second while there are windows,
 * and at once when it gets the focus or when the page in a window goes.
 */

import type { ContextChange, Contexts } from './contexts';
import { keepWhenLeaving, takeOver } from './handover';
import { contextNameOf } from './window-contexts';
import { hearOpened, tellOpener, type WindowMessage } from './window-messages';
import { featuresOf, readName, readOptions, readUrl } from './window-settings';
import type { OpenedWindow, WindowEvent, Windows } from './windows';

const LOOK_MS = 1_000;
/** A window whose page has gone is closed a moment later, if it was closed. */
const AFTER_LEAVING_MS = 100;

const ID = /^g42-[A-Za-z0-9]{10}$/;
const ID_CHARACTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';
const ID_LENGTH = 10;

/** The key of a window's context that belongs to platforms. */
const PLATFORM_KEY = '___io___';

const BLOCKED =
    'The browser has blocked the window: it opens one only within a few seconds of a click or a key press in the page, ' +
    'and one for each, unless its user allows pop-ups of this site. Have a callback of a button write open; where the server takes longer, and in Safari, a clientside one';

/** What is open, and the browser's object for it. */
interface Entry {
    window: OpenedWindow;
    proxy: Window;
}

export class PageWindows implements Windows {
    readonly ownId: string;
    /** Undefined where there is no connection. */
    private readonly contexts: Contexts | undefined;
    private readonly entries = new Map<string, Entry>();
    private readonly listeners = new Set<(event: WindowEvent) => void>();
    /** Windows of the page that was here before, which were closed when nobody looked. */
    private readonly missed: OpenedWindow[] = [];
    private looking: ReturnType<typeof setInterval> | undefined;

    constructor(contexts?: Contexts) {
        const isOpened = ID.test(window.name);
        this.ownId = isOpened ? window.name : newWindowId();
        this.contexts = contexts;
        if (isOpened) {
            tellOpener(window.opener);
            // The gateway keeps the context for those who listen, also when the opener has gone.
            contexts?.subscribe(contextNameOf(this.ownId), () => {});
        }
        hearOpened((source, message) => this.hear(source, message));
        keepWhenLeaving(() => this.list());
        window.addEventListener('focus', () => this.look());
        for (const kept of takeOver()) {
            this.findAgain(kept);
        }
    }

    async open(name: unknown, url: unknown, options?: unknown): Promise<OpenedWindow> {
        const opened = { id: newWindowId(), name: readName(name), url: readUrl(url) };
        const { context, ...geometry } = readOptions(options);
        this.look();
        if (this.list().some((each) => each.name === opened.name)) {
            throw new Error(
                `The name ${JSON.stringify(name)} is in use by a window that is open: close that one first, or choose another name`,
            );
        }
        const proxy = window.open(opened.url, opened.id, featuresOf(geometry));
        if (!proxy) {
            throw new Error(BLOCKED);
        }
        this.add({ window: opened, proxy });
        this.tell('opened', opened);
        if (context) {
            await this.give(opened, context);
        }
        return opened;
    }

    list(): OpenedWindow[] {
        return [...this.entries.values()].map((entry) => entry.window);
    }

    async close(id: string): Promise<void> {
        this.find(id).proxy.close();
        setTimeout(() => this.look());
    }

    async focus(id: string): Promise<void> {
        this.find(id).proxy.focus();
    }

    onEvent(listener: (event: WindowEvent) => void): () => void {
        this.listeners.add(listener);
        for (const closed of this.missed.splice(0)) {
            listener({ type: 'closed', window: closed });
        }
        return () => this.listeners.delete(listener);
    }

    onContext(listener: (context: object) => void): () => void {
        const hear = ({ data, isDestroyed }: ContextChange) =>
            isDestroyed || listener(withoutPlatformKey(data));
        return this.contexts?.subscribe(contextNameOf(this.ownId), hear) ?? (() => {});
    }

    private find(id: string): Entry {
        this.look();
        const entry = this.entries.get(id);
        if (!entry) {
            throw new Error(`This page has no open window with the id ${JSON.stringify(id)}`);
        }
        return entry;
    }

    private async give({ id, name }: OpenedWindow, context: object): Promise<void> {
        try {
            if (!this.contexts) {
                throw new Error('there is no connection');
            }
            await this.contexts.set(contextNameOf(id), context);
        } catch (error) {
            throw new Error(
                `The window ${name} is open, but it has not got its context: ${(error as Error).message}`,
            );
        }
    }

    private add(entry: Entry): void {
        this.entries.set(entry.window.id, entry);
        this.looking ??= setInterval(() => this.look(), LOOK_MS);
    }

    /** A window of the page that was here before. */
    private findAgain(kept: OpenedWindow): void {
        // Opens nothing where there is a window of that name, or the browser opens none unasked.
        const proxy = window.open('', kept.id);
        if (proxy && !isBlank(proxy)) {
            this.add({ window: kept, proxy });
        } else {
            proxy?.close();
            this.missed.push(kept);
            this.discardContext(kept);
        }
    }

    /** Looks which windows are closed. */
    private look(): void {
        for (const entry of [...this.entries.values()]) {
            if (entry.proxy.closed) {
                this.entries.delete(entry.window.id);
                this.tell('closed', entry.window);
                this.discardContext(entry.window);
            }
        }
        if (this.entries.size === 0) {
            clearInterval(this.looking);
            this.looking = undefined;
        }
    }

    private discardContext({ id }: OpenedWindow): void {
        this.contexts?.destroy(contextNameOf(id)).catch(() => {
            // It had none, or there is no connection just now.
        });
    }

    private hear(source: MessageEventSource | null, message: WindowMessage): void {
        const entry = [...this.entries.values()].find(({ proxy }) => proxy === source);
        if (entry && message === 'focus') {
            this.tell('focused', entry.window);
        } else if (entry && message === 'leaving') {
            setTimeout(() => this.look(), AFTER_LEAVING_MS);
        }
    }

    private tell(type: WindowEvent['type'], opened: OpenedWindow): void {
        for (const listener of [...this.listeners]) {
            listener({ type, window: opened });
        }
    }
}

export function withoutPlatformKey(context: object): object {
    const { [PLATFORM_KEY]: _, ...own } = context as Record<string, unknown>;
    return own;
}

function newWindowId(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
    const characters = Array.from(bytes, (byte) => ID_CHARACTERS[byte % ID_CHARACTERS.length]);
    return `g42-${characters.join('')}`;
}

/** Whether the browser has just made it: no window is opened with that address. */
function isBlank(proxy: Window): boolean {
    try {
        return proxy.location.href === 'about:blank';
    } catch {
        return false;
    }
}
