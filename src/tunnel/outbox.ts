/** What waits until the other end takes it: first in, first out, and no more than a bound. */

import { TunnelError } from './errors';
import type { Frame } from './frames';

/** The most messages and requests that wait for the other end, or for somebody who listens. */
export const MOST_WAITING = 10_000;

export class Outbox {
    /** In their order; a frame is its own key, so that one from the middle can be taken back. */
    private readonly frames = new Set<Frame>();
    private readonly requests = new Map<string, Frame>();

    get size(): number {
        return this.frames.size;
    }

    /** @throws TunnelError where too many wait already. */
    checkRoom(): void {
        if (this.frames.size >= MOST_WAITING) {
            throw new TunnelError(
                'Overloaded',
                `Overloaded: ${MOST_WAITING} messages wait for the other side already`,
            );
        }
    }

    add(frame: Frame): void {
        this.frames.add(frame);
        if (frame.type === 'request') {
            this.requests.set(frame.requestId, frame);
        }
    }

    /** Takes the frames that have waited longest out of it. */
    take(most: number): Frame[] {
        const taken: Frame[] = [];
        for (const frame of this.frames) {
            if (taken.length >= most) {
                break;
            }
            this.remove(frame);
            taken.push(frame);
        }
        return taken;
    }

    holds(requestId: string): boolean {
        return this.requests.has(requestId);
    }

    /** Takes a request back; says whether it still waited. */
    withdraw(requestId: string): boolean {
        const frame = this.requests.get(requestId);
        if (frame) {
            this.remove(frame);
        }
        return frame !== undefined;
    }

    clear(): void {
        this.frames.clear();
        this.requests.clear();
    }

    private remove(frame: Frame): void {
        this.frames.delete(frame);
        if (frame.type === 'request') {
            this.requests.delete(frame.requestId);
        }
    }
}
