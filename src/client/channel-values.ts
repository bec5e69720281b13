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

/** The value of the context of a channel. Whoever wrote it may have put anything there. */
export interface ChannelValue {
    name?: unknown;
    meta?: unknown;
    data?: unknown;
    [LATEST_TYPE]?: unknown;
}

type Dict = Record<string, any>;

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
    const data = dict(value.data);
    const key = latestKey(value);
    return { name, meta: dict(value.meta), data: key in data ? withFdc3(data, key) : data };
}

/** The same with the FDC3 data of one type alone. */
export function readFdc3(name: string, value: ChannelValue, type: string): Channel {
    const published = dict(value.data)[fdc3Key(type)];
    const data = published ? { fdc3: { type, ...published } } : {};
    return { name, meta: dict(value.meta), data };
}

/**
 * What a subscriber of all data gets, as io.Connect has it: what was published beside FDC3 data
 * comes without it.
 *
 * @param delta What was changed, by its top-level key.
 */
export function dataForSubscriber(value: ChannelValue, delta: ChannelValue): object {
    const data = dict(value.data);
    const key = latestKey(value);
    const isAnother = delta.data !== undefined && !dict(delta.data)[key];
    return key in data && !isAnother ? withFdc3(data, key) : data;
}

/** What a subscriber of one type of FDC3 data gets; undefined where the change is of another. */
export function fdc3ForSubscriber(
    value: ChannelValue,
    delta: ChannelValue,
    type: string,
    isFirst: boolean,
): object | undefined {
    const key = fdc3Key(type);
    const published = dict(value.data)[key];
    const isAnother = delta.data !== undefined && !dict(delta.data)[key];
    const isLatest = isFirst || latestKey(value) === key;
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

/** The key of the FDC3 data that was published last; "" where there is none. */
function latestKey(value: ChannelValue): string {
    const key = FDC3_PREFIX + value[LATEST_TYPE];
    const isThere = typeof value[LATEST_TYPE] === 'string' && isDict(dict(value.data)[key]);
    return isThere ? key : '';
}

function withFdc3(data: Dict, key: string): Dict {
    const { [key]: published, ...rest } = data;
    const type = key.slice(FDC3_PREFIX.length).replace(/&/g, '.');
    return { ...rest, fdc3: { type, ...published } };
}

function dict(value: unknown): Dict {
    return isDict(value) ? value : {};
}

function isDict(value: unknown): value is Dict {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
