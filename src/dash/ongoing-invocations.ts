/** The invocations of a MethodInvoke that are under way, and what callbacks write to cancel them. */

import { checkKeys } from '../client/keys';

/** How many invocations that have ended are told from those that never were. */
const MOST_ENDED = 1_000;

const KEYS = ['invocationId'] as const;

/** An invocation from its beginning to its end. */
export interface Ongoing {
    /** As its author gave it; null where there was none. */
    readonly invocationId: unknown;
    readonly signal: AbortSignal;
}

export class OngoingInvocations {
    private readonly all = new Map<Ongoing, AbortController>();
    /** The ids of those that have ended last. */
    private readonly ended = new Set<unknown>();

    begin(invocationId: unknown): Ongoing {
        const controller = new AbortController();
        const ongoing = { invocationId, signal: controller.signal };
        this.all.set(ongoing, controller);
        return ongoing;
    }

    end(ongoing: Ongoing): void {
        this.all.delete(ongoing);
        this.ended.add(ongoing.invocationId);
        if (this.ended.size > MOST_ENDED) {
            const [oldest] = this.ended;
            this.ended.delete(oldest);
        }
    }

    /**
     * Cancels what a callback wrote to `MethodInvoke.cancel`. To cancel what has ended is no
     * mistake: the click on a button crosses the result.
     *
     * @throws Error that says what is wrong with what was written; the rest of it is done.
     */
    cancel(written: unknown): void {
        if (typeof written === 'boolean') {
            for (const controller of written ? this.all.values() : []) {
                controller.abort();
            }
            return;
        }
        const unknown = readIds(written).filter((id) => !this.cancelById(id));
        if (unknown.length > 0) {
            const named = unknown.map((id) => JSON.stringify(id)).join(', ');
            throw new Error(`cancel: no invocation has the invocationId ${named}`);
        }
    }

    private cancelById(id: unknown): boolean {
        const meant = [...this.all].filter(([{ invocationId }]) => invocationId === id);
        for (const [, controller] of meant) {
            controller.abort();
        }
        return meant.length > 0 || this.ended.has(id);
    }
}

function readIds(written: unknown): unknown[] {
    return (Array.isArray(written) ? written : [written]).map((one) => {
        if (one === null || typeof one !== 'object' || Array.isArray(one)) {
            throw new Error(
                'cancel has to be a dict with an invocationId, a list of such dicts, or True for all that is under way',
            );
        }
        checkKeys('cancel', one, KEYS);
        if ((one.invocationId ?? null) === null) {
            throw new Error('cancel needs the invocationId that was given with invoke');
        }
        return one.invocationId;
    });
}
