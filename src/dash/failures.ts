/**
 * The `error` of a component that does what callbacks write to it: each failure is told once, also
 * one like that before, and it is None again when something has succeeded that was asked for later.
 */

import { Attempts } from './attempts';
import type { Diagnostics } from './diagnostics';
import type { Events } from './events';
import type { Progress } from './operations';

export class Failures implements Progress {
    private readonly events: Events;
    private readonly diagnostics: Diagnostics;
    private readonly attempts = new Attempts();
    private isTold = false;

    constructor(events: Events, diagnostics: Diagnostics) {
        this.events = events;
        this.diagnostics = diagnostics;
    }

    /** A value was written; returns its place. */
    begin(): number {
        return this.attempts.begin();
    }

    /**
     * @param details What else callbacks may want to know of it.
     * @param place Of the value that could not be carried out, where it is one.
     */
    tell(message: string, details: object = {}, place?: number): void {
        this.attempts.fail(place);
        this.isTold = true;
        this.diagnostics.warnBeside('error', message);
        this.events.tell('error', { message, ...details });
    }

    fail(place: number, operation: string, { message }: Error): void {
        this.tell(message, { operation }, place);
    }

    /** Something that the value of that place asked for has succeeded. */
    succeed(place: number): void {
        if (this.attempts.succeed(place) && this.isTold) {
            this.isTold = false;
            this.events.clearError();
        }
    }
}
