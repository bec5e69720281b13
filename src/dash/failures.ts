/**
 * The `error` of a component that does what callbacks write to it: each failure is told once, also
 * one like that before, and it is None again when the next thing has succeeded.
 */

import type { Diagnostics } from './diagnostics';
import type { Events } from './events';

export class Failures {
    private readonly events: Events;
    private readonly diagnostics: Diagnostics;
    private isTold = false;

    constructor(events: Events, diagnostics: Diagnostics) {
        this.events = events;
        this.diagnostics = diagnostics;
    }

    /** @param details What else callbacks may want to know of it. */
    tell(message: string, details: object = {}): void {
        this.isTold = true;
        this.diagnostics.warnBeside('error', message);
        this.events.tell('error', { message, ...details });
    }

    /** Something has succeeded. */
    clear(): void {
        if (this.isTold) {
            this.isTold = false;
            this.events.clearError();
        }
    }
}
