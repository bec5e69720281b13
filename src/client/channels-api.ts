/**
 * `io.channels` of a page without a library of its own, for scripts that are written for the
 * channels of io.Connect or Glue42: their names, arguments and callbacks.
 */

import {
    dataForSubscriber,
    fdc3Data,
    fdc3ForSubscriber,
    readChannel,
    readFdc3,
} from './channel-values';
import type { Channel } from './channels';
import type { ChannelListener, ContextChannels } from './context-channels';

type Callback = (data: any, context: any, updaterId: string | undefined) => void;

interface Fdc3Options {
    /** The one type of FDC3 data that is wanted. */
    contextType?: string;
}

interface PublishOptions {
    name?: string;
    /** Whether the data is an FDC3 context, with a "type". */
    fdc3?: boolean;
}

interface PathValue {
    path: string;
    value: unknown;
}

/** Scripts may hand its functions around. */
export class ChannelsApi {
    private readonly channels: ContextChannels;

    constructor(channels: ContextChannels) {
        this.channels = channels;
    }

    get mode(): string {
        return this.channels.mode;
    }

    // Which there are

    readonly all = async (): Promise<string[]> => this.channels.all();

    readonly list = (): Promise<Channel[]> => this.read(this.channels.all());

    readonly get = async (name: string, options?: Fdc3Options): Promise<Channel> => {
        const value = structuredClone(await this.channels.get(name));
        const type = options?.contextType;
        return type === undefined ? readChannel(name, value) : readFdc3(name, value, type);
    };

    readonly add = (definition: object): Promise<Channel> => this.channels.add(definition);

    readonly remove = (name: string): Promise<void> => this.channels.remove(name);

    // Membership

    readonly my = (): string | undefined => this.channels.my()[0];

    readonly current = this.my;

    readonly myChannels = (): string[] => this.channels.my();

    readonly getMy = async (options?: Fdc3Options): Promise<Channel | undefined> => {
        const [last] = this.channels.my().slice(-1);
        return last === undefined ? undefined : this.get(last, options);
    };

    readonly getMyChannels = (): Promise<Channel[]> => this.read(this.channels.my());

    readonly join = (name: string): Promise<void> => this.channels.join(name);

    /** @param options The name of one channel as "channel"; without it all are left. */
    readonly leave = (options?: { channel?: string }): Promise<void> =>
        this.channels.leave(options?.channel);

    readonly onChanged = (callback: (name: string | undefined) => void): (() => void) => {
        checkCallback(callback);
        return this.channels.onMembership((_, joined) => callback(joined));
    };

    readonly changed = this.onChanged;

    readonly onChannelsChanged = (callback: (names: string[]) => void): (() => void) => {
        checkCallback(callback);
        return this.channels.onMembership((names) => callback(names));
    };

    // Data

    /** Whatever channel the page is on. */
    readonly subscribe = (callback: Callback, options?: Fdc3Options): (() => void) => {
        checkCallback(callback);
        return this.channels.onChange(reader(callback, options));
    };

    readonly subscribeFor = async (
        name: string,
        callback: Callback,
        options?: Fdc3Options,
    ): Promise<() => void> => {
        checkCallback(callback);
        return this.channels.subscribe(name, reader(callback, options));
    };

    readonly publish = async (data: object, options?: string | PublishOptions): Promise<void> => {
        const { name, fdc3 } = typeof options === 'string' ? { name: options } : (options ?? {});
        await this.channels.publish(fdc3 ? fdc3Data(data) : data, name);
    };

    readonly setPath = (path: PathValue, name?: string): Promise<void> =>
        this.setPaths([path], name);

    /** Paths begin at the data. */
    readonly setPaths = (paths: PathValue[], name?: string): Promise<void> => {
        const inData = paths.map(({ path, value }) => ({ path: `data.${path}`, value }));
        return this.channels.setPaths(inData, name);
    };

    readonly clearChannelData = (name?: string): Promise<void> => this.channels.clear(name);

    private read(names: string[]): Promise<Channel[]> {
        return Promise.all(names.map((name) => this.get(name)));
    }
}

/** What a callback is given of each change: copies, as it may alter them. */
function reader(callback: Callback, options: Fdc3Options | undefined): ChannelListener {
    const type = options?.contextType;
    let isFirst = true;
    return (_, { data: value, delta, updaterId, isDestroyed }) => {
        if (isDestroyed) {
            return;
        }
        const context = structuredClone(value);
        const data =
            type === undefined
                ? dataForSubscriber(context, delta)
                : fdc3ForSubscriber(context, delta, type, isFirst);
        if (data !== undefined) {
            isFirst = false;
            callback(data, context, updaterId);
        }
    };
}

function checkCallback(callback: unknown): void {
    if (typeof callback !== 'function') {
        throw new Error('What listens to channels has to be a function');
    }
}
