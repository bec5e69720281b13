/** Whether a page is connected to its gateway, as whom, and why not. */

import type { Instance } from './instance';

export interface ConnectionStatus {
    /**
     * `connecting` until the first login; `disconnected` when a login failed or the connection was
     * lost, and the page tries again.
     */
    state: 'connecting' | 'connected' | 'disconnected';
    /** What went wrong last; null while all is well. */
    error: string | null;
    /** Whether somebody has to change something before the page can connect. */
    isLasting?: boolean;
    /** This page as others see it; each login changes its peerId. */
    instance?: Instance;
}

export type StatusListener = (status: ConnectionStatus) => void;

/** A problem that does not end by itself, however often the page tries again. */
export class LastingProblem extends Error {}

/** The status after something went wrong. */
export function disconnectedBy(reason: unknown): ConnectionStatus {
    const error = reason instanceof Error ? reason.message : String(reason);
    return {
        state: 'disconnected',
        error,
        ...(reason instanceof LastingProblem ? { isLasting: true } : {}),
    };
}

/** The present status of a connection, which also later listeners hear. */
export class LatestStatus {
    current: ConnectionStatus = { state: 'connecting', error: null };
    private readonly listeners = new Set<StatusListener>();

    tell(status: ConnectionStatus): void {
        this.current = status;
        for (const listener of [...this.listeners]) {
            listener(status);
        }
    }

    /** Calls `listener` with every status from the present one on; returns how to stop. */
    listen(listener: StatusListener): () => void {
        this.listeners.add(listener);
        listener(this.current);
        return () => this.listeners.delete(listener);
    }
}
