// @vitest-environment jsdom

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeChecks } from '../../../src/client/signature';

interface Vector {
    accepts: string;
    schema: any;
    value: any;
    problems: string[];
}

// Not imported: a name such as __proto__ would not survive being made a module.
const file = path.join(import.meta.dirname, '../../vectors/signatures.json');
const VECTORS: Vector[] = JSON.parse(readFileSync(file, 'utf-8'));

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
