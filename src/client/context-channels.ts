/** The channels of a page on its contexts: each channel is one, and membership is the page's. */

import { ChannelList } from './channel-list';
import {
    type ChannelValue,
    CLEARING,
    channelsAmong,
    checkChannel,
    checkPublished,
    contextOf,
    NO_CHANNEL,
    publishedPaths,
    readChannel,
} from './channel-values';
import {
    CHANNEL_MODES,
    type Channel,
    type ChannelMode,
    type Channels,
    type JoinedChannel,
} from './channels';
import { ContextConflict } from './context-errors';
import type { ContextChange, Contexts } from './contexts';
import { DEFAULT_TIMEOUT_MS } from './deadlines';
import { hint } from './keys';
import { Listeners } from './listeners';
import { Order } from './order';

/** Called with what happens on the channels that the page is on. */
export type ChannelListener = (name: string, change: ContextChange) => void;

/**
 * Called with the channels that the page is on when these are other ones.
 *
 * @param joined The one that was joined; undefined where one was left.
 */
export type MembershipListener = (names: string[], joined: string | undefined) => void;

/** Whoever is on a channel that is removed is on it again when it is made anew. */
interface Membership {
    name: string;
    /** Its last change, and the channel after it; undefined while there is none. */
    present: { change: ContextChange; channel: JoinedChannel } | undefined;
    stop: () => void;
}

export class ContextChannels implements Channels {
    private readonly contexts: Contexts;
    private readonly list: ChannelList;
    private readonly order = new Order();
    private readonly myListeners = new Listeners<[JoinedChannel[]]>();
    private readonly changeListeners = new Listeners<Parameters<ChannelListener>>();
    private readonly membershipListeners = new Listeners<Parameters<MembershipListener>>();
    private modeInUse: ChannelMode = 'single';
    private joined: Membership[] = [];

    constructor(contexts: Contexts) {
        this.contexts = contexts;
        this.list = new ChannelList(contexts);
    }

    get mode(): ChannelMode {
        return this.modeInUse;
    }

    setMode(mode: unknown): void {
        if (readMode(mode) === this.modeInUse) {
            return;
        }
        this.modeInUse = readMode(mode);
        // The same channels mean something else to those who listen.
        this.myListeners.tell(this.myChannels());
        this.order.run(async () => {
            if (this.modeInUse === 'single') {
                this.drop(this.joined.slice(0, -1));
            }
        });
    }

    /** The names of all channels that are known now. */
    all(): string[] {
        return channelsAmong(this.contexts.all());
    }

    async get(name: unknown): Promise<ChannelValue> {
        return this.contexts.get(contextOf(checkChannel(name, this.all())));
    }

    my(): string[] {
        return this.myChannels().map(({ name }) => name);
    }

    onMy(listener: (joined: JoinedChannel[]) => void): () => void {
        const stop = this.myListeners.add(listener);
        listener(this.myChannels());
        return stop;
    }

    onList(listener: (channels: Channel[]) => void): () => void {
        return this.list.listen(listener);
    }

    /**
     * Calls `listener` with each change of a channel that the page is on. What there is when it
     * joins one, or on those that it is on already, comes first.
     */
    onChange(listener: ChannelListener): () => void {
        const stop = this.changeListeners.add(listener);
        let isListening = true;
        const before = this.joined;
        queueMicrotask(() => {
            for (const { name, present } of before.filter((each) => this.joined.includes(each))) {
                if (isListening && present) {
                    listener(name, { ...present.change, delta: {}, removed: [] });
                }
            }
        });
        return () => {
            isListening = false;
            stop();
        };
    }

    onMembership(listener: MembershipListener): () => void {
        return this.membershipListeners.add(listener);
    }

    /** As `onChange` for one channel, whether the page is on it or not. */
    subscribe(name: unknown, listener: ChannelListener): () => void {
        const channel = checkChannel(name, this.all());
        return this.contexts.subscribe(contextOf(channel), (change) => listener(channel, change));
    }

    join(name: unknown): Promise<void> {
        return this.order.run(async () => {
            const channel = checkChannel(name, this.all());
            if (!this.joined.some((each) => each.name === channel)) {
                await this.enter(channel);
            }
        });
    }

    leave(name?: unknown): Promise<void> {
        return this.order.run(async () => {
            const channel = name ?? undefined;
            if (channel !== undefined) {
                const joined = this.joined.map((each) => each.name);
                checkChannel(channel, [...new Set([...this.all(), ...joined])]);
            }
            this.drop(this.joined.filter((each) => channel === undefined || each.name === channel));
        });
    }

