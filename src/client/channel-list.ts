/** All channels with their data, for those who want to know. */

import { type ChannelValue, channelsAmong, contextOf, readChannel } from './channel-values';
import type { Channel } from './channels';
import type { ContextChange, Contexts } from './contexts';
import { Listeners } from './listeners';

/** Subscribed to every channel as long as somebody listens. */
export class ChannelList {
    private readonly contexts: Contexts;
    private readonly listeners = new Listeners<[Channel[]]>();
    private readonly subscriptions = new Map<string, () => void>();
    private readonly values = new Map<string, ChannelValue>();
    /** Undefined until they are known. */
    private names: string[] | undefined;
    private stopNames: (() => void) | undefined;

    constructor(contexts: Contexts) {
        this.contexts = contexts;
    }

    /** Calls `listener` with all channels, as soon as they are known and at each change. */
    listen(listener: (channels: Channel[]) => void): () => void {
        const stop = this.listeners.add(listener);
        if (this.stopNames === undefined) {
            this.stopNames = this.contexts.onNames((names) => this.follow(channelsAmong(names)));
        } else if (this.isComplete) {
            listener(this.read());
        }
        return () => {
            stop();
            this.endWithoutListeners();
        };
    }

    /** Whether the value of every channel has come. */
    private get isComplete(): boolean {
        return this.names?.every((name) => this.values.has(name)) ?? false;
    }

    private follow(names: string[]): void {
        const isSame = JSON.stringify(names) === JSON.stringify(this.names);
        this.names = names;
        for (const [name, stop] of this.subscriptions) {
            if (!names.includes(name)) {
                stop();
                this.subscriptions.delete(name);
                this.values.delete(name);
            }
        }
        for (const name of names.filter((each) => !this.subscriptions.has(each))) {
            this.subscriptions.set(name, () => {});
            const hear = ({ data, isDestroyed }: ContextChange) => {
                // That it is gone is told with the names.
                if (!isDestroyed) {
                    this.values.set(name, data);
                    this.tell();
                }
            };
            this.subscriptions.set(name, this.contexts.subscribe(contextOf(name), hear));
        }
        if (!isSame) {
            this.tell();
        }
    }

    private tell(): void {
        if (this.isComplete) {
            this.listeners.tell(this.read());
        }
    }

    private read(): Channel[] {
        return (this.names ?? []).map((name) =>
            readChannel(name, this.values.get(name) as ChannelValue),
        );
    }

    private endWithoutListeners(): void {
        if (this.listeners.size === 0) {
            this.stopNames?.();
            this.stopNames = undefined;
            for (const stop of this.subscriptions.values()) {
                stop();
            }
            this.subscriptions.clear();
            this.values.clear();
            this.names = undefined;
        }
    }
}
