import { describe, expect, test } from 'vitest';
import { readTarget } from '../../../src/client/targets';

const SERVERS = [
    { peerId: 'p1', instance: 'i1', application: 'Trades', user: 'ann', pid: 17 },
    { peerId: 'p2', instance: 'i2', application: 'Prices', user: 'bob', pid: 18 },
    { peerId: 'p3', instance: 'i3', application: 'Trades-EU', user: undefined, pid: 19 },
];

function chosen(target: unknown, own = 'p2'): string[] {
    return readTarget(target)(SERVERS, own).map(({ peerId }) => peerId);
}

describe('words', () => {
    test.each([['best'], [undefined], [null]])('%s chooses the first server', (target) => {
        expect(chosen(target)).toEqual(['p1']);
    });

    test('the best of no servers is no server', () => {
        expect(readTarget('best')([], 'p1')).toEqual([]);
    });

    test('"all" chooses everybody', () => {
        expect(chosen('all')).toEqual(['p1', 'p2', 'p3']);
    });

    test('"skipMine" leaves out the caller', () => {
        expect(chosen('skipMine')).toEqual(['p1', 'p3']);
        expect(readTarget('skipMine')(SERVERS, undefined)).toHaveLength(3);
    });

    test.each([
        ['Best', 'best'],
        ['skipmine', 'skipMine'],
        ['skip_mine', 'skipMine'],
        ['everybody all', undefined],
    ])('%s names the word that is near', (target, meant) => {
        expect(() => chosen(target)).toThrow(
            `Unknown target ${JSON.stringify(target)}: ${meant ? `did you mean "${meant}"?` : 'use "best"'}`,
        );
    });

    test.each([['fastest'], [''], [7], [false], [['best']], [[null]]])(
        '%j is refused, with the words that are possible',
        (target) => {
            expect(() => chosen(target)).toThrow(
                `Unknown target ${JSON.stringify(target)}: use "best", "all", "skipMine", an instance or a list of instances`,
            );
        },
    );
});

describe('instances', () => {
    test('everybody who matches all that is given is chosen', () => {
        expect(chosen({ application: 'Trades' })).toEqual(['p1']);
        expect(chosen({ application: 'Trades', user: 'bob' })).toEqual([]);
        expect(chosen({})).toEqual(['p1', 'p2', 'p3']);
    });

    test('case does not matter', () => {
        expect(chosen({ application: 'tRADES', user: 'ANN' })).toEqual(['p1']);
    });

    test('numbers match as text', () => {
        expect(chosen({ pid: 18 })).toEqual(['p2']);
        expect(chosen({ pid: '18' })).toEqual(['p2']);
    });

    test('what is empty or a function does not count', () => {
        const filter = { user: null, machine: undefined, getMethods: () => [], peerId: 'p3' };
        expect(chosen(filter)).toEqual(['p3']);
    });

    test('a field that servers do not have matches none', () => {
        expect(chosen({ windowId: 'w1' })).toEqual([]);
    });

    test('the peerId counts alone, and not beside an instance, which outlives a reconnect', () => {
        expect(chosen({ peerId: 'p2' })).toEqual(['p2']);
        expect(chosen({ peerId: 'gone', instance: 'i2' })).toEqual(['p2']);
        expect(chosen({ peerId: 'gone', application: 'Prices' })).toEqual([]);
    });

    test('nor do fields that differ from one page to the other', () => {
        const seenElsewhere = { instance: 'i2', application: 'Prices', pid: 4711, isLocal: false };
        expect(chosen(seenElsewhere)).toEqual(['p2']);
        expect(chosen({ ...seenElsewhere, application: 'Trades' })).toEqual([]);
    });

    test('a list chooses everybody who matches one of them, once and in the order of the servers', () => {
        expect(chosen([{ user: 'bob' }, { instance: 'i1' }, { pid: 17 }])).toEqual(['p1', 'p2']);
        expect(() => chosen([])).toThrow('No server is meant: the target is an empty list');
    });
});

describe('patterns', () => {
    test('a RegExp matches a part of the value', () => {
        expect(chosen({ application: /^Trades/ })).toEqual(['p1', 'p3']);
        expect(chosen({ application: /trades/ })).toEqual([]);
    });

    test('a dict with regex does the same for Python', () => {
        expect(chosen({ application: { regex: '^Trades' } })).toEqual(['p1', 'p3']);
        expect(chosen({ application: { regex: '^trades$', flags: 'i' } })).toEqual(['p1']);
    });

    test('global and sticky expressions start anew for each server', () => {
        const everybody = ['p1', 'p2', 'p3'];
        expect(chosen({ application: /[a-z]+/gi })).toEqual(everybody);
        expect(chosen({ application: /[A-Z]/y })).toEqual(everybody);
        expect(chosen({ application: { regex: '[a-z]+', flags: 'gi' } })).toEqual(everybody);
        const remembering = /Trades/g;
        remembering.lastIndex = 3;
        expect(chosen({ application: remembering })).toEqual(['p1', 'p3']);
        expect(remembering.lastIndex).toBe(3);
    });

    test('patterns see numbers as text, and nothing where there is no value', () => {
        expect(chosen({ pid: /^1[78]$/ })).toEqual(['p1', 'p2']);
        expect(chosen({ user: /undefined|null/ })).toEqual([]);
        expect(chosen({ user: /.*/ })).toEqual(['p1', 'p2']);
    });

    test('a bad pattern is refused and the field named', () => {
        expect(() => chosen({ application: { regex: '(' } })).toThrow(
            /^The target's application is not a valid regular expression: /,
        );
        expect(() => chosen({ application: { regex: 'a', flags: 'q' } })).toThrow(
            /^The target's application is not a valid regular expression: /,
        );
    });

    test.each([
        [
            { regexp: '^T' },
            'The pattern of the target\'s user needs a "regex", a string, and has "regexp"',
        ],
        [
            { regex: 5 },
            'The pattern of the target\'s user needs a "regex", a string, and has "regex"',
        ],
        [
            { regex: '^T', flag: 'i' },
            'The pattern of the target\'s user has an unknown key "flag": did you mean "flags"?',
        ],
    ])('%j is not a valid pattern', (user, message) => {
        expect(() => chosen({ user })).toThrow(message);
    });

    test('a dict that an instance has among its values is not a pattern', () => {
        expect(chosen({ peerId: 'p1', location: { x: 1 } })).toEqual([]);
    });

    test('patterns and plain values hold together', () => {
        expect(chosen([{ application: /^Trades/, user: 'ann' }])).toEqual(['p1']);
    });
});
