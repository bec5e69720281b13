/** The requests of one end that have no answer yet. Each settles once. */

import type { RequestOptions } from '../../dash_interop/dash_interop.d.ts';
import { DEFAULT_TIMEOUT_MS, readTimeout } from '../client/deadlines';
import { checkKeys } from '../client/keys';
import { TunnelError } from './errors';
import { MOST_WAITING } from './outbox';

const OPTION_KEYS = ['timeoutMs', 'signal', 'newestOnly'] as const;

export interface RequestSettings {
    timeoutMs: number;
    signal: AbortSignal | undefined;
    newestOnly: boolean;
}

/** @throws Error where an option is not known, or cannot be used. */
export function readOptions(options: RequestOptions): RequestSettings {
    checkKeys('The options of a request', options, OPTION_KEYS);
    const { timeoutMs, signal, newestOnly } = options;
    return {
        timeoutMs: readTimeout('timeoutMs', timeoutMs, DEFAULT_TIMEOUT_MS),
        signal: signal ?? undefined,
        newestOnly: Boolean(newestOnly),
    };
}

interface Pending {
    resolve: (value: unknown) => void;
    reject: (reason: unknown) => void;
    /** Nothing ends it by itself any more. */
    stop: () => void;
    newestOnly: boolean;
}

export class Requests {
    private readonly pending = new Map<string, Pending>();
    private readonly giveUp: (requestId: string) => void;
    private readonly whyLate: (requestId: string, timeoutMs: number) => string;

    /**
     * @param giveUp Called when nobody waits for an answer any more.
     * @param whyLate Says why a request has no answer in time.
     */
    constructor(
        giveUp: (requestId: string) => void,
        whyLate: (requestId: string, timeoutMs: number) => string,
    ) {
        this.giveUp = giveUp;
        this.whyLate = whyLate;
    }

    /** @throws TunnelError where too many wait already. */
    checkRoom(): void {
        if (this.pending.size >= MOST_WAITING) {
            throw new TunnelError(
                'Overloaded',
                `Overloaded: ${MOST_WAITING} requests wait for their answers already`,
            );
        }
    }

    /** Waits for the answer to a request that is about to be sent. */
    add(requestId: string, settings: RequestSettings): Promise<unknown> {
        return new Promise((resolve, reject) => {
            const stop = this.limit(requestId, settings);
            const { newestOnly } = settings;
            this.pending.set(requestId, { resolve, reject, stop, newestOnly });
        });
    }

    /** Those of which only the newest counts are none any more. */
    supersede(): void {
        const earlier = [...this.pending].filter(([, { newestOnly }]) => newestOnly);
        for (const [requestId] of earlier) {
            const words = 'A newer request has been made, so the answer to this one does not count';
            this.cancel(requestId, new TunnelError('Superseded', words));
        }
    }

    has(requestId: string): boolean {
        return this.pending.has(requestId);
    }

    /** An answer that comes late, or twice, is nobody's. */
    succeed(requestId: string, value: unknown): void {
        this.remove(requestId)?.resolve(value);
    }

    fail(requestId: string, reason: unknown): void {
        this.remove(requestId)?.reject(reason);
    }

    /** Nothing is answered any more. */
    failAll(reason: unknown): void {
        for (const requestId of [...this.pending.keys()]) {
            this.fail(requestId, reason);
        }
    }

    private limit(requestId: string, { timeoutMs, signal }: RequestSettings): () => void {
        const timer = setTimeout(() => {
            const words = this.whyLate(requestId, timeoutMs);
            this.cancel(requestId, new TunnelError('Timeout', words));
        }, timeoutMs);
        const abort = () => this.cancel(requestId, signal?.reason);
        signal?.addEventListener('abort', abort);
        return () => {
            clearTimeout(timer);
            signal?.removeEventListener('abort', abort);
        };
    }

    private cancel(requestId: string, reason: unknown): void {
        this.fail(requestId, reason);
        this.giveUp(requestId);
    }

    private remove(requestId: string): Pending | undefined {
        const pending = this.pending.get(requestId);
        this.pending.delete(requestId);
        pending?.stop();
        return pending;
    }
}
