/**
 * The socket between @interopio/core and the gateway.
 *
 * Core gets a transport that never fails: it says hello, and is welcomed as soon as there is a
 * gateway. Underneath, each attempt asks the Dash server anew where the gateway is and for a fresh
 * token, so a page comes back by itself after the gateway moved or the machine slept for a day.
 * When the socket is lost, `onLost` tells core to log in again.
 */

import { decodeFrame, encodeFrame, type Frame, sizeProblem } from './frames';
import type { Session } from './session';
import type { StatusListener } from './status';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const WELCOME_TIMEOUT_MS = 10_000;
/** Characters that are left of a handler's error which is too large to be sent, if they fit. */
const LONGEST_REASON = 200;

type Receive = (client: object, frame: Frame) => void;

export class GatewayTransport {
    /** Called when the gateway has let the page in. */
    onWelcome: () => void = () => {};
    /** Called when a logged-in connection is lost, after the status has changed. */
    onLost: () => void = () => {};

    private readonly askSession: () => Promise<Session>;
    private readonly onStatus: StatusListener;
    private readonly registrations = new Map<string, number>();
    private receive: Receive = () => {};
    private socket: WebSocket | undefined;
    private hello: Frame | undefined;
    private loggedIn = false;
    /** Bytes of the longest frame that the gateway takes; undefined where it does not say. */
    private maxSize: number | undefined;
    private attempts = 0;
    private retryTimer: ReturnType<typeof setTimeout> | undefined;
    private welcomeTimer: ReturnType<typeof setTimeout> | undefined;
    private closed = false;
    private readonly retryNow = () => {
        if (this.retryTimer !== undefined) {
            clearTimeout(this.retryTimer);
            this.attempt();
        }
    };

    constructor(askSession: () => Promise<Session>, onStatus: StatusListener) {
        this.askSession = askSession;
        this.onStatus = onStatus;
        window.addEventListener('online', this.retryNow);
    }

    /** What core's configuration takes as `gateway.inproc.facade`. */
    readonly facade = {
        connect: (receive: Receive) => {
            this.receive = receive;
            return Promise.resolve({
                send: (frame: Frame) => this.send(frame),
                disconnect: () => this.close(),
            });
        },
    };

    /** The place of a method among all registrations at the gateway; undefined where unknown. */
    registrationOf(peerId: string, methodId: string): number | undefined {
        return this.registrations.get(methodKey(peerId, methodId));
    }

    close(): void {
        this.closed = true;
        window.removeEventListener('online', this.retryNow);
        clearTimeout(this.retryTimer);
        clearTimeout(this.welcomeTimer);
        this.socket?.close();
    }

    private send(frame: Frame): void {
        if (frame.type === 'hello') {
            const first = this.hello === undefined;
            this.hello = frame;
            if (first) {
                this.attempt();
            } else {
                this.attemptLater();
            }
        } else if (this.loggedIn) {
            this.transmit(frame);
        }
        // Anything else speaks for a peer that is gone: its calls have failed already.
    }

    private transmit(frame: Frame): void {
        const text = encodeFrame(frame);
        const problem = sizeProblem(text, this.maxSize);
        if (problem === undefined) {
            this.socket?.send(text);
        } else {
            this.refuse(frame, problem);
        }
    }

    /** The gateway would end the connection of such a frame: whoever made it hears of it instead. */
    private refuse(frame: Frame, problem: string): void {
        if (frame.type === 'yield') {
            const reason = `What the handler returned is not sent: ${problem}`;
            console.error(`dash_interop: ${reason}`);
            const { domain, peer_id, invocation_id: request_id } = frame;
            const type = 'error';
            this.transmit({ domain, type, peer_id, request_id, ...tooLarge(reason) });
        } else if (frame.type === 'error') {
            const reason = String(frame.reason);
            const cut = `${reason.slice(0, LONGEST_REASON)}... (${problem})`;
            const message = cut.length < reason.length ? cut : problem;
            const context = { message, type: frame.context?.type };
            this.transmit({ ...frame, reason: message, context });
        } else if (frame.type === 'publish' || frame.type === 'post') {
            // It comes out of push(), which nothing answers.
            throw new Error(`The data is not sent: ${problem}`);
        } else {
            const { domain, peer_id, request_id } = frame;
            const answer = { domain, type: 'error', peer_id, request_id };
            const refusal = { ...answer, ...tooLarge(`It is not sent: ${problem}`) };
            queueMicrotask(() => this.receive({}, refusal));
        }
    }

