/**
 * The `error` of a component that does what callbacks write to it: each failure is told once, also
 * one like that before, and it is None again when the next thing has succeeded.
 */

import type { DashComponent } from './component';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { nextSequence } from './sequence';

export class Failures {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly deliverer: Deliverer;
    private isTold = false;

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.deliverer = component.eventDeliverer('error', true);
    }

    /** @param details What else callbacks may want to know of it. */
    tell(message: string, details: object = {}): void {
        this.isTold = true;
        this.diagnostics.warnBeside('error', message);
        const sequence = nextSequence(this.component);
        this.deliverer.deliver({ message, ...details, sequence });
    }

    /** Something has succeeded. */
    clear(): void {
        if (this.isTold) {
            this.isTold = false;
            this.deliverer.deliver(null);
        }
    }
}
