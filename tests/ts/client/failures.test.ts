import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SAID_BY_SERVERS } from '../../../src/client/errors';
import { libraryError, readFailure } from '../../../src/client/failures';

const file = path.join(import.meta.dirname, '../../vectors/errors.json');
const vectors: Record<string, any[]> = JSON.parse(readFileSync(file, 'utf-8'));

describe('what a server said', () => {
    test.each(vectors.contexts)('with $context is $type', ({ context, type, exception }) => {
        expect(readFailure(context)).toEqual(
            exception === undefined ? { type } : { type, exception },
        );
    });
});

test.each(SAID_BY_SERVERS)('the library says %s so that it is known from a handler', (type) => {
    const told = libraryError(type, 'No');
    expect(told).toEqual({ message: 'No', interopType: type });
    expect(readFailure(told)).toEqual({ type });
});
