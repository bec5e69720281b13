/** What a StreamPublish tells callbacks of its subscribers: who comes, who goes, who is there. */

import { NO_BRANCH, type StreamSubscription } from '../client/stream-subscribers';
import type { DashComponent } from './component';
import { StateProp } from './state-prop';

/** How many subscriptions are remembered after their end, to tell them from those that never were. */
const REMEMBERED = 1_000;

type EventName = 'subscriptionAdded' | 'subscriptionRemoved';

export class StreamAudience {
    private readonly component: DashComponent;
    private readonly present = new Map<string, StreamSubscription>();
    /** The ids of those that have ended last, the oldest first. */
    private readonly past = new Set<string>();
    private readonly states: Record<'subscriptions' | 'branches', StateProp>;
    /** The event before: the next one is told when its callbacks have ended. */
    private told: Promise<unknown> = Promise.resolve();
    private hasEnded = false;

    constructor(component: DashComponent) {
        this.component = component;
        // Callbacks of an event that comes with a layout would take it for another one.
        component.eventDeliverer('subscriptionAdded', false);
        component.eventDeliverer('subscriptionRemoved', false);
        this.states = {
            subscriptions: new StateProp(component.deliverer('subscriptions'), () =>
                [...this.present.values()].map(describe),
            ),
            branches: new StateProp(component.deliverer('branches'), () => this.branches()),
        };
    }

    add(subscription: StreamSubscription): void {
        this.present.set(subscription.id, subscription);
        this.tell('subscriptionAdded', subscription);
    }

    remove(subscription: StreamSubscription): void {
        const { id } = subscription;
        this.present.delete(id);
        this.past.add(id);
        if (this.past.size > REMEMBERED) {
            const [oldest] = this.past;
            this.past.delete(oldest);
        }
        this.tell('subscriptionRemoved', subscription);
    }

    /**
     * @returns The subscription of an id; undefined where it has ended.
     * @throws Error where there never was one.
     */
    find(id: string): StreamSubscription | undefined {
        const subscription = this.present.get(id);
        if (!subscription && !this.past.has(id)) {
            throw new Error(`there is no subscription ${JSON.stringify(id)}`);
        }
        return subscription;
    }

    /**
     * Puts right what a layout or a callback has brought in place of the lists.
     *
     * @param shown What the props hold.
     */
    show(shown: Record<'subscriptions' | 'branches', unknown>): void {
        for (const [prop, state] of Object.entries(this.states)) {
            const { lastValue } = this.component.deliverer(prop);
            if (lastValue !== undefined && shown[prop as keyof typeof shown] !== lastValue) {
                state.restore();
            }
        }
    }

    /** The component is gone. */
    end(): void {
        this.hasEnded = true;
        for (const state of Object.values(this.states)) {
            state.end();
        }
    }

    private tell(event: EventName, subscription: StreamSubscription): void {
        // The lists first, so that callbacks of the event find them as they are.
        this.states.subscriptions.change();
        if (subscription.branch !== NO_BRANCH) {
            this.states.branches.change();
        }
        const deliverer = this.component.deliverer(event);
        // One after the other: a subscriber has not gone before it is there.
        this.told = this.told.then(async () => {
            if (!this.hasEnded) {
                await deliverer.deliver(describe(subscription));
            }
        });
    }

    private branches(): { key: string; count: number }[] {
        const counts = new Map<string, number>();
        for (const { branch } of this.present.values()) {
            if (branch !== NO_BRANCH) {
                counts.set(branch, (counts.get(branch) ?? 0) + 1);
            }
        }
        return [...counts].map(([key, count]) => ({ key, count }));
    }
}

/** A subscription as callbacks see it. */
function describe({ id, arguments: given, branch, subscriber }: StreamSubscription) {
    return { subscriptionId: id, arguments: given, branch: branch || null, subscriber };
}
