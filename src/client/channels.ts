/**
 * Channels as the rest of the page knows them: named, coloured dicts that apps share. A page is on
 * one channel, on several or on none, hears what is published there, and publishes there itself.
 *
 * Two things implement this: `ContextChannels` on contexts, `LibraryChannels` in a page whose
 * library has channels of its own. What they hand out is shared with others, and with later values
 * of the same channel, so nobody may change it.
 */

/** Whether the page is on one channel at most, or on any number of them. */
export const CHANNEL_MODES = ['single', 'multi'] as const;

export type ChannelMode = (typeof CHANNEL_MODES)[number];

export interface Channel {
    name: string;
    /** At least the color, as CSS has it. */
    meta: Record<string, any>;
    data: Record<string, any>;
}

/** A channel that the page is on, as it is after its last change. */
export interface JoinedChannel extends Channel {
    /** The peer id of who has changed it last; undefined where that is not known. */
    updaterId: string | undefined;
    /** Whether this page has changed it last. */
    isMine: boolean;
}

export interface Channels {
    readonly mode: ChannelMode;
    /**
     * Changes the mode; a page on several channels that is to be on one stays on the last.
     *
     * @throws Error where it is no mode, or not for the page to choose.
     */
    setMode(mode: unknown): void;
    /** The names of the channels that the page is on, in the order of joining. */
    my(): string[];
    /**
     * Calls `listener` with the channels that the page is on, in the order of joining: now, at each
     * change of which ones they are, and at each change of one of them.
     */
    onMy(listener: (joined: JoinedChannel[]) => void): () => void;
    /** Calls `listener` with all channels, as soon as they are known and at each change. */
    onList(listener: (channels: Channel[]) => void): () => void;
    /**
     * Joins a channel, after all changes that were asked for before; in single mode it leaves the
     * one before. Resolves when the page is on it.
     */
    join(name: unknown): Promise<void>;
    /** Leaves a channel, or all of them, after all changes that were asked for before. */
    leave(name?: unknown): Promise<void>;
    /**
     * Sets top-level keys of the data of a channel, or of those that the page is on after all
     * changes that were asked for before; null removes a key.
     */
    publish(data: unknown, name?: unknown): Promise<void>;
}
