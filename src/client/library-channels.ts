/**
 * The channels of a page whose library has some: the platform decides which there are, which mode
 * is in use, and may move the page to another channel by itself.
 */

import { checkChannel, checkPublished, NO_CHANNEL } from './channel-values';
import type { Channel, ChannelMode, Channels, JoinedChannel } from './channels';
import { readMode } from './context-channels';
import { DEFAULT_TIMEOUT_MS, withTimeout } from './deadlines';
import { toError } from './errors';
import { Listeners } from './listeners';
import { Order } from './order';

/** Between the names of the channels in the one string that some platforms have for several. */
const SEPARATOR = '+++';

/** What libraries give to a subscriber. */
type Subscriber = (data: any, context: any, updaterId: string | undefined) => void;

export class LibraryChannels implements Channels {
    private readonly library: any;
    private readonly onNames: (listener: () => void) => () => void;
    private readonly ownPeerId: () => unknown;
    private readonly order = new Order();
    private readonly myListeners = new Listeners<[JoinedChannel[]]>();
    private readonly listListeners = new Listeners<[Channel[]]>();
    /** The channels that the page has heard of, as they were then. */
    private readonly heard = new Map<string, JoinedChannel>();
    private readonly listed = new Map<string, Channel | undefined>();
    private isHearing = false;

    /**
     * @param library Its `channels`.
     * @param onNames Calls a listener whenever there may be other channels.
     * @param ownPeerId The peer id of this page.
     */
    constructor(
        library: any,
        onNames: (listener: () => void) => () => void,
        ownPeerId: () => unknown,
    ) {
        this.library = library;
        this.onNames = onNames;
        this.ownPeerId = ownPeerId;
    }

    get mode(): ChannelMode {
        return this.library.mode === 'multi' ? 'multi' : 'single';
    }

    setMode(mode: unknown): void {
        if (readMode(mode) !== this.mode) {
            throw new Error(
                `mode cannot be "${mode}": the platform of this page decides, and has "${this.mode}"`,
            );
        }
    }

    my(): string[] {
        const { library } = this;
        const names = library.myChannels?.() ?? library.my?.() ?? library.current?.() ?? [];
        return Array.isArray(names) ? names : names.split(SEPARATOR).filter(Boolean);
    }

    onMy(listener: (joined: JoinedChannel[]) => void): () => void {
        const stop = this.myListeners.add(listener);
        this.hear();
        if (this.hasHeardAll()) {
            listener(this.joined());
        }
        return stop;
    }

    onList(listener: (channels: Channel[]) => void): () => void {
        const stop = this.listListeners.add(listener);
        if (this.listListeners.size > 1) {
            this.tellList();
        } else {
            const follow = () => this.follow().catch(console.error);
            this.onNames(follow);
            follow();
        }
        return stop;
    }

    join(name: unknown): Promise<void> {
        return this.order.run(async () => {
            const channel = checkChannel(name, await this.all());
            if (!this.my().includes(channel)) {
                await this.ask(`"${channel}" could not be joined`, () =>
                    this.library.join(channel),
                );
            }
        });
    }

    leave(name?: unknown): Promise<void> {
        return this.order.run(async () => {
            const channel = name ?? undefined;
            if (channel !== undefined) {
                checkChannel(channel, await this.all());
            }
            const left = this.my().filter((each) => channel === undefined || each === channel);
            if (left.length === 0) {
                return;
            }
            // Older libraries take something else than options there.
            const options = this.mode === 'multi' && channel !== undefined ? [{ channel }] : [];
            await this.ask(`${left} could not be left`, () => this.library.leave(...options));
        });
    }

    publish(data: unknown, name?: unknown): Promise<void> {
        return this.order.run(async () => {
            checkPublished(data);
            const channel = name ?? undefined;
            if (channel !== undefined) {
                checkChannel(channel, await this.all());
            } else if (this.my().length === 0) {
                throw new Error(NO_CHANNEL);
            }
            const target = channel === undefined ? [] : [channel];
            await this.ask('The data could not be published', () =>
                this.library.publish(data, ...target),
            );
        });
    }

    private all(): Promise<string[]> {
        return this.ask('The channels could not be listed', () => this.library.all());
    }

    /** What the library answers, in time and as an Error where it refuses. */
    private ask<T>(what: string, answer: () => Promise<T>): Promise<T> {
        const asked = Promise.resolve()
            .then(answer)
            .catch((reason) => {
                throw toError(reason);
            });
        return withTimeout(asked, DEFAULT_TIMEOUT_MS, what);
    }

    private hear(): void {
        if (this.isHearing) {
            return;
        }
        this.isHearing = true;
        const hear: Subscriber = (data, context, updaterId) => {
            const isMine = updaterId !== undefined && updaterId === this.ownPeerId();
            const { name, meta = {} } = context;
            this.heard.set(name, { name, meta, data: data ?? {}, updaterId, isMine });
            this.myListeners.tell(this.joined(name));
        };
        this.library.subscribe(hear);
        // Some platforms have one of these events only, and some tell of a channel with both.
        const change = () => this.forgetLeft();
        (this.library.onChanged ?? this.library.changed)?.call(this.library, change);
        this.library.onChannelsChanged?.(change);
    }

    private forgetLeft(): void {
        const names = this.my();
        const left = [...this.heard.keys()].filter((name) => !names.includes(name));
        for (const name of left) {
            this.heard.delete(name);
        }
        // The data of one that was joined are told when they come.
        if (left.length > 0 && this.hasHeardAll()) {
            this.myListeners.tell(this.joined());
        }
    }

    private hasHeardAll(): boolean {
        return this.my().every((name) => this.heard.has(name));
    }

    /** @param changed The channel whose data have just come. */
    private joined(changed?: string): JoinedChannel[] {
        const names = this.my();
        // A library may tell of the data of a channel before it says that the page is on it.
        const present = changed === undefined || names.includes(changed) ? names : [changed];
        return present.flatMap((name) => this.heard.get(name) ?? []);
    }

    private async follow(): Promise<void> {
        const names = await this.all();
        for (const name of [...this.listed.keys()].filter((each) => !names.includes(each))) {
            this.listed.delete(name);
        }
        for (const name of names.filter((each) => !this.listed.has(each))) {
            this.listed.set(name, undefined);
            const hear: Subscriber = (data, { meta = {} }) => {
                if (this.listed.has(name)) {
                    this.listed.set(name, { name, meta, data: data ?? {} });
                    this.tellList();
                }
            };
            await this.library.subscribeFor(name, hear);
        }
        this.tellList();
    }

    private tellList(): void {
        const channels = [...this.listed.values()].filter((channel) => channel !== undefined);
        if (channels.length === this.listed.size) {
            this.listListeners.tell(channels);
        }
    }
}
