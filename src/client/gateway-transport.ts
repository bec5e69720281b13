/**
 * What @interopio/core talks to in place of the gateway.
 *
 * Core gets a transport that never fails: it says hello, and is welcomed as soon as there is a
 * gateway. Underneath, each attempt asks anew where the gateway is and for a fresh token, so a page
 * comes back by itself after the gateway moved or the machine slept for a day. When the socket is
 * lost, `onLost` tells core to log in again.
 *
 * A page that the browser puts aside cannot answer, so it leaves the gateway then, and is back as
 * soon as it runs again.
 */

import { framesIn } from './announcements';
import { delays } from './backoff';
import { Cancellations } from './cancellations';
import { encodeFrame, type Frame, sizeProblem } from './codec';
import { typeOfReason } from './errors';
import { GatewayContexts } from './gateway-contexts';
import { HistoryFrames } from './history-frames';
import { newId } from './ids';
import { InvocationFrames } from './invocation-frames';
import { Liveness } from './liveness';
import type { AskLogin, Login } from './login';
import { watchPageLife } from './page-life';
import { Registrations } from './registrations';
import { GatewaySocket, type MakeSocket, type Socket } from './socket';
import { disconnectedBy, type StatusListener } from './status';
import { substituteFor } from './too-large';

const FIRST_DELAY_MS = 100;
const WELCOME_TIMEOUT_MS = 10_000;
/** How long failures of handlers are held back when the page may be unloading, which fails them. */
const UNLOADING_MS = 5_000;

const SUBSCRIPTION_FAILURE = 'com.tick42.agm.errors.subscription.failure';
const REJECTED = 'Subscription rejected by user. ';

type Receive = (client: object, frame: Frame) => void;

export class GatewayTransport {
    /** Called when the gateway has let the page in. */
    onWelcome: () => void = () => {};
    /** Called when the connection is lost after a login, and after the status has changed. */
    onLost: () => void = () => {};

    private readonly askLogin: AskLogin;
    private readonly onStatus: StatusListener;
    private readonly makeSocket: MakeSocket;
    /** What the gateway says of the order of registrations, while there is a connection. */
    readonly registrations = new Registrations();
    /** What the gateway says of the ends of subscriptions. */
    readonly cancellations = new Cancellations();
    /** What travels of histories. */
    readonly histories = new HistoryFrames(() => this.maxSize);
    /** What travels of invocations beside what core knows. */
    readonly invocations = new InvocationFrames(
        (frame) => this.transmit(frame),
        (frame) => this.receive({}, frame),
    );
    /** The contexts of the page, of which core knows nothing. */
    readonly contexts = new GatewayContexts((frame) => this.transmit(frame));
    private readonly liveness = new Liveness(() => {
        this.dropSocket();
        this.lose('The gateway no longer answers');
    });
    private receive: Receive = () => {};
    private socket: Socket | undefined;
    private hello: Frame | undefined;
    /** Known to this page alone: the gateway tells it from others that claim its instance. */
    private readonly instanceKey = newId();
    private loggedIn = false;
    /** Bytes of the longest frame that the gateway takes; undefined where it does not say. */
    private maxSize: number | undefined;
    private waits = delays(FIRST_DELAY_MS);
    private retryTimer: ReturnType<typeof setTimeout> | undefined;
    private welcomeTimer: ReturnType<typeof setTimeout> | undefined;
    private unloadingTimer: ReturnType<typeof setTimeout> | undefined;
    private heldBack: Frame[] = [];
    private peerId: string | undefined;
    /** The number of the present attempt; what an earlier one brings is ignored. */
    private attempting = 0;
    private isAway = false;
    private leftLoggedIn = false;
    private closed = false;
    private readonly stopWatching: () => void;

