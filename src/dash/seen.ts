/** What a Discovery sees, as values of its props. */

import type { Discovery } from '../client/discovering';
import { InteropClient } from '../client/interop-client';
import type { OfferFilter } from '../client/offer-filter';
import type { DiscoveryEvent } from '../client/offers';
import { canonicalText } from './canonical';
import type { DashComponent, Part } from './component';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { nextSequence } from './sequence';
import { StateProp } from './state-prop';

const LISTS = ['methods', 'servers'] as const;
type List = (typeof LISTS)[number];

export class Seen implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly lists: Record<List, StateProp>;
    private readonly events: Deliverer;
    /** Events that no callback has got yet. */
    private readonly waiting: (DiscoveryEvent & { sequence: number })[] = [];
    private isDelivering = false;
    private interop: Interop;
    /** The present filter, as text. */
    private filter: string | undefined;
    private discovery: Discovery | undefined;

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.component = component;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.lists = { methods: this.list('methods'), servers: this.list('servers') };
        this.events = component.eventDeliverer('events', false);
        warnOfWrites(component, diagnostics, [...LISTS, 'events', 'error'], 'events');
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
            this.error.tell(interop);
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        } else if (this.discovery) {
            this.see(this.discovery, filter);
        }
    }

    /**
     * Puts right what a layout or a callback has brought in place of the lists.
     *
     * @param shown What the props hold.
     */
    show(shown: Partial<Record<List, unknown>>): void {
        for (const list of LISTS) {
            const { lastValue } = this.component.deliverer(list);
            if (this.discovery && !isEqual(shown[list], lastValue)) {
                this.lists[list].restore();
            }
        }
    }

    /** The component has left the layout. */
    end(): void {
        this.discovery?.stop();
        this.waiting.length = 0;
        for (const list of LISTS) {
            this.lists[list].end();
        }
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
            this.error.tell(null);
        } catch (error) {
            const { message } = error as Error;
            this.error.tell(message);
            this.diagnostics.fail(message);
        }
        // Where it sees nothing, the lists are empty ones from now on.
        this.change();
    }

    private take(events: DiscoveryEvent[]): void {
        for (const event of events) {
            this.waiting.push({ ...event, sequence: nextSequence(this.component) });
        }
        this.change();
        this.deliver();
    }

    /** The lists are told before the events, so that they are there when callbacks of these run. */
    private change(): void {
        for (const list of LISTS) {
            this.lists[list].change();
        }
    }

    /** A list with the same entries as before is no new state. */
    private list(name: List): StateProp {
        const deliverer = this.component.deliverer(name);
        return new StateProp(deliverer, () => {
            const present: unknown[] = this.discovery?.[name] ?? [];
            const before = deliverer.lastValue as unknown[] | undefined;
            const isSame =
                present.length === before?.length &&
                present.every((entry, index) => entry === before[index]);
            return isSame ? before : present;
        });
    }

    /** Hands all events that have come to the callbacks, whenever the run before has ended. */
    private async deliver(): Promise<void> {
        if (this.isDelivering) {
            return;
        }
        this.isDelivering = true;
        // What happens in this turn is one list.
        await Promise.resolve();
        while (this.waiting.length > 0) {
            await this.events.deliver(this.waiting.splice(0));
        }
        this.isDelivering = false;
    }
}

/** A filter that a clientside callback writes may have regular expressions, which JSON has not. */
function withPatterns(_key: string, value: unknown): unknown {
    return value instanceof RegExp ? String(value) : value;
}

/** Also where a callback got one of them as State and sent it back. */
function isEqual(one: unknown, other: unknown): boolean {
    return one === other || canonicalText(one) === canonicalText(other);
}
