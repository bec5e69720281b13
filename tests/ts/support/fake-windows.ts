/** What a browser has for the windows that a page opens: `window.open`, and an object for each. */

import { vi } from 'vitest';

export class FakeWindow {
    closed = false;
    isInFront = false;

    constructor(
        /** As the page may see it; undefined where it is of another origin. */
        public href: string | undefined,
        readonly name: string,
        readonly features: string,
    ) {}

    get location(): { href: string } {
        if (this.href === undefined) {
            throw new DOMException('Blocked a frame', 'SecurityError');
        }
        return { href: this.href };
    }

    close(): void {
        this.closed = true;
    }

    focus(): void {
        this.isInFront = true;
    }

    /** It tells the page that has opened it. */
    says(message: string): void {
        const event = new MessageEvent('message', { data: { 'dash_interop.window': message } });
        Object.defineProperty(event, 'source', { value: this });
        window.dispatchEvent(event);
    }
}

/** The windows of a browser. */
export class FakeBrowser {
    readonly windows: FakeWindow[] = [];
    isBlocking = false;

    constructor() {
        vi.spyOn(window, 'open').mockImplementation(((url: string, name: string, features = '') => {
            const there = this.windows.find((each) => each.name === name && !each.closed);
            if (there || this.isBlocking) {
                return there ?? null;
            }
            this.windows.push(new FakeWindow(url || 'about:blank', name, features));
            return this.windows[this.windows.length - 1];
        }) as any);
    }
}
