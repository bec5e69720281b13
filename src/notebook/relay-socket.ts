/**
 * A conversation with the gateway by way of the kernel, in place of a WebSocket:
 * `dash_interop/notebook/relay.py` is the other end.
 */

import { decodeFrame, encodeFrame, type Frame } from '../client/codec';
import { newId } from '../client/ids';
import type { Socket, SocketListener } from '../client/socket';
import type { Line, LineMessage } from './line';

export class RelaySocket implements Socket {
    readonly id = newId();
    private readonly line: Line;
    private readonly listener: SocketListener;
    private waiting: string[] = [];
    /** The lengths of frames that the kernel has not taken yet. */
    private readonly untaken: number[] = [];

    constructor(line: Line, listener: SocketListener) {
        this.line = line;
        this.listener = listener;
    }

    get bufferedAmount(): number {
        return this.untaken.reduce((sum, length) => sum + length, 0);
    }

    open(): void {
        this.say('open');
    }

    send(frame: Frame): void {
        this.sendText(encodeFrame(frame));
    }

    sendText(text: string): void {
        if (this.waiting.length === 0) {
            // What is sent in one turn travels together.
            queueMicrotask(() => this.flush());
        }
        this.waiting.push(text);
        this.untaken.push(text.length);
    }

    close(): void {
        this.flush();
        this.say('close');
    }

    /** A message of the kernel to this conversation. */
    hear({ type, frames, count, why }: LineMessage): void {
        switch (type) {
            case 'opened':
                this.listener.onOpen();
                break;
            case 'frames':
                for (const frame of frames) {
                    this.listener.onFrame(decodeFrame(frame));
                }
                break;
            case 'taken':
                this.untaken.splice(0, count);
                break;
            case 'ask':
                this.say('here');
                break;
            case 'ended':
                this.listener.onEnd(why, '');
                break;
        }
    }

    private flush(): void {
        if (this.waiting.length > 0) {
            this.say('frames', { frames: this.waiting });
            this.waiting = [];
        }
    }

    private say(type: string, fields: object = {}): void {
        this.line.send({ type, conversation: this.id, ...fields });
    }
}