    constructor(
        askLogin: AskLogin,
        onStatus: StatusListener,
        makeSocket: MakeSocket = (url, listener) => new GatewaySocket(url, listener),
    ) {
        this.askLogin = askLogin;
        this.onStatus = onStatus;
        this.makeSocket = makeSocket;
        this.stopWatching = watchPageLife({
            onUnloading: () => this.holdFailuresBack(),
            onAway: () => this.leave(),
            onBack: () => this.comeBack(),
            onDoubt: () => this.makeSure(),
        });
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

    close(): void {
        this.closed = true;
        this.stopWatching();
        this.dropSocket();
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
            if (this.unloadingTimer !== undefined && isFailure(frame)) {
                this.heldBack.push(frame);
            } else {
                for (const one of this.histories.framesFor(this.invocations.frameFor(frame))) {
                    this.transmit(withPlainReason(one));
                }
            }
        }
        // Any other frame comes from a peer that is gone, whose calls have failed already.
    }

    private transmit(frame: Frame): void {
        const text = encodeFrame(frame);
        const problem = sizeProblem(text, this.maxSize);
        if (problem === undefined) {
            this.socket?.sendText(text);
            return;
        }
        const substitute = substituteFor(frame, problem);
        if ('toGateway' in substitute) {
            this.transmit(substitute.toGateway);
        } else {
            queueMicrotask(() => this.passOn(substitute.toPage));
        }
    }

    /** Gives whoever has asked the answer that this transport makes itself. */
    private passOn(answer: Frame): void {
        if (!this.contexts.hearAnswer(answer)) {
            this.invocations.hear(answer, () => this.receive({}, answer));
        }
    }

    // Logging in

    private async attempt(): Promise<void> {
        clearTimeout(this.retryTimer);
        this.retryTimer = undefined;
        if (this.closed || this.isAway) {
            return;
        }
        this.attempting += 1;
        const attempt = this.attempting;
        try {
            const login = await this.askLogin();
            if (this.isGoingOn(attempt)) {
                this.open(login);
            }
        } catch (error) {
            if (this.isGoingOn(attempt)) {
                this.retry(error);
            }
        }
    }

    private isGoingOn(attempt: number): boolean {
        return !this.closed && !this.isAway && attempt === this.attempting;
    }

    private open({ url, token }: Login): void {
        const authentication = { method: 'access-token', token };
        const socket: Socket = this.makeSocket(url, {
            onOpen: () => socket.send(this.introduction(authentication)),
            onFrame: (frame) => this.socket === socket && this.hear(frame),
            onEnd: (whyNot, said) => this.socket === socket && this.end(whyNot, said),
        });
        this.socket = socket;
        const late = `The gateway at ${url} did not let this page in within ${WELCOME_TIMEOUT_MS} ms`;
        this.welcomeTimer = setTimeout(() => this.end(late), WELCOME_TIMEOUT_MS);
        socket.open();
    }

    private introduction(authentication: object): Frame {
        return { ...this.hello, type: 'hello', authentication, instance_key: this.instanceKey };
    }

    /**
     * The socket is of no more use.
     *
     * @param whyNot The reason, where the page was not logged in.
     * @param whyLost The reason where it was, if it is known.
     */
    private end(whyNot: unknown, whyLost = ''): void {
        const wasLoggedIn = this.loggedIn;
        this.dropSocket();
        if (wasLoggedIn) {
            this.lose(whyLost || 'The connection to the gateway was lost');
        } else {
            this.retry(whyNot);
        }
    }

    private hear(frame: Frame): void {
        this.liveness.stop();
        if (!this.loggedIn && frame.type === 'error') {
            this.end(`The gateway refused this page: ${frame.reason}`);
        } else {
            for (const one of framesIn(frame)) {
                this.handle(one);
            }
        }
    }

