/** What a ChannelSelector shows, and what its user and callbacks choose. */

import type { Channel, Channels } from '../client/channels';
import { InteropClient } from '../client/interop-client';
import { canonicalText } from './canonical';
import type { DashComponent, Part } from './component';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { StateProp } from './state-prop';

/** What is shown. */
export interface ChannelView {
    /** All channels; the color is as CSS has it. */
    channels: readonly { name: string; color: string | undefined }[];
    /** The names of those that the page is on. */
    joined: readonly string[];
    isMulti: boolean;
    /** Whether the page has been connected. */
    isReady: boolean;
}

const NOTHING: ChannelView = { channels: [], joined: [], isMulti: false, isReady: false };

export class ChannelChoice implements Part {
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly deliverer: Deliverer;
    private readonly value: StateProp;
    private readonly listeners = new Set<() => void>();
    private shown: ChannelView = NOTHING;
    private interop: Interop;
    private stops: (() => void)[] = [];
    /** What was written before there was a connection; undefined where nothing was. */
    private awaited: unknown;
    /** The `value` that belongs to what is shown. */
    private valueOfView: unknown = null;

    constructor(component: DashComponent, diagnostics: Diagnostics) {
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.deliverer = component.deliverer('value');
        this.value = new StateProp(this.deliverer, () => this.valueOfView);
        warnOfWrites(component, diagnostics, ['error'], 'error');
    }

    // For React

    readonly subscribe = (listener: () => void): (() => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };

    readonly view = (): ChannelView => this.shown;

    /** Takes over the connection. */
    update(interop: Interop): void {
        if (interop === this.interop) {
            return;
        }
        this.interop = interop;
        this.disconnect();
        if (interop instanceof InteropClient) {
            this.connect(interop.channels);
        } else if (interop !== undefined) {
            this.error.tell(interop);
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        }
    }

    /** Takes over the `value` of the layout: where somebody else wrote it, it is a choice. */
    take(value: unknown): void {
        const { lastValue = null } = this.deliverer;
        if (canonicalText(value ?? null) === canonicalText(lastValue)) {
            return;
        }
        if (value === undefined) {
            // A layout has brought the component without it.
            this.value.restore();
        } else if (this.interop instanceof InteropClient) {
            this.choose(value);
        } else {
            this.awaited = value;
        }
    }

    /** Moves the page to channels: a name, a list of names, or null. */
    async choose(value: unknown): Promise<void> {
        if (!(this.interop instanceof InteropClient)) {
            return;
        }
        const { channels } = this.interop;
        try {
            await Promise.all(changes(channels, namesOf(value, channels)));
            this.error.tell(null);
        } catch (error) {
            const { message } = error as Error;
            this.diagnostics.warn(message);
            this.error.tell(message);
            this.value.restore();
        }
    }

    /** The component has left the layout; the page stays on its channels. */
    end(): void {
        this.disconnect();
        this.value.end();
    }

    private connect(channels: Channels): void {
        const { awaited } = this;
        const isAwaited = awaited !== undefined && awaited !== null;
        if (isAwaited && channels.mode === 'multi') {
            // That the page is on no channel yet is no news before it is on this one.
            this.valueOfView = [];
        }
        this.stops = [
            channels.onList((list) =>
                this.show(channels, { channels: list.map(colored), isReady: true }),
            ),
            channels.onMy((joined) =>
                this.show(channels, { joined: joined.map(({ name }) => name) }),
            ),
        ];
        this.awaited = undefined;
        if (isAwaited) {
            this.choose(awaited);
        }
    }

    private disconnect(): void {
        for (const stop of this.stops) {
            stop();
        }
        this.stops = [];
    }

    private show(channels: Channels, change: Partial<ChannelView>): void {
        const isMulti = channels.mode === 'multi';
        const view = { ...this.shown, ...change, isMulti };
        // Most changes of a channel are no change of what is shown.
        if (canonicalText(view) === canonicalText(this.shown)) {
            return;
        }
        this.shown = view;
        const value = isMulti ? view.joined : (view.joined[0] ?? null);
        if (canonicalText(value) !== canonicalText(this.valueOfView)) {
            this.valueOfView = value;
            this.value.change();
        }
        for (const listener of [...this.listeners]) {
            listener();
        }
    }
}

/** Whoever made the channel may have put anything there. */
function colored({ name, meta: { color } }: Channel): ChannelView['channels'][number] {
    return { name, color: typeof color === 'string' ? color : undefined };
}

function namesOf(value: unknown, { mode }: Channels): unknown[] {
    const names = Array.isArray(value) ? value : value === null || value === '' ? [] : [value];
    if (mode === 'single' && names.length > 1) {
        throw new Error(
            `value has ${names.length} channels, but the page can be on one: the mode is "single"`,
        );
    }
    return names;
}

/** The steps that bring the page to these channels; the channels take them in order. */
function changes(channels: Channels, wanted: unknown[]): Promise<void>[] {
    if (wanted.length === 0) {
        return [channels.leave()];
    }
    const left =
        channels.mode === 'multi' ? channels.my().filter((name) => !wanted.includes(name)) : [];
    return [
        ...wanted.map((name) => channels.join(name)),
        ...left.map((name) => channels.leave(name)),
    ];
}
