/**
 * What a component tells callbacks of the things that happen, by props of which each is one kind
 * of event: every event once, and in the order in which they happened, whatever their kinds.
 */

import type { DashComponent } from './component';
import { nextSequence } from './sequence';

export class Events<Name extends string> {
    private readonly component: DashComponent;
    /** The event before: the next one is told when its callbacks have ended. */
    private told: Promise<unknown> = Promise.resolve();
    private hasEnded = false;

    constructor(component: DashComponent, names: readonly Name[]) {
        this.component = component;
        for (const name of names) {
            // Callbacks of an event that comes with a layout would take it for another one.
            component.eventDeliverer(name, false);
        }
    }

    tell(name: Name, event: object): void {
        const value = { ...event, sequence: nextSequence(this.component) };
        this.told = this.told.then(async () => {
            if (!this.hasEnded) {
                await this.component.deliverer(name).deliver(value);
            }
        });
    }

    /** The component is gone. */
    end(): void {
        this.hasEnded = true;
    }
}
