// @vitest-environment jsdom

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askSchemas, makeChecks } from '../../../src/client/signature';

interface Vector {
    accepts: string;
    schema: any;
    value: any;
    problems: string[];
}

// Not imported: a name such as __proto__ would not survive being made a module.
const file = path.join(import.meta.dirname, '../../vectors/signatures.json');
const VECTORS: Vector[] = JSON.parse(readFileSync(file, 'utf-8'));

const SCHEMAS = { accepts: { type: 'object' }, returns: null };
const fetching = vi.fn();
/** What has been asked is remembered: each test asks for a text of its own. */
let accepts: string;
let tests = 0;

beforeEach(() => {
    tests += 1;
    accepts = `int a${tests}`;
    fetching.mockReset().mockImplementation(async () => Response.json(SCHEMAS));
    vi.stubGlobal('fetch', fetching);
});

afterEach(() => vi.unstubAllGlobals());

describe('the Dash server', () => {
    test('is asked for the schemas of both texts', async () => {
        const returns = 'string? größe (a & b)';
        expect(await askSchemas({ name: 'Sum', accepts, returns })).toEqual(SCHEMAS);
        const url = new URL(fetching.mock.calls[0][0], 'http://page');
        expect(url.pathname).toBe('/_dash-interop/signature');
        expect(Object.fromEntries(url.searchParams)).toEqual({ accepts, returns });
        expect(fetching.mock.calls[0][1].signal).toBeInstanceOf(AbortSignal);
    });

    test.each([{}, { accepts: '', returns: '' }, { description: 'int a' }])(
        'is not asked about %j',
        (fields) => {
            expect(askSchemas({ name: 'Sum', ...fields })).toBeUndefined();
            expect(fetching).not.toHaveBeenCalled();
        },
    );

    test('is asked once about one text', async () => {
        const first = askSchemas({ name: 'Sum', accepts });
        const second = askSchemas({ name: 'Product', accepts });
        expect(await first).toBe(await second);
        await askSchemas({ name: 'Sum', accepts });
        expect(fetching).toHaveBeenCalledTimes(1);
        await askSchemas({ name: 'Sum', returns: accepts });
        expect(fetching).toHaveBeenCalledTimes(2);
    });

    test('that does not answer is an error, and is asked again', async () => {
        fetching.mockRejectedValueOnce(new TypeError('Failed to fetch'));
        await expect(askSchemas({ name: 'Sum', accepts })).rejects.toThrow(
            'The Dash server does not answer: Failed to fetch',
        );
        expect(await askSchemas({ name: 'Sum', accepts })).toEqual(SCHEMAS);
    });

    test('says what is malformed', async () => {
        const error = 'accepts: expected a name, found the end at character 4';
        fetching.mockImplementation(async () => Response.json({ error }));
        await expect(askSchemas({ name: 'Sum', accepts })).rejects.toThrow(error);
    });

    test('that does not know the question is an error with a hint', async () => {
        fetching.mockImplementation(async () => new Response('', { status: 405 }));
        await expect(askSchemas({ name: 'Sum', accepts })).rejects.toThrow(
            'answered 405 to _dash-interop/signature: import dash_interop before the app is made',
        );
    });
});

describe('a check', () => {
    test.each(VECTORS.map((vector) => [vector.accepts, vector.value, vector] as const))(
        'of %s says of %j what the one in Python says',
        async (_accepts, value, { schema, problems }) => {
            const checks = await makeChecks({ accepts: schema, returns: null });
            expect(checks.accepts(value).sort()).toEqual([...problems].sort());
            expect(checks.returns(value)).toEqual([]);
        },
    );

    test('calls the fields of a result so', async () => {
        const schema: any = VECTORS.find(({ accepts }) => accepts === 'int a')?.schema;
        const checks = await makeChecks({ accepts: null, returns: schema });
        expect(checks.returns({})).toEqual(['result field a is missing']);
        expect(checks.returns(5)).toEqual(['the result fields have to be a dict, not an int']);
        expect(checks.returns(undefined)).toEqual([
            'the result fields have to be a dict, not None',
        ]);
        expect(checks.accepts(5)).toEqual([]);
    });

    test('takes a Date for a datetime, and undefined for missing', async () => {
        const schema: any = VECTORS.find(({ accepts }) => accepts.startsWith('datetime a'))?.schema;
        const checks = await makeChecks({ accepts: schema, returns: null });
        expect(checks.accepts({ a: new Date(), b: new Date(1e15) })).toEqual([]);
        expect(checks.accepts({ a: undefined })).toEqual(['argument a is missing']);
    });
});
