import { describe, expect, test } from 'vitest';
import { readDefinition } from '../../../src/client/definitions';

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
            supportsStreaming: false,
            flags: { a: 1 },
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

    test.each([[undefined], [null], [7], [true], [['Sum']]])(
        '%j is not a valid definition',
        (value) => {
            expect(() => readDefinition(value)).toThrow(
                'The definition has to be the name of a method or a dict with a name',
            );
        },
    );

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

    test.each([
        ['acepts', 'did you mean "accepts"?'],
        ['display_name', 'did you mean "displayName"?'],
        ['handler', 'known are "name", "accepts", '],
    ])('a field that is called %s is refused', (key, hint) => {
        const definition = { name: 'Sum', [key]: 'double a' };
        expect(() => readDefinition(definition)).toThrow(
            `The definition has an unknown key "${key}": ${hint}`,
        );
    });

    test('functions of a method that was found by discovery do not count', () => {
        const method = { name: 'Sum', supportsStreaming: false, getServers: () => [] };
        expect(readDefinition(method)).toEqual({ name: 'Sum', supportsStreaming: false });
    });

    test.each([['a'], [[1]], [7], [true]])('%j are no flags', (flags) => {
        expect(() => readDefinition({ name: 'Sum', flags })).toThrow(
            'The flags of method Sum have to be a dict',
        );
    });

    test.each([['Number'], [[1]], [[null]], [{}]])('%j are no objectTypes', (objectTypes) => {
        expect(() => readDefinition({ name: 'Sum', objectTypes })).toThrow(
            'The objectTypes of method Sum have to be a list of strings',
        );
    });

    test.each([['1'], [true], [[1]]])('%j is not a valid version', (version) => {
        expect(() => readDefinition({ name: 'Sum', version })).toThrow(
            'The version of method Sum has to be a number',
        );
    });
});
