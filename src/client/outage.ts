/** How long after a login core may take to announce again what it had registered. */
const ANNOUNCE_TIMEOUT_MS = 5_000;

/**
 * An outage begins with the loss of the connection, and is over when core has announced again what
 * the page offers.
 */
export class Outage {
    /** Resolves when the present outage is over; undefined while there is none. */
    end: Promise<void> | undefined;
    private readonly listeners = new Set<() => void>();

    /** @param connection That of core; other libraries may have none. */
    constructor(connection: any) {
        connection?.disconnected?.(() => {
            this.end ??= untilAnnounced(connection).then(() => {
                this.end = undefined;
            });
            for (const listener of [...this.listeners]) {
                listener();
            }
        });
    }

    /** Calls `listener` whenever the connection is lost; returns how to stop. */
    onBegin(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
}

function untilAnnounced(connection: any): Promise<void> {
    return new Promise((resolve) => {
        const done = () => {
            stopAnnounced?.();
            stopConnected?.();
            resolve();
        };
        const stopAnnounced = connection.onLibReAnnounced?.(
            ({ name }: { name: string }) => name === 'interop' && done(),
        );
        const stopConnected = connection.connected?.(() => setTimeout(done, ANNOUNCE_TIMEOUT_MS));
    });
}
