/**
 * The tunnel of a Tunnel component, as long as it is in the layout: what the page's own JavaScript
 * sends reaches callbacks as `message`, and what callbacks write reaches the JavaScript.
 *
 * Callbacks keep nothing, so the end of Python stands in the page, too, beside the page's own. It
 * gives versions to what callbacks send, and knows which of their answers are stale.
 */

import { newId } from '../client/ids';
import { Endpoint } from '../tunnel/endpoint';
import type { Frame, Incoming } from '../tunnel/frames';
import type { DashComponent, Part } from './component';
import { ServerWait } from './dash-server';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { entriesOf } from './entries';
import { Events } from './events';
import { Failures } from './failures';
import { warnOfWrites } from './own-props';
import { pageTunnels } from './page-tunnels';
import { callbacksWithOutput } from './renderer';
import { nextSequence } from './sequence';
import { StateProp } from './state-prop';
import type { Delivery } from './triggered-runs';
import { readSending, readTunnelAnswer, type TunnelAnswer } from './tunnel-writes';
import { isServerAway, whyNotAnswered } from './why-unanswered';

/** The most requests that are remembered because nobody waits for their answers any more. */
const MOST_GIVEN_UP = 1_000;

export class ConnectedTunnel implements Part {
    batch = false;
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly deliverer: Deliverer;
    private readonly events: Events;
    private readonly failures: Failures;
    private readonly stale: StateProp;
    private readonly page: Endpoint;
    private readonly python: Endpoint;
    private readonly disconnect: (why: string) => void;
    private readonly serverWait = new ServerWait();
    private readonly ending = new AbortController();
    /** The requests that callbacks have at present; undefined while a message is among them. */
    private current: Set<string> | undefined;
    private readonly givenUp = new Set<string>();
    private isRunning = false;
    private isServerAway = false;
    /** What answers were for, in place of a request that is waiting. */
    private wrongId: string | undefined;

