import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
    channelsAmong,
    checkChannel,
    checkPublished,
    dataForSubscriber,
    fdc3Data,
    fdc3ForSubscriber,
    publishedPaths,
    readChannel,
    readFdc3,
} from '../../../src/client/channel-values';
import { pathsDelta } from '../../../src/client/context-writes';

const INSTRUMENT = { id: { ticker: 'AAPL' } };
const ON_CHANNEL = {
    name: 'Red',
    meta: { color: 'red' },
    data: { price: 1, 'fdc3_fdc3&instrument': INSTRUMENT, 'fdc3_fdc3&contact': { name: 'Ann' } },
    latest_fdc3_type: 'fdc3&instrument',
};

const file = path.join(import.meta.dirname, '../../vectors/channels.json');
const vectors: Record<string, any[]> = JSON.parse(readFileSync(file, 'utf-8'));

describe('as Python processes do', () => {
    test.each(vectors.read)('reads $value', ({ value, data }) => {
        expect(readChannel('Red', value).data).toEqual(data);
        expect(readChannel('Red', value).meta).toEqual({});
    });

    test.each(vectors.publish)('publishes $data', ({ data, commands }) => {
        const paths = publishedPaths(data);
        expect(paths.length ? pathsDelta(paths).commands : []).toEqual(commands);
    });
});

test('channels are the contexts with the prefix', () => {
    expect(
        channelsAmong(['Market', '___channel___Red', '___window___x', '___channel___a b']),
    ).toEqual(['Red', 'a b']);
});

describe('the name of a channel', () => {
    test.each([
        [undefined, 'The name of a channel is a non-empty string, not nothing'],
        ['', 'The name of a channel is a non-empty string, not ""'],
        [7, 'The name of a channel is a non-empty string, not 7'],
        ['Rde', 'There is no channel "Rde": did you mean "Red"?'],
        ['Violet', 'There is no channel "Violet": known are "Red", "Green"'],
    ])('%j is refused', (name, message) => {
        expect(() => checkChannel(name, ['Red', 'Green'])).toThrow(message);
    });

    test('says where there are none', () => {
        expect(() => checkChannel('Red', [])).toThrow(
            'There is no channel "Red": there are no channels',
        );
    });
});

describe('reading', () => {
    test('a channel has name, meta and data, whatever else is in its context', () => {
        const value = { name: 'other', meta: { color: 'red' }, data: { a: 1 }, more: true };
        expect(readChannel('Red', value)).toEqual({
            name: 'Red',
            meta: { color: 'red' },
            data: { a: 1 },
        });
        expect(readChannel('Red', {})).toEqual({ name: 'Red', meta: {}, data: {} });
    });

    test('the FDC3 data published last is the key fdc3', () => {
        expect(readChannel('Red', ON_CHANNEL).data).toEqual({
            price: 1,
            'fdc3_fdc3&contact': { name: 'Ann' },
            fdc3: { type: 'fdc3.instrument', ...INSTRUMENT },
        });
    });

    test('the data stays as it is where the FDC3 data are gone', () => {
        const value = { ...ON_CHANNEL, data: { price: 1 } };
        expect(readChannel('Red', value).data).toEqual({ price: 1 });
    });

    test('one type of FDC3 data alone, also an earlier one', () => {
        const contact = { fdc3: { type: 'fdc3.contact', name: 'Ann' } };
        expect(readFdc3('Red', ON_CHANNEL, 'fdc3.contact').data).toEqual(contact);
        expect(readFdc3('Red', ON_CHANNEL, 'fdc3.country').data).toEqual({});
    });
});

describe('what subscribers get', () => {
    const fdc3 = { type: 'fdc3.instrument', ...INSTRUMENT };

    test('FDC3 data with the present value, and when it was published', () => {
        expect(dataForSubscriber(ON_CHANNEL, {})).toMatchObject({ price: 1, fdc3 });
        const delta = { data: { 'fdc3_fdc3&instrument': INSTRUMENT } };
        expect(dataForSubscriber(ON_CHANNEL, delta)).toMatchObject({ price: 1, fdc3 });
    });

    test('data as they are on the channel when something else was published', () => {
        expect(dataForSubscriber(ON_CHANNEL, { data: { price: 1 } })).toBe(ON_CHANNEL.data);
        expect(dataForSubscriber({ data: { a: 1 } }, {})).toEqual({ a: 1 });
    });

    test('one type: first what is there, then what is the latest', () => {
        const contact = { fdc3: { type: 'fdc3.contact', name: 'Ann' } };
        expect(fdc3ForSubscriber(ON_CHANNEL, {}, 'fdc3.contact', true)).toEqual(contact);
        expect(fdc3ForSubscriber(ON_CHANNEL, {}, 'fdc3.contact', false)).toBeUndefined();
        expect(fdc3ForSubscriber(ON_CHANNEL, {}, 'fdc3.instrument', false)).toEqual({ fdc3 });
        const other = { data: { price: 2 } };
        expect(fdc3ForSubscriber(ON_CHANNEL, other, 'fdc3.instrument', false)).toBeUndefined();
        expect(fdc3ForSubscriber(ON_CHANNEL, {}, 'fdc3.country', true)).toBeUndefined();
    });
});

describe('publishing', () => {
    test('sets a path for each top-level key', () => {
        expect(publishedPaths({ a: { b: 1 }, c: null })).toEqual([
            { path: 'data.a', value: { b: 1 } },
            { path: 'data.c', value: null },
        ]);
        expect(publishedPaths({})).toEqual([]);
    });

    test('FDC3 data say which type is the latest', () => {
        expect(publishedPaths(fdc3Data({ type: 'fdc3.instrument', ...INSTRUMENT }))).toEqual([
            { path: 'data.fdc3_fdc3&instrument', value: INSTRUMENT },
            { path: 'latest_fdc3_type', value: 'fdc3&instrument' },
        ]);
        expect(() => publishedPaths({ fdc3_a: {}, fdc3_b: {} })).toThrow(
            'FDC3 data of one type only can be published at once, not fdc3_a,fdc3_b',
        );
    });

    test.each([[undefined], [null], [{}], [{ type: '' }], [{ type: 1 }], [{ name: 'Ann' }]])(
        '%j is no FDC3 data',
        (context) => {
            expect(() => fdc3Data(context)).toThrow('FDC3 data is a dict with a "type"');
        },
    );

    test.each([
        [undefined, 'The data of a channel have to be a dict, not nothing'],
        [null, 'The data of a channel have to be a dict, not null'],
        ['a', 'The data of a channel have to be a dict, not "a"'],
        [[1], 'The data of a channel have to be a dict, not [1]'],
        [{ 'EUR.USD': 1 }, 'The data of a channel cannot have the key "EUR.USD": a dot would be'],
        [{ '': 1 }, 'The data of a channel have an empty key'],
    ])('%j is refused', (data, message) => {
        expect(() => checkPublished(data)).toThrow(message);
    });
});
