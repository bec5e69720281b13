import type { Frame } from './codec';

/**
 * The order in which methods were registered. The gateway stamps each method with a growing number,
 * which core does not keep.
 */
export class Registrations {
    private readonly numbers = new Map<string, number>();

    /** The place of a method among all registrations at the gateway; undefined where unknown. */
    of(peerId: string, methodId: string): number | undefined {
        return this.numbers.get(key(peerId, methodId));
    }

    /** Takes over what the gateway says of methods. */
    note(frame: Frame): void {
        if (frame.type === 'methods-added') {
            for (const { id, registration } of frame.methods) {
                this.numbers.set(key(frame.server_id, id), registration);
            }
        } else if (frame.type === 'methods-removed') {
            for (const id of frame.methods) {
                this.numbers.delete(key(frame.server_id, id));
            }
        }
    }

    /** The connection is lost: the next login tells all anew. */
    clear(): void {
        this.numbers.clear();
    }
}

function key(peerId: string, methodId: string): string {
    return `${peerId}/${methodId}`;
}
