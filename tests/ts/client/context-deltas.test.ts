import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
    applyDelta,
    describe as describeDelta,
    differenceOf,
    frozen,
    shared,
} from '../../../src/client/context-deltas';

const file = path.join(import.meta.dirname, '../../vectors/context-deltas.json');
const vectors: any[] = JSON.parse(readFileSync(file, 'utf-8'));
const applied = vectors.filter((vector) => 'result' in vector);

/** As it comes from the gateway: nobody else has it. */
const fresh = <T>(value: T): T => JSON.parse(JSON.stringify(value));

test('the gateway passes most of the cases on', () => {
    expect(applied.length).toBeGreaterThan(vectors.length / 2);
});

test.each(applied)('$what', ({ value, delta, result }) => {
    const before = frozen(fresh(value));
    const { value: after, isChanged } = applyDelta(before, fresh(delta));
    expect(after).toEqual(result);
    expect(isChanged).toBe(!isDeepStrictEqual(value, result));
    expect(JSON.stringify(before)).toBe(JSON.stringify(value));
    expect(JSON.parse(JSON.stringify(after))).toEqual(result);
});

test.each(applied)('$what: made from nothing, and told without a fault', ({ value, delta }) => {
    applyDelta({}, fresh(delta));
    expect(describeDelta(fresh(delta), Object.keys(value))).toEqual({
        delta: expect.any(Object),
        removed: expect.any(Array),
    });
});

describe('what stays is shared', () => {
    const before: any = frozen({ big: { rows: [{ n: 1 }, { n: 2 }] }, small: 1, other: {} });

    test('a change copies the objects on its way only', () => {
        const commands = [{ type: 'set' as const, path: 'big.rows.1.n', value: 3 }];
        const after: any = applyDelta(before, { commands }).value;
        expect(after).toEqual({ ...before, big: { rows: [{ n: 1 }, { n: 3 }] } });
        expect(after.big.rows[0]).toBe(before.big.rows[0]);
        expect(after.other).toBe(before.other);
    });

    test.each([
        { commands: [{ type: 'set' as const, path: 'big.rows', value: [{ n: 1 }, { n: 2 }] }] },
        { commands: [{ type: 'remove' as const, path: 'missing' }] },
        { commands: [{ type: 'set' as const, path: 'missing' }] },
        { reset: { other: {}, small: 1, big: { rows: [{ n: 1 }, { n: 2 }] } } },
        { updated: { big: { rows: [{ n: 1 }, { n: 2 }] } } },
        { added: { small: 1 }, removed: ['missing'] },
        {},
    ])('what changes nothing gives the same object: %j', (delta) => {
        const { value, isChanged } = applyDelta(before, fresh(delta));
        expect(value).toBe(before);
        expect(isChanged).toBe(false);
    });

    test('what was not handed out is changed in its place', () => {
        const rows: Record<string, number> = {};
        const value = { rows, other: frozen({ a: 1 }) };
        const commands = [
            { type: 'set' as const, path: 'rows.a', value: 1 },
            { type: 'set' as const, path: 'other.a', value: 2 },
        ];
        const handedOut = value.other;
        const after: any = applyDelta(value, { commands }).value;
        expect(after).toBe(value);
        expect(after.rows).toBe(rows);
        expect(after).toEqual({ rows: { a: 1 }, other: { a: 2 } });
        expect(handedOut).toEqual({ a: 1 });
    });

    test('what callbacks are told of it does not change with the value', () => {
        const first = { commands: [{ type: 'set' as const, path: 'a', value: { x: 1, y: 1 } }] };
        const second = {
            commands: [
                { type: 'set' as const, path: 'a', value: { x: 2 } },
                { type: 'remove' as const, path: 'a.x' },
                { type: 'set' as const, path: 'a.z', value: 3 },
            ],
        };
        let { value } = applyDelta({}, first);
        const told = describeDelta(first, []).delta;
        value = applyDelta(value, second).value;
        const toldNext = describeDelta(second, ['a']).delta;
        expect(value).toEqual({ a: { z: 3 } });
        expect(told).toEqual({ a: { x: 1, y: 1 } });
        expect(toldNext).toEqual({ a: { x: null, z: 3 } });
    });

    test('a value that is told anew keeps the objects that are equal', () => {
        const after = shared(before, fresh({ ...before, small: 2 })) as any;
        expect(after.big).toBe(before.big);
        expect(after.other).toBe(before.other);
        expect(after).not.toBe(before);
    });

    test('a date is compared as what it says', () => {
        const dated = frozen({ at: new Date(5) });
        expect(shared(dated, { at: new Date(5) })).toBe(dated);
        expect(shared(dated, { at: new Date(6) })).toEqual({ at: new Date(6) });
    });
});

test('nothing that is handed out can be changed', () => {
    const commands = [
        { type: 'set' as const, path: 'a.b', value: { c: [{ d: 1 }] } },
        { type: 'set' as const, path: 'e.0', value: 1 },
    ];
    const delta = fresh({ commands });
    const after: any = frozen(applyDelta(frozen({ e: [] }), delta).value);
    const told: any = describeDelta(delta, []).delta;
    for (const object of [after, after.a, after.a.b.c, after.a.b.c[0], after.e, told, told.a.b]) {
        expect(Object.isFrozen(object)).toBe(true);
    }
});

describe('what callbacks are told', () => {
    test('is what was set, by its top-level key, and null where something was removed', () => {
        const commands = [
            { type: 'set' as const, path: 'a.b', value: 1 },
            { type: 'set' as const, path: 'a.c', value: 2 },
            { type: 'remove' as const, path: 'd' },
            { type: 'remove' as const, path: 'e.f' },
        ];
        expect(describeDelta({ commands }, [])).toEqual({
            delta: { a: { b: 1, c: 2 }, d: null, e: { f: null } },
            removed: ['d'],
        });
    });

    test('is the new value where all was replaced', () => {
        expect(describeDelta({ reset: { a: 1 } }, ['a', 'b'])).toEqual({
            delta: { a: 1 },
            removed: ['b'],
        });
    });

    test('is added and updated, apart from what was removed', () => {
        const delta = { added: { a: 1 }, updated: { b: 2 }, removed: ['c'] };
        expect(describeDelta(delta, [])).toEqual({ delta: { a: 1, b: 2 }, removed: ['c'] });
    });

    test('is the difference where nobody told how the value came about', () => {
        const before = frozen({ a: 1, b: { c: 1 }, d: 1 });
        const after = shared(before, { b: { c: 1 }, d: 2, e: 3 });
        expect(differenceOf(before, after)).toEqual({ delta: { d: 2, e: 3 }, removed: ['a'] });
    });
});
