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

    /**
     * What core has to hear before a frame that offers methods: that those are gone which it knows
     * by their ids. It would take no notice of their new definitions.
     */
    withdrawnBy(frame: Frame): Frame | undefined {
        if (frame.type !== 'methods-added') {
            return undefined;
        }
        const known = frame.methods
            .map(({ id }: Frame) => id)
            .filter((id: string) => this.numbers.has(key(frame.server_id, id)));
        return known.length > 0 ? { ...frame, type: 'methods-removed', methods: known } : undefined;
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
