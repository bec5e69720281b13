/**
 * What a channel is among contexts: one of a name that begins with a prefix, whose value is a dict
 * with "name", "meta" and "data". Data of FDC3 is in a key of `data` for each type, and beside
 * `data` is the type that was published last.
 */

import type { Channel } from './channels';
import { hint } from './keys';

const PREFIX = '___channel___';
const LATEST_TYPE = 'latest_fdc3_type';
const FDC3_PREFIX = 'fdc3_';

/** Why something that names no channel cannot be published. */
export const NO_CHANNEL = 'There is no channel to publish on: join one, or name one';

/** The value of the context of a channel, as whoever wrote it wrote it. */
export interface ChannelValue {
    name?: string;
    meta?: Record<string, any>;
    data?: Record<string, any>;
    [LATEST_TYPE]?: string;
}

/** The name of the context of a channel. */
export function contextOf(channel: string): string {
    return PREFIX + channel;
}

/** The channels among contexts. */
export function channelsAmong(contexts: readonly string[]): string[] {
    return contexts
        .filter((name) => name.startsWith(PREFIX))
        .map((name) => name.slice(PREFIX.length));
}

/**
 * The name of a channel that there is.
 *
 * @param known The channels that there are.
 * @throws Error where it is none of them.
 */
export function checkChannel(name: unknown, known: readonly string[]): string {
    if (typeof name !== 'string' || name === '') {
        throw new Error(
            `The name of a channel is a non-empty string, not ${JSON.stringify(name) ?? 'nothing'}`,
        );
    }
    if (!known.includes(name)) {
        const rest = known.length === 0 ? 'there are no channels' : hint(name, known);
        throw new Error(`There is no channel "${name}": ${rest}`);
    }
    return name;
}

/** A channel for whoever reads it: the FDC3 data that was published last is its key "fdc3". */
export function readChannel(name: string, value: ChannelValue): Channel {
    const { meta = {}, data = {}, [LATEST_TYPE]: latest } = value;
    const isThere = latest !== undefined && FDC3_PREFIX + latest in data;
    return { name, meta, data: isThere ? withFdc3(data, latest) : data };
}

/** The same with the FDC3 data of one type alone. */
export function readFdc3(
    name: string,
    { meta = {}, data = {} }: ChannelValue,
    type: string,
): Channel {
    const key = fdc3Key(type);
    return { name, meta, data: key in data ? { fdc3: { type, ...data[key] } } : {} };
}

/**
 * What a subscriber of all data gets, as io.Connect has it: what was published beside FDC3 data
 * comes without it.
 *
 * @param delta What was changed, by its top-level key.
 */
export function dataForSubscriber(value: ChannelValue, delta: ChannelValue): object {
    const { data = {}, [LATEST_TYPE]: latest } = value;
    const isAnother = delta.data !== undefined && !delta.data[FDC3_PREFIX + latest];
    return latest === undefined || isAnother ? data : withFdc3(data, latest);
}

/** What a subscriber of one type of FDC3 data gets; undefined where the change is of another. */
export function fdc3ForSubscriber(
    value: ChannelValue,
    delta: ChannelValue,
    type: string,
    isFirst: boolean,
): object | undefined {
    const key = fdc3Key(type);
    const published = value.data?.[key];
    const isAnother = delta.data !== undefined && !delta.data[key];
    const isLatest = isFirst || FDC3_PREFIX + value[LATEST_TYPE] === key;
    return published && !isAnother && isLatest ? { fdc3: { type, ...published } } : undefined;
}

/**
 * What is set in the context of a channel to publish data there, a path for each top-level key.
 *
 * @throws Error where it cannot be published.
 */
export function publishedPaths(data: unknown): { path: string; value: unknown }[] {
    const entries = Object.entries(checkPublished(data));
    const paths = entries.map(([key, value]) => ({ path: `data.${key}`, value }));
    const types = entries.map(([key]) => key).filter((key) => key.startsWith(FDC3_PREFIX));
    if (types.length > 1) {
        throw new Error(`FDC3 data of one type only can be published at once, not ${types}`);
    }
    const latest = types.map((key) => ({
        path: LATEST_TYPE,
        value: key.slice(FDC3_PREFIX.length),
    }));
    return [...paths, ...latest];
}

/**
 * Data that can be published on a channel.
 *
 * @throws Error where it is something else.
 */
export function checkPublished(data: unknown): Record<string, unknown> {
    if (data === null || typeof data !== 'object' || Array.isArray(data) || data instanceof Date) {
        throw new Error(
            `The data of a channel have to be a dict, not ${JSON.stringify(data) ?? 'nothing'}`,
        );
    }
    const wrong = Object.keys(data).find((key) => key === '' || key.includes('.'));
    if (wrong === '') {
        throw new Error('The data of a channel have an empty key');
    }
    if (wrong !== undefined) {
        throw new Error(
            `The data of a channel cannot have the key "${wrong}": a dot would be a way into ` +
                'another dict, so nest a dict, or choose another key',
        );
    }
    return data as Record<string, unknown>;
}

/**
 * An FDC3 context as data to publish.
 *
 * @throws Error where it is none.
 */
export function fdc3Data(context: unknown): Record<string, unknown> {
    const { type, ...rest } = (context ?? {}) as { type?: unknown };
    if (typeof type !== 'string' || type === '') {
        throw new Error('FDC3 data is a dict with a "type", such as "fdc3.instrument"');
    }
    return { [fdc3Key(type)]: rest };
}

/** What sets the data of a channel to none. */
export const CLEARING = [
    { path: 'data', value: {} },
    { path: LATEST_TYPE, value: null },
];

function fdc3Key(type: string): string {
    return FDC3_PREFIX + type.replace(/\./g, '&');
}

function withFdc3(data: Record<string, any>, latest: string): Record<string, any> {
    const { [FDC3_PREFIX + latest]: published, ...rest } = data;
    return { ...rest, fdc3: { type: latest.replace(/&/g, '.'), ...published } };
}
