import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_TYPES, SAID_BY_SERVERS, typeOfReason } from '../../../src/client/errors';

const file = path.join(import.meta.dirname, '../../vectors/errors.json');
const vectors: Record<string, any[]> = JSON.parse(readFileSync(file, 'utf-8'));

test('the types are those of the Python classes', () => {
    const told = ERROR_TYPES.map((type) => ({
        type,
        said_by_servers: SAID_BY_SERVERS.some((one) => one === type),
    }));
    const expected = vectors.types.map(({ type, said_by_servers }) => ({
        type,
        said_by_servers,
    }));
    expect(told).toEqual(expected);
});

test.each(vectors.reason_uris)('$reason_uri means $type', ({ reason_uri, type }) => {
    expect(typeOfReason(reason_uri)).toBe(type);
});

test.each([['somebody.elses.uri'], [''], [undefined]])('%s means nothing', (reason_uri) => {
    expect(typeOfReason(reason_uri)).toBeUndefined();
});