    constructor(component: DashComponent, diagnostics: Diagnostics, id: string) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.deliverer = component.eventDeliverer('message', false);
        this.events = new Events(component, []);
        this.failures = new Failures(this.events, diagnostics);
        this.python = this.makePythonEnd();
        this.stale = new StateProp(component.deliverer('stale'), () => this.python.stale);
        const { endpoint, end } = pageTunnels.connect(id, {
            wake: () => this.run(),
            obstacle: () => (this.isServerAway ? 'the Dash server does not answer' : undefined),
            cancel: (requestId) => this.cancel(requestId),
        });
        this.page = endpoint;
        this.disconnect = end;
        const answer = this.carryOut('answer', (entry, what) =>
            this.answer(readTunnelAnswer(entry, what)),
        );
        component.watch('answer', answer, 'message');
        const send = this.carryOut('send', (entry, what) => this.send(entry, what));
        component.take('send', send, 'message');
        warnOfWrites(component, diagnostics, ['message', 'stale', 'error'], 'message');
    }

    /** The component has left the layout. */
    end(): void {
        this.ending.abort();
        this.stale.end();
        this.events.end();
        this.disconnect('The Tunnel was removed from the layout');
    }

    // From the page to callbacks

    private async run(): Promise<void> {
        if (this.isRunning) {
            return;
        }
        this.isRunning = true;
        // All that is sent in this turn goes into one batch.
        await Promise.resolve();
        while (this.page.waiting > 0) {
            await this.hand(this.page.take(this.batch ? undefined : 1) as Incoming[]);
        }
        this.isRunning = false;
    }

    /** Hands frames to the callbacks, and waits for these. */
    private async hand(frames: Incoming[]): Promise<void> {
        const requests = frames.flatMap((frame) =>
            frame.type === 'request' ? [frame.requestId] : [],
        );
        this.current = requests.length === frames.length ? new Set(requests) : undefined;
        this.wrongId = undefined;
        for (const frame of frames) {
            this.python.receive(frame);
        }
        const values = frames.map((frame) => this.valueOf(frame));
        const delivery = await this.deliverer.deliver(this.batch ? values : values[0]);
        // Dash drops the callbacks of a component that goes; then they have not failed to answer.
        await this.component.untilDecided;
        this.current = undefined;
        this.conclude(requests, frames.length - requests.length, delivery);
        await this.waitForServer(delivery);
    }

    private valueOf(frame: Incoming) {
        const { version, data } = frame;
        const requestId = frame.type === 'request' ? frame.requestId : null;
        return { version, data, requestId, sequence: nextSequence(this.component) };
    }

    /** The callbacks have ended, with or without answers. */
    private conclude(requests: string[], messages: number, delivery: Delivery): void {
        if (this.ending.signal.aborted) {
            return;
        }
        const open = requests.filter((requestId) => this.page.awaits(requestId));
        const { callbacks, failure } = delivery;
        const hasHandler = callbacks.size > 0;
        const why = whyNotAnswered({ failure, hasHandler, wrongId: this.wrongId });
        if (messages > 0 && (failure || !hasHandler)) {
            const what = messages === 1 ? 'a message' : `${messages} messages`;
            this.failures.tell(`${what} may not have been handled: ${why.message}`);
        }
        if (open.length > 0 && !this.mayAnswerLater(delivery)) {
            this.diagnostics.warn(why.message);
            for (const requestId of open) {
                this.settle({ type: 'answer', requestId, error: why });
            }
        }
    }

    /** Whether a callback beside these may still answer, such as one that a click triggers. */
    private mayAnswerLater({ callbacks, failure }: Delivery): boolean {
        const { slot } = this.component;
        if (failure || callbacks.size === 0 || !slot) {
            return false;
        }
        const answering = callbacksWithOutput(slot.store, slot.id, 'answer');
        return answering.some((callback) => !callbacks.has(callback));
    }

    /** What waits would be spent on requests that no callback sees. */
    private async waitForServer({ failure }: Delivery): Promise<void> {
        this.isServerAway = isServerAway(failure);
        if (this.isServerAway) {
            await this.serverWait.untilItAnswers(this.ending.signal);
            this.isServerAway = false;
        } else {
            this.serverWait.end();
        }
    }

    /** Nobody in the page waits for the answer to a request that was handed out. */
    private cancel(requestId: string): void {
        this.python.receive({ type: 'cancel', requestId });
        this.givenUp.add(requestId);
        if (this.givenUp.size > MOST_GIVEN_UP) {
            const [oldest] = this.givenUp;
            this.givenUp.delete(oldest);
        }
        if (this.current?.delete(requestId) && this.current.size === 0) {
            // Others need not wait for the callbacks of a request that does not count.
            this.deliverer.abandon();
        }
    }

    // From callbacks to the page

    /** Does what each entry of a value says that is written to a prop, and tells what is wrong. */
    private carryOut(
        prop: string,
        act: (entry: unknown, what: string) => void,
    ): (written: unknown) => void {
        return (written) => {
            const place = this.failures.begin();
            for (const [what, entry] of entriesOf(prop, written)) {
                try {
                    act(entry, what);
                } catch (error) {
                    this.failures.tell((error as Error).message, {}, place);
                }
            }
            this.failures.succeed(place);
        };
    }

    private send(entry: unknown, what: string): void {
        const { data, version } = readSending(entry, what);
        if (version === undefined) {
            this.python.send(data);
        } else {
            this.sendWithVersion(version, data);
        }
    }

    private answer(answer: TunnelAnswer): void {
        if ('requestId' in answer) {
            this.answerRequest(answer);
        } else if ('error' in answer) {
            const { message } = answer.error;
            throw new Error(
                `the receiver of the message with version ${answer.version} failed: ${message}`,
            );
        } else {
            this.sendWithVersion(answer.version, answer.data);
        }
    }

    private answerRequest(answer: Extract<TunnelAnswer, { requestId: string }>): void {
        const { requestId } = answer;
        if (this.page.awaits(requestId)) {
            this.settle({ type: 'answer', ...answer });
        } else if (!this.givenUp.has(requestId)) {
            this.wrongId = `the requestId ${JSON.stringify(requestId)}`;
            throw new Error(
                `an answer with ${this.wrongId} has no effect: no such request is waiting`,
            );
        }
    }

    private sendWithVersion(version: number, data: unknown): void {
        if (!this.python.sendWithVersion(version, data)) {
            this.stale.change();
        }
    }

    private settle(answer: Extract<Frame, { type: 'answer' }>): void {
        // It cannot be answered by its version any more.
        this.python.receive({ type: 'cancel', requestId: answer.requestId });
        this.page.receive(answer);
    }

    private makePythonEnd(): Endpoint {
        const python: Endpoint = new Endpoint({
            wake: () => {
                for (const frame of python.take()) {
                    this.page.receive(frame);
                }
            },
            obstacle: () => undefined,
            cancel: () => {},
            failed: () => {},
            newId,
        });
        // What arrives there goes to callbacks; they may answer by its version.
        python.onReceive(() => {});
        return python;
    }
}
