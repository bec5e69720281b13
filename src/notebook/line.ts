/**
 * Messages between this page and the kernel of a widget: `dash_interop/notebook/line.py` is the
 * other end.
 */

import { delays } from '../client/backoff';
import { newId } from '../client/ids';

const FIRST_DELAY_MS = 250;
/** Of a message that is sent as one, in UTF-16 units: a Jupyter server ends the connection above 10 MiB. */
const LONGEST = 1_000_000;

/** The part of anywidget's model that is used here. */
export interface Model {
    get: (name: string) => any;
    send: (content: unknown) => void;
    on: (event: string, listener: (content: any) => void) => void;
}

/** A JSON object; further fields belong to its type. */
export interface LineMessage {
    type: string;
    [field: string]: any;
}

export interface LineListener {
    /** The kernel has answered. */
    onOpen: () => void;
    onMessage: (message: LineMessage) => void;
    /** The kernel has ended. */
    onLost: () => void;
}

export class Line {
    private readonly model: Model;
    private readonly page = newId();
    private sent = 0;
    private isHeard = false;
    private isClosed = false;
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(model: Model, { onOpen, onMessage, onLost }: LineListener) {
        this.model = model;
        model.on('msg:custom', (message: LineMessage) => {
            if (this.isClosed) {
                return;
            }
            if (message.type === 'probe') {
                this.send({ type: 'here' });
            } else if (message.type !== 'hello') {
                onMessage(message);
            } else if (message.page === this.page && !this.isHeard) {
                this.isHeard = true;
                clearTimeout(this.timer);
                onOpen();
            }
        });
        // How JupyterLab tells that the kernel is started anew; there is no way back from that.
        model.on('comm_live_update', onLost);
        this.greet(delays(FIRST_DELAY_MS));
    }

    /** Whether the kernel has answered. */
    get isOpen(): boolean {
        return this.isHeard && !this.isClosed;
    }

    send(message: LineMessage): void {
        const text = JSON.stringify(message);
        if (text.length <= LONGEST) {
            this.sendNext(message);
            return;
        }
        for (const [part, is_last] of partsOf(text)) {
            this.sendNext({ type: 'part', text: part, is_last });
        }
    }

    /** The kernel may handle one in another thread than the one before, and put them in order. */
    private sendNext(message: LineMessage): void {
        this.sent += 1;
        this.model.send({ ...message, page: this.page, place: this.sent });
    }

    /** Nothing is said or heard any more. */
    close(): void {
        this.isClosed = true;
        clearTimeout(this.timer);
    }

    /**
     * Says hello until the kernel answers. The first time it may have had no thread to name for
     * the messages of widgets, and then it is not heard before the cell that runs has ended.
     */
    private greet(waits: Generator<number, never>): void {
        this.model.send({ type: 'hello', page: this.page });
        this.timer = setTimeout(() => this.greet(waits), waits.next().value);
    }
}

/** A text in pieces, each with whether it is the last. */
function* partsOf(text: string): Generator<[string, boolean]> {
    let start = 0;
    while (start < text.length) {
        let end = start + LONGEST;
        // Not between the halves of an emoji.
        if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) {
            end -= 1;
        }
        yield [text.slice(start, end), end >= text.length];
        start = end;
    }
}