    private handle(frame: Frame): void {
        if (frame.type === 'welcome') {
            clearTimeout(this.welcomeTimer);
            this.loggedIn = true;
            this.peerId = frame.peer_id ?? undefined;
            this.maxSize = frame.max_size;
            this.waits = delays(FIRST_DELAY_MS);
            this.invocations.connect(frame);
            this.receive({}, frame);
            this.contexts.connect(frame);
            const instance = { ...frame.resolved_identity, peerId: frame.peer_id };
            this.onStatus({ state: 'connected', error: null, instance });
            this.onWelcome();
            return;
        }
        if (!this.liveness.isAnswer(frame) && !this.contexts.hear(frame)) {
            const withdrawn = this.registrations.withdrawnBy(frame);
            if (withdrawn) {
                this.receive({}, withdrawn);
            }
            this.registrations.note(frame);
            this.invocations.hear(frame, () =>
                this.histories.hear(frame, () =>
                    this.cancellations.during(frame, () => this.receive({}, withType(frame))),
                ),
            );
        }
    }

    private lose(reason: string): void {
        this.loggedIn = false;
        this.registrations.clear();
        this.histories.clear();
        this.invocations.clear();
        this.contexts.disconnect();
        this.onStatus(disconnectedBy(reason));
        this.onLost();
    }

    private retry(reason: unknown): void {
        this.onStatus(disconnectedBy(reason));
        this.attemptLater();
    }

    private attemptLater(): void {
        clearTimeout(this.retryTimer);
        this.retryTimer = setTimeout(() => this.attempt(), this.waits.next().value);
    }

    /** Closes the socket and stops all timers. */
    private dropSocket(): void {
        const timers = [this.retryTimer, this.welcomeTimer, this.unloadingTimer];
        timers.forEach(clearTimeout);
        this.retryTimer = this.unloadingTimer = undefined;
        this.liveness.stop();
        this.heldBack = [];
        const { socket } = this;
        this.socket = undefined;
        socket?.close();
    }

    // What the browser does with the page

    /** The status does not change: nothing that listens to it could run now. */
    private leave(): void {
        this.isAway = true;
        this.leftLoggedIn ||= this.loggedIn;
        this.loggedIn = false;
        this.dropSocket();
    }

    private comeBack(): void {
        if (!this.isAway) {
            return;
        }
        this.isAway = false;
        this.waits = delays(FIRST_DELAY_MS);
        if (this.leftLoggedIn) {
            this.leftLoggedIn = false;
            this.lose('The browser had put this page aside');
        } else if (this.hello) {
            this.attempt();
        }
    }

    /**
     * While a page unloads, the requests of its handlers fail, in some browsers long before the
     * page is gone. Their callers shall hear that the page has left, and not that a handler failed.
     * So failures wait until it is known whether the page stays.
     */
    private holdFailuresBack(): void {
        clearTimeout(this.unloadingTimer);
        this.unloadingTimer = setTimeout(() => {
            this.unloadingTimer = undefined;
            for (const frame of this.heldBack.splice(0)) {
                this.send(frame);
            }
        }, UNLOADING_MS);
    }

    /** Connects at once if it was about to, or asks the gateway whether it is still there. */
    private makeSure(): void {
        if (this.retryTimer !== undefined) {
            this.attempt();
            return;
        }
        if (this.loggedIn && this.socket) {
            this.liveness.ask(this.socket, this.peerId);
        }
    }
}

/** Whether a frame tells the caller of a method that its handler failed. */
function isFailure({ type, reason_uri }: Frame): boolean {
    return type === 'error' && reason_uri === 'agm.errors.client_error';
}

/**
 * Core does not pass the reason of an error on. So the gateway's goes where servers put theirs.
 * `findings/interopio-core-hides-reason.sh` shows it.
 */
function withType(frame: Frame): Frame {
    const type = frame.type === 'error' ? typeOfReason(frame.reason_uri) : undefined;
    return type === undefined || type === 'HandlerFailed'
        ? frame
        : { ...frame, context: { ...frame.context, message: frame.reason, interopType: type } };
}

/** Core puts words of its own in front of the reason for which a publisher rejects a subscription. */
function withPlainReason(frame: Frame): Frame {
    const isRejection = frame.reason_uri === SUBSCRIPTION_FAILURE;
    return isRejection && frame.reason?.startsWith(REJECTED)
        ? { ...frame, reason: frame.reason.slice(REJECTED.length) }
        : frame;
}
