import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DEFINITION_KEYS } from '../../../src/client/definitions';
import { checkKeys, hint, nearest } from '../../../src/client/keys';
import { SETTINGS_KEYS } from '../../../src/client/settings';
import { ANSWER_KEYS } from '../../../src/dash/answer';
import { INVOKE_KEYS, OPTION_KEYS } from '../../../src/dash/invoke-request';

const file = path.join(import.meta.dirname, '../../vectors/keys.json');
const vectors: any[] = JSON.parse(readFileSync(file, 'utf-8'));

const KNOWN: Record<string, readonly string[]> = {
    invoke: INVOKE_KEYS,
    options: OPTION_KEYS,
    definition: DEFINITION_KEYS,
    answer: ANSWER_KEYS,
    target: ['best', 'all', 'skipMine'],
    settings: SETTINGS_KEYS,
};

test.each(vectors)('$given among those of $known means $meant', ({ known, given, meant }) => {
    expect(nearest(given, KNOWN[known])).toBe(meant ?? undefined);
});

test('each known word is its own nearest', () => {
    for (const known of Object.values(KNOWN)) {
        expect(known.map((word) => nearest(word, known))).toEqual(known);
    }
});

test('the first unknown key is told with what was meant', () => {
    const definition = { name: 'Sum', acepts: '', retruns: '' };
    expect(() => checkKeys('The definition', definition, DEFINITION_KEYS)).toThrow(
        'The definition has an unknown key "acepts": did you mean "accepts"?',
    );
});

test('keys that resemble nothing are told with those there are', () => {
    expect(hint('x', ['one', 'two'])).toBe('known are "one", "two"');
});

test.each([[{}], [{ name: 'Sum' }]])('%j has no unknown key', (object) => {
    expect(() => checkKeys('The definition', object, DEFINITION_KEYS)).not.toThrow();
});
