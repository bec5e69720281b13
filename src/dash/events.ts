/**
 * What a component tells callbacks of the things that happen, by props of which each is one kind
 * of event: every event once, and in the order in which they happened, whatever their kinds. Its
 * `error` is one of them: None when the failure that was told last is past.
 */

import type { DashComponent } from './component';
import { nextSequence } from './sequence';

export class Events<Name extends string = never> {
    private readonly component: DashComponent;
    /** The event before: the next one is told when its callbacks have ended. */
    private told: Promise<unknown> = Promise.resolve();
    private hasEnded = false;

    constructor(component: DashComponent, names: readonly Name[]) {
        this.component = component;
        for (const name of [...names, 'error']) {
            // Callbacks of an event that comes with a layout would take it for another one.
            component.eventDeliverer(name, false);
        }
    }

    tell(name: Name | 'error', event: object): void {
        this.deliver(name, { ...event, sequence: nextSequence(this.component) });
    }

    clearError(): void {
        this.deliver('error', null);
    }

    /** The component is gone. */
    end(): void {
        this.hasEnded = true;
    }

    private deliver(name: string, value: object | null): void {
        this.told = this.told.then(async () => {
            if (!this.hasEnded) {
                await this.component.deliverer(name).deliver(value);
            }
        });
    }
}
