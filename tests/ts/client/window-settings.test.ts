// @vitest-environment jsdom

import { describe, expect, test } from 'vitest';
import { featuresOf, readName, readOptions, readUrl } from '../../../src/client/window-settings';

function problem(read: () => unknown): string {
    try {
        read();
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error('it was taken');
}

describe('the address', () => {
    test.each([
        ['/news/', 'http://localhost:3000/news/'],
        ['?a=1', 'http://localhost:3000/?a=1'],
        ['https://example.com', 'https://example.com/'],
        ['about:blank', 'about:blank'],
    ])('%s is whole', (given, whole) => {
        expect(readUrl(given)).toBe(whole);
    });

    test.each([
        [undefined, 'A window needs a url'],
        ['', 'A window needs a url'],
        ['http://[', 'it is no valid address'],
        ['javascript:alert(1)', 'it has to begin with http or https'],
        ['data:text/html,x', 'it has to begin with http or https'],
    ])('%s is refused', (given, said) => {
        expect(problem(() => readUrl(given))).toContain(said);
    });
});

test('a name is a text', () => {
    expect(readName('News')).toBe('News');
    expect(problem(() => readName('  '))).toContain('A window needs a name');
    expect(problem(() => readName(5))).toContain('not 5');
});

describe('the options', () => {
    test('are taken without what is None', () => {
        expect(readOptions(null)).toEqual({});
        expect(readOptions({ width: 300, top: null, context: {} })).toEqual({
            width: 300,
            context: {},
        });
    });

    test.each([
        [[], 'The options have to be a dict, not []'],
        [{ widht: 300 }, 'did you mean "width"?'],
        [{ width: '300' }, 'width has to be a number of pixels, not "300"'],
        [{ left: Number.NaN }, 'left has to be a number'],
        [{ context: [1] }, 'The context has to be a dict, not [1]'],
    ])('%j are refused', (given, said) => {
        expect(problem(() => readOptions(given))).toContain(said);
    });

    test.each([
        [{}, ''],
        [{ context: {} }, ''],
        [{ width: 300.4 }, 'popup,width=300,height=400'],
        [{ left: 0, top: 10 }, 'popup,width=400,height=400,left=0,top=10'],
    ])('%j are the features %s', (options, features) => {
        expect(featuresOf(options)).toBe(features);
    });
});
