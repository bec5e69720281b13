import { describe, expect, test } from 'vitest';
import { readDefinition, readTimeout } from '../../../src/client/definition';

describe('readDefinition', () => {
    test('a string is the name', () => {
        expect(readDefinition('Sum')).toEqual({ name: 'Sum' });
    });

    test('all fields of a dict are kept', () => {
        const definition = {
            name: 'Sum',
            accepts: 'double a, double b',
            returns: 'double sum',
            displayName: 'Addition',
            description: 'Adds',
            objectTypes: ['Number'],
            version: 2,
            flags: { a: 1 },
            ours: true,
        };
        expect(readDefinition(definition)).toEqual(definition);
    });

    test('what is None in Python is left out', () => {
        const definition = {
            name: 'Sum',
            accepts: null,
            returns: undefined,
            objectTypes: null,
            version: null,
            flags: null,
        };
        const read = readDefinition(definition);
        expect(Object.keys(read)).toEqual(['name']);
    });

    test('the given dict is not changed', () => {
        const definition = Object.freeze({ name: 'Sum', accepts: null });
        expect(readDefinition(definition)).toEqual({ name: 'Sum' });
        expect(definition).toEqual({ name: 'Sum', accepts: null });
    });

    test.each([[undefined], [null], [7], [true], [['Sum']]])('%j is no definition', (value) => {
        expect(() => readDefinition(value)).toThrow(
            'The definition has to be the name of a method or a dict with a name',
        );
    });

    test.each([[''], [{}], [{ name: '' }], [{ name: null }], [{ name: 7 }], [{ name: ['Sum'] }]])(
        '%j has no name',
        (value) => {
            expect(() => readDefinition(value)).toThrow(
                'The definition needs a name, a non-empty string',
            );
        },
    );

    test('a name has at most 256 characters', () => {
        expect(readDefinition('n'.repeat(256)).name).toHaveLength(256);
        expect(() => readDefinition('n'.repeat(257))).toThrow('at most 256 characters');
    });

    test.each(['accepts', 'returns', 'displayName', 'description'])(
        '%s has to be a string',
        (field) => {
            expect(() => readDefinition({ name: 'Sum', [field]: 7 })).toThrow(
                `The ${field} of method Sum has to be a string`,
            );
        },
    );

    test.each([['Number'], [[1]], [[null]], [{}]])('%j are no objectTypes', (objectTypes) => {
        expect(() => readDefinition({ name: 'Sum', objectTypes })).toThrow(
            'The objectTypes of method Sum have to be a list of strings',
        );
    });

    test.each([['1'], [true], [[1]]])('%j is no version', (version) => {
        expect(() => readDefinition({ name: 'Sum', version })).toThrow(
            'The version of method Sum has to be a number',
        );
    });
});

describe('readTimeout', () => {
    test('a positive number is taken', () => {
        expect(readTimeout(20_000, 30_000)).toBe(20_000);
        expect(readTimeout(0.5, 30_000)).toBe(0.5);
    });

    test('what no timer can hold is the longest that one can', () => {
        expect(readTimeout(3_000_000_000, 30_000)).toBe(2_147_483_647);
    });

    test.each([
        [0],
        [-1],
        [Number.NaN],
        [Number.POSITIVE_INFINITY],
        ['20000'],
        [null],
        [undefined],
        [true],
    ])('%s falls back to the default', (value) => {
        expect(readTimeout(value, 30_000)).toBe(30_000);
    });
});