    private async attempt(): Promise<void> {
        this.retryTimer = undefined;
        try {
            const session = await this.askSession();
            if (!this.closed) {
                this.open(session);
            }
        } catch (error) {
            this.retry(error instanceof Error ? error.message : String(error));
        }
    }

    private open(session: Session): void {
        const socket = new WebSocket(session.url);
        this.socket = socket;
        // The browser does not say which.
        let reason = `No gateway answers at ${session.url}, or it does not admit pages of ${location.origin}`;
        this.welcomeTimer = setTimeout(() => {
            reason = `The gateway at ${session.url} did not let this page in within ${WELCOME_TIMEOUT_MS} ms`;
            socket.close();
        }, WELCOME_TIMEOUT_MS);
        socket.onopen = () => {
            const authentication = { method: 'access-token', token: session.token };
            socket.send(encodeFrame({ ...this.hello, type: 'hello', authentication }));
        };
        socket.onmessage = (event) => {
            const frame = decodeFrame(event.data);
            if (!this.loggedIn && frame.type === 'error') {
                reason = `The gateway refused this page: ${frame.reason}`;
                socket.close();
            } else {
                this.handle(frame);
            }
        };
        socket.onclose = (event) => {
            clearTimeout(this.welcomeTimer);
            if (this.socket !== socket || this.closed) {
                return;
            }
            if (this.loggedIn) {
                this.lose(event.reason || 'The connection to the gateway was lost');
            } else {
                this.retry(reason);
            }
        };
    }

    private handle(frame: Frame): void {
        if (frame.type === 'welcome') {
            clearTimeout(this.welcomeTimer);
            this.loggedIn = true;
            this.maxSize = frame.max_size;
            this.attempts = 0;
            this.receive({}, frame);
            const instance = { ...frame.resolved_identity, peerId: frame.peer_id };
            this.onStatus({ state: 'connected', error: null, instance });
            this.onWelcome();
            return;
        }
        if (frame.type === 'methods-added') {
            for (const { id, registration } of frame.methods) {
                this.registrations.set(methodKey(frame.server_id, id), registration);
            }
        } else if (frame.type === 'methods-removed') {
            for (const id of frame.methods) {
                this.registrations.delete(methodKey(frame.server_id, id));
            }
        }
        this.receive({}, frame);
    }

    private lose(reason: string): void {
        this.loggedIn = false;
        this.registrations.clear();
        this.onStatus({ state: 'disconnected', error: reason });
        this.onLost();
    }

    private retry(reason: string): void {
        if (this.closed) {
            return;
        }
        this.onStatus({ state: 'disconnected', error: reason });
        this.attemptLater();
    }

    private attemptLater(): void {
        const longest = Math.min(FIRST_DELAY_MS * 2 ** this.attempts, LONGEST_DELAY_MS);
        this.attempts += 1;
        // Half fixed, half random: pages that lost one gateway together do not return together.
        const delay = (longest + Math.random() * longest) / 2;
        this.retryTimer = setTimeout(() => this.attempt(), delay);
    }
}

/** What an error says of a frame that is too large, as Python peers say it, too. */
function tooLarge(reason: string): Pick<Frame, string> {
    const context = { message: reason, type: 'TooLarge' };
    return { reason_uri: 'agm.errors.client_error', reason, context };
}

function methodKey(peerId: string, methodId: string): string {
    return `${peerId}/${methodId}`;
}
