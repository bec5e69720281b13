/** A WebSocket whose other end is the test. */

type Frame = Record<string, any>;

export class FakeWebSocket {
    /** Every socket that was opened, the oldest first. */
    static opened: FakeWebSocket[] = [];

    static get latest(): FakeWebSocket {
        return FakeWebSocket.opened[FakeWebSocket.opened.length - 1];
    }

    readonly url: string;
    /** The frames that the page sent, as plain JSON. */
    readonly sent: Frame[] = [];
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number; reason: string }) => void) | null = null;
    onerror: (() => void) | null = null;
    isClosed = false;
    /** What the page has sent and the browser has still to send. */
    bufferedAmount = 0;

    constructor(url: string) {
        if (!/^wss?:/.test(url)) {
            throw new SyntaxError(`The URL '${url}' is invalid`);
        }
        this.url = url;
        FakeWebSocket.opened.push(this);
    }

    send(text: string): void {
        this.sent.push(JSON.parse(text));
    }

    /** As in a browser, `onclose` runs later. */
    close(): void {
        if (!this.isClosed) {
            this.isClosed = true;
            queueMicrotask(() => this.onclose?.({ code: 1005, reason: '' }));
        }
    }

    /** The gateway accepts the connection. */
    accept(): void {
        this.onopen?.();
    }

    /** The gateway sends a frame. */
    deliver(frame: Frame): void {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    /** The gateway accepts the connection and lets the page in. */
    welcome(peerId = 'peer-1', more: Frame = {}): void {
        this.accept();
        this.deliver({ type: 'welcome', domain: 'global', peer_id: peerId, ...more });
    }

    /** The browser itself refuses the connection, and does not say that it is closed. */
    refuse(): void {
        this.isClosed = true;
        this.onerror?.();
    }

    /** The connection breaks, or the gateway closes it with a reason. */
    cut(reason = ''): void {
        this.isClosed = true;
        this.onerror?.();
        this.onclose?.({ code: reason ? 4000 : 1006, reason });
    }
}
