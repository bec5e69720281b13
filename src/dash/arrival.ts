/** The connection to come, for what callbacks write before it is there. */

import { DEFAULT_TIMEOUT_MS } from '../client/deadlines';
import { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import type { Interop } from './interop-context';

export class Arrival {
    announce: (interop: Interop) => void = () => {};
    private readonly interop = new Promise<Interop>((resolve) => {
        this.announce = resolve;
    });

    /**
     * Waits as long as is given, and no longer once a lasting problem is known.
     *
     * @param signal Ends the wait when it is aborted.
     * @returns Words that say why there is no connection where it has not come.
     */
    async wait(timeoutMs: number, status: LatestStatus, signal?: AbortSignal): Promise<Interop> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<string>((resolve) => {
            const reason = `The page was not connected within ${timeoutMs} ms`;
            timer = setTimeout(() => resolve(because(reason, status)), timeoutMs);
        });
        let stop = () => {};
        const hopeless = new Promise<string>((resolve) => {
            stop = status.listen(
                ({ isLasting }) =>
                    isLasting && resolve(because('The page is not connected', status)),
            );
        });
        let abort = () => {};
        const aborted = new Promise<string>((resolve) => {
            abort = () => resolve('The page is not connected, and nobody waits any more');
            signal?.addEventListener('abort', abort);
        });
        return Promise.race([this.interop, late, hopeless, aborted]).finally(() => {
            clearTimeout(timer);
            stop();
            signal?.removeEventListener('abort', abort);
        });
    }

    /**
     * The page as a peer, as soon as it is connected; what asked first is answered first.
     *
     * @param present What is known by then; it counts before what has arrived.
     * @throws Error that says why there is no connection.
     */
    async client(present: () => Interop, status: LatestStatus): Promise<InteropClient> {
        const arrived = await this.wait(DEFAULT_TIMEOUT_MS, status);
        const interop = present() ?? arrived;
        if (!(interop instanceof InteropClient)) {
            throw new Error(interop);
        }
        return interop;
    }
}

/** Adds the reason why the page is not connected, where it is known. */
export function because(said: string, { current }: LatestStatus): string {
    return current.error === null ? said : `${said}: ${current.error}`;
}
