import type { Frame } from './codec';
import type { Socket } from './socket';

/** How long the gateway may be silent to the question whether it is still there. */
const ALIVE_TIMEOUT_MS = 3_000;
/** When a timer fires this much too late, the page did not run, and has frames still to read. */
const LATE_MS = 1_000;

const STILL_THERE = 'still-there';

/** Whether the gateway still answers: a socket may have ended without any event. */
export class Liveness {
    private readonly onDead: () => void;
    private timer: ReturnType<typeof setTimeout> | undefined;

    /** @param onDead Called when nothing has come in time after a question. */
    constructor(onDead: () => void) {
        this.onDead = onDead;
    }

    /** Asks the gateway, once at a time. */
    ask(socket: Socket, peerId: string | undefined): void {
        if (this.timer !== undefined) {
            return;
        }
        // It changes nothing, and every gateway answers it. Some do not answer a ping.
        const question = { domain: 'agm', type: 'unregister', methods: [], peer_id: peerId };
        socket.send({ ...question, request_id: STILL_THERE });
        const due = Date.now() + ALIVE_TIMEOUT_MS;
        this.timer = setTimeout(() => {
            this.timer = undefined;
            if (socket.bufferedAmount > 0 || Date.now() > due + LATE_MS) {
                this.ask(socket, peerId);
            } else {
                this.onDead();
            }
        }, ALIVE_TIMEOUT_MS);
    }

    /** Something has come, or nobody wants to know any more. */
    stop(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
    }

    /** Whether a frame answers the question. Core did not ask it. */
    isAnswer({ request_id }: Frame): boolean {
        return request_id === STILL_THERE;
    }
}
