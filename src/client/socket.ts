/** One WebSocket to the gateway, from its opening to its end. */

import { watchPolicy } from './browser-policy';
import { decodeFrame, encodeFrame, type Frame } from './codec';

export interface SocketListener {
    onOpen: () => void;
    onFrame: (frame: Frame) => void;
    /**
     * @param whyNot Why it was of no use, where nobody has logged in over it.
     * @param said What the gateway said when it closed it; empty where it said nothing.
     */
    onEnd: (whyNot: unknown, said: string) => void;
}

/** What carries frames to the gateway and back: a WebSocket, or something in its place. */
export interface Socket {
    /** Bytes that are still to be sent. */
    readonly bufferedAmount: number;
    open: () => void;
    send: (frame: Frame) => void;
    sendText: (text: string) => void;
    close: () => void;
}

export type MakeSocket = (url: string, listener: SocketListener) => Socket;

export class GatewaySocket implements Socket {
    private readonly url: string;
    private readonly listener: SocketListener;
    private socket: WebSocket | undefined;

    constructor(url: string, listener: SocketListener) {
        this.url = url;
        this.listener = listener;
    }

    get bufferedAmount(): number {
        return this.socket?.bufferedAmount ?? 0;
    }

    open(): void {
        const { url, listener } = this;
        const policy = watchPolicy(url);
        // The browser does not say which of the two it is.
        const reason = `No gateway answers at ${url}, or it does not admit pages of ${location.origin}: then start it with --allow-origin ${location.origin}`;
        const end = (whyNot: unknown, said = '') => {
            policy.stop();
            listener.onEnd(whyNot, said);
        };
        try {
            this.socket = new WebSocket(url);
        } catch (error) {
            const { name, message } = error as Error;
            if (name === 'SyntaxError') {
                end(message);
            } else {
                policy.verdict(message).then(end);
            }
            return;
        }
        this.socket.onopen = listener.onOpen;
        this.socket.onmessage = ({ data }) => listener.onFrame(decodeFrame(data));
        this.socket.onclose = (event) => end(reason, event.reason);
        // Of a socket that they refuse themselves, some browsers tell only this.
        this.socket.onerror = () => policy.verdict(reason).then(end);
    }

    send(frame: Frame): void {
        this.sendText(encodeFrame(frame));
    }

    sendText(text: string): void {
        this.socket?.send(text);
    }

    close(): void {
        this.socket?.close();
    }
}
