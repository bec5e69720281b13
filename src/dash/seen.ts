/** What a Discovery sees, as values of its props. */

import type { Discovery } from '../client/discovering';
import { InteropClient } from '../client/interop-client';
import type { OfferFilter } from '../client/offer-filter';
import type { DiscoveryEvent } from '../client/offers';
import { canonicalText } from './canonical';
import type { DashComponent, Part } from './component';
import type { Diagnostics } from './diagnostics';
import { type Interop, NO_ROOT } from './interop-context';
import { layoutEntry } from './renderer';
import { nextSequence } from './sequence';

const STATE = ['methods', 'servers'] as const;

export class Seen implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private interop: Interop;
    /** The present filter, as text. */
    private filter: string | undefined;
    private discovery: Discovery | undefined;
    /** Events that no callback has got yet. */
    private readonly waiting: (DiscoveryEvent & { sequence: number })[] = [];
    /** What was given to the props last, as text. */
    private readonly given = new Map<string, string>();
    /** The props whose callbacks run. */
    private readonly busy = new Set<string>();
    private isToDeliver = false;
    private hasEnded = false;

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        const events = component.eventDeliverer('events', false);
        const own = [events, ...[...STATE, 'error'].map((prop) => component.deliverer(prop))];
        for (const deliverer of own) {
            const warn = (value: unknown) => {
                if (value !== deliverer.lastValue) {
                    diagnostics.warn(
                        `its ${deliverer.prop} property is set by the library; what you wrote has no effect`,
                    );
                }
            };
            component.watch(deliverer.prop, warn, 'events');
        }
    }

    /** Takes over the present props. */
    update(interop: Interop, filter: OfferFilter): void {
        const text = JSON.stringify(filter, withPatterns);
        if (interop === this.interop && text === this.filter) {
            return;
        }
        this.connect(interop);
        this.filter = text;
        if (typeof interop === 'string') {
            this.report({ message: interop });
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        } else if (this.discovery) {
            this.see(this.discovery, filter);
        }
    }

    /** Gives the props back what they had where a layout has brought something else. */
    keep(): void {
        for (const prop of STATE) {
            if (!this.busy.has(prop) && canonicalText(this.held(prop)) !== this.given.get(prop)) {
                this.given.delete(prop);
                this.deliverSoon();
            }
        }
    }

    /** The component has left the layout. */
    end(): void {
        this.hasEnded = true;
        this.discovery?.stop();
    }

    private connect(interop: Interop): void {
        if (interop === this.interop) {
            return;
        }
        this.interop = interop;
        this.discovery?.stop();
        this.discovery =
            interop instanceof InteropClient
                ? interop.discover((events) => this.take(events))
                : undefined;
    }

    private see(discovery: Discovery, filter: OfferFilter): void {
        try {
            discovery.see(filter);
            this.report(null);
        } catch (error) {
            const { message } = error as Error;
            this.report({ message });
            this.diagnostics.fail(message);
        }
        this.deliverSoon();
    }

    private take(events: DiscoveryEvent[]): void {
        for (const event of events) {
            this.waiting.push({ ...event, sequence: nextSequence(this.component) });
        }
        this.deliverSoon();
    }

    /** At the end of what happens now, so that what happens together is told together. */
    private deliverSoon(): void {
        if (!this.isToDeliver) {
            this.isToDeliver = true;
            queueMicrotask(() => {
                this.isToDeliver = false;
                this.deliver();
            });
        }
    }

    /** What is seen comes first, so that it is there when the callbacks of the events run. */
    private deliver(): void {
        const { discovery } = this;
        if (!discovery || this.hasEnded) {
            return;
        }
        for (const prop of STATE) {
            this.give(prop, () => {
                const value = discovery[prop];
                const text = canonicalText(value);
                const isNew = text !== this.given.get(prop);
                this.given.set(prop, text);
                return isNew ? value : undefined;
            });
        }
        this.give('events', () => (this.waiting.length > 0 ? this.waiting.splice(0) : undefined));
    }

    /**
     * Gives a prop its next value, unless the callbacks of the one before still run.
     *
     * @param take The next value; undefined where there is none.
     */
    private async give(prop: string, take: () => unknown): Promise<void> {
        const value = this.busy.has(prop) ? undefined : take();
        if (value !== undefined) {
            this.busy.add(prop);
            await this.component.deliverer(prop).deliver(value);
            this.busy.delete(prop);
            this.deliver();
        }
    }

    /** What the layout has as a prop. */
    private held(prop: string): unknown {
        const { slot, path } = this.component;
        return slot && layoutEntry(slot.store, slot.id, path)?.props[prop];
    }

    /** Leaves the prop alone while nothing is or was wrong, so that no callback runs for that. */
    private report(error: { message: string } | null): void {
        const deliverer = this.component.deliverer('error');
        if (error || deliverer.lastValue) {
            deliverer.deliver(error);
        }
    }
}

/** A filter that a clientside callback writes may have regular expressions, which JSON has not. */
function withPatterns(_key: string, value: unknown): unknown {
    return value instanceof RegExp ? String(value) : value;
}