    async publish(data: unknown, name?: unknown): Promise<void> {
        await this.setPaths(publishedPaths(data), name);
    }

    /** Sets what is at paths of a channel's context, or of those of all channels it is on. */
    async setPaths(paths: { path: string; value: unknown }[], name?: unknown): Promise<void> {
        const writes = await this.order.after(() => {
            const targets = this.targets(name ?? undefined).map(contextOf);
            return paths.length === 0
                ? []
                : targets.map((target) => this.contexts.setPaths(target, paths));
        });
        await Promise.all(writes);
    }

    /** Removes all data of a channel. */
    clear(name?: unknown): Promise<void> {
        return this.setPaths(CLEARING, name);
    }

    /**
     * Makes a channel.
     *
     * @param definition Its "name", its "meta" with at least a "color", and optionally its "data".
     */
    async add(definition: unknown): Promise<Channel> {
        const { name, meta, data } = (definition ?? {}) as Record<string, any>;
        if (typeof name !== 'string' || name === '') {
            throw new Error('A channel needs a "name", a non-empty string');
        }
        if (typeof meta?.color !== 'string' || meta.color === '') {
            throw new Error('A channel needs a "meta" with a "color", as CSS has it');
        }
        const channel = { name, meta, data: checkPublished(data ?? {}) };
        try {
            await this.contexts.create(contextOf(name), channel);
        } catch (error) {
            throw error instanceof ContextConflict
                ? new Error(`There is a channel "${name}" already`)
                : error;
        }
        return channel;
    }

    /** Removes a channel for all; whoever is on it is on none until it is made anew. */
    async remove(name: unknown): Promise<void> {
        await this.contexts.destroy(contextOf(checkChannel(name, this.all())));
    }

    private targets(name: unknown): string[] {
        if (name !== undefined) {
            return [checkChannel(name, this.all())];
        }
        if (this.my().length === 0) {
            throw new Error(NO_CHANNEL);
        }
        return this.my();
    }

    /** Resolves when the page is on the channel. */
    private enter(name: string): Promise<void> {
        return new Promise((resolve, reject) => {
            const membership: Membership = { name, present: undefined, stop: () => {} };
            const refuse = (reason: string) => {
                clearTimeout(timer);
                membership.stop();
                reject(new Error(`The channel "${name}" could not be joined: ${reason}`));
            };
            const timer = setTimeout(
                () => refuse(`its data have not come within ${DEFAULT_TIMEOUT_MS} ms`),
                DEFAULT_TIMEOUT_MS,
            );
            membership.stop = this.contexts.subscribe(contextOf(name), (change) => {
                if (this.joined.includes(membership)) {
                    this.hear(membership, change);
                } else if (change.isDestroyed) {
                    refuse('it was removed');
                } else {
                    clearTimeout(timer);
                    this.admit(membership, change);
                    resolve();
                }
            });
        });
    }

    private admit(membership: Membership, change: ContextChange): void {
        const left = this.modeInUse === 'single' ? this.joined : [];
        for (const { stop } of left) {
            stop();
        }
        this.joined = [...this.joined.filter((each) => !left.includes(each)), membership];
        this.hear(membership, change);
    }

    private hear(membership: Membership, change: ContextChange): void {
        const { name, present } = membership;
        membership.present = change.isDestroyed ? undefined : presentOf(name, change);
        this.myListeners.tell(this.myChannels());
        if (change.isDestroyed || !present) {
            this.membershipListeners.tell(this.my(), change.isDestroyed ? undefined : name);
        }
        if (!change.isDestroyed) {
            this.changeListeners.tell(name, change);
        }
    }

    private drop(left: Membership[]): void {
        if (left.length === 0) {
            return;
        }
        for (const { stop } of left) {
            stop();
        }
        this.joined = this.joined.filter((each) => !left.includes(each));
        this.myListeners.tell(this.myChannels());
        this.membershipListeners.tell(this.my(), undefined);
    }

    private myChannels(): JoinedChannel[] {
        return this.joined.flatMap(({ present }) => present?.channel ?? []);
    }
}

function presentOf(name: string, change: ContextChange): Membership['present'] {
    const { data, updaterId, isMine } = change;
    return { change, channel: { ...readChannel(name, data), updaterId, isMine } };
}

/** @throws Error where it is no mode. */
export function readMode(mode: unknown): ChannelMode {
    const known = CHANNEL_MODES.find((each) => each === mode);
    if (known === undefined) {
        throw new Error(
            `mode has to be "single" or "multi", not ${JSON.stringify(mode)}: ` +
                hint(String(mode), CHANNEL_MODES),
        );
    }
    return known;
}
