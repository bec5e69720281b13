import { describe, expect, test } from 'vitest';
import { type OfferFilter, readOfferFilter } from '../../../src/client/offer-filter';
import type { Offer } from '../../../src/client/offers';

const OFFER: Offer = {
    id: '1',
    server: { peerId: 'p', instance: 'i', application: 'Trades', user: 'ann' },
    method: {
        name: 'Quote',
        accepts: 'string symbol',
        returns: 'double price',
        displayName: 'Get a quote',
        description: 'The last price',
        objectTypes: ['Instrument', 'Party'],
        version: 3,
        supportsStreaming: false,
    },
    registration: 0,
};

const STREAM: Offer = { ...OFFER, method: { name: 'Ticks', supportsStreaming: true } };

test.each<[OfferFilter]>([
    [{}],
    [{ name: '' }],
    [{ name: 'qUOTE' }],
    [{ accepts: 'string symbol', returns: 'double price' }],
    [{ displayName: 'Get a quote', description: 'The last price', version: 3 }],
    [{ objectTypes: [] }],
    [{ objectTypes: ['Party'] }],
    [{ objectTypes: ['Party', 'Instrument'] }],
    [{ instance: { application: 'trades' } }],
    [{ instance: [{ application: 'Orders' }, { user: 'ann' }] }],
    [{ instance: { application: { regex: '^tr', flags: 'i' } } }],
    // A peer id changes with every login: the instance counts.
    [{ instance: { instance: 'i', peerId: 'another' } }],
    [{ streamsOnly: false }],
    [{ name: null, objectTypes: null, instance: null, streamsOnly: null } as any],
])('%j matches', (filter) => {
    expect(readOfferFilter(filter)(OFFER)).toBe(true);
});

test.each<[OfferFilter]>([
    [{ name: 'Quot' }],
    [{ accepts: 'String symbol' }],
    [{ displayName: 'get a quote' }],
    [{ version: 2 }],
    [{ objectTypes: ['Instrument', 'Client'] }],
    [{ instance: { application: 'Trades', user: 'bob' } }],
    [{ instance: [] }],
    [{ streamsOnly: true }],
    [{ name: 'Quote', version: 2 }],
])('%j does not match', (filter) => {
    expect(readOfferFilter(filter)(OFFER)).toBe(false);
});

test('streams match when only they are wanted, and otherwise, too', () => {
    expect(readOfferFilter({ streamsOnly: true })(STREAM)).toBe(true);
    expect(readOfferFilter({})(STREAM)).toBe(true);
    expect(readOfferFilter({ objectTypes: ['Party'] })(STREAM)).toBe(false);
});

describe('a filter that is wrong', () => {
    test.each<[any, string]>([
        [{ name: 5 }, 'name has to be a string, not 5'],
        [{ description: ['a'] }, 'description has to be a string, not ["a"]'],
        [{ version: '3' }, 'version has to be a number, not "3"'],
        [{ objectTypes: 'Party' }, 'objectTypes has to be a list of strings, not "Party"'],
        [{ objectTypes: [1] }, 'objectTypes has to be a list of strings, not [1]'],
        [{ streamsOnly: 'yes' }, 'streamsOnly has to be true or false, not "yes"'],
        [{ instance: 'best' }, 'instance has to be a dict or a list of dicts, not "best"'],
        [{ instance: [[]] }, 'instance has to be a dict or a list of dicts, not [[]]'],
        [{ nmae: 'Quote' }, 'The filter has an unknown key "nmae": did you mean "name"?'],
        [
            { instance: { user: { regxe: 'a' } } },
            'The pattern of the instance\'s user needs a "regex", a string, and has "regxe"',
        ],
        [
            { instance: { user: { regex: '(' } } },
            "The instance's user is not a valid regular expression: ",
        ],
    ])('%j is told', (filter, told) => {
        expect(() => readOfferFilter(filter)).toThrow(told);
    });
});
