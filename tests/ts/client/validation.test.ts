import { beforeEach, describe, expect, test } from 'vitest';
import type { Handler } from '../../../src/client/serving';
import { type Mode, readMode, validated } from '../../../src/client/validation';
import { fakeReply } from '../support/fake-reply';

const ints = (name: string) => ({
    type: 'object',
    properties: { [name]: { title: name, type: 'integer' } },
    required: [name],
});

const DEFINITION = { name: 'Sum', accepts: 'int a', returns: 'int sum' };
const WRONG_ARGUMENT = 'Sum: argument a has to be an int, not a string';
const WRONG_RESULT = 'Sum: result field sum is missing';

const readSignature = async () => ({ accepts: ints('a'), returns: ints('sum') }) as any;

let warnings: string[];
let told: any[];
let handled: any[];

beforeEach(() => {
    warnings = [];
    told = [];
    handled = [];
});

/** Calls a handler that returns `result`. */
async function call(mode: Mode, args: any, result: any = { sum: 1 }, returns = true) {
    const handler: Handler = (given, _caller, reply) => {
        handled.push(given);
        reply.succeed(result);
    };
    const warn = (message: string) => warnings.push(message);
    const options = { mode, returns: () => returns, readSignature, warn };
    const checked = await validated(handler, DEFINITION, options);
    const succeed = (returned: any) => told.push({ returned });
    checked(args, {}, fakeReply({ succeed, fail: (error) => told.push({ error }) }));
}

test.each(['off', 'warn', 'strict'] as const)('what fits passes with %s', async (mode) => {
    await call(mode, { a: 1, more: true });
    expect([handled, told, warnings]).toEqual([
        [{ a: 1, more: true }],
        [{ returned: { sum: 1 } }],
        [],
    ]);
});

describe('arguments that do not fit', () => {
    test('pass with off', async () => {
        await call('off', { a: '1' });
        expect([told, warnings]).toEqual([[{ returned: { sum: 1 } }], []]);
    });

    test('pass with a warning with warn', async () => {
        await call('warn', { a: '1' });
        expect([told, warnings]).toEqual([[{ returned: { sum: 1 } }], [WRONG_ARGUMENT]]);
    });

    test('do not reach the handler with strict', async () => {
        await call('strict', { a: '1' });
        const error = { message: WRONG_ARGUMENT, interopType: 'InvalidArguments' };
        expect([handled, told, warnings]).toEqual([[], [{ error }], []]);
    });
});

describe('a result that does not fit', () => {
    test('passes with off', async () => {
        await call('off', { a: 1 }, {});
        expect([told, warnings]).toEqual([[{ returned: {} }], []]);
    });

    test('passes with a warning with warn', async () => {
        await call('warn', { a: 1 }, {});
        expect([told, warnings]).toEqual([[{ returned: {} }], [WRONG_RESULT]]);
    });

    test('is an error with strict, of which the author is warned, too', async () => {
        await call('strict', { a: 1 }, {});
        const error = { message: WRONG_RESULT, interopType: 'InvalidResult' };
        expect([handled.length, told, warnings]).toEqual([1, [{ error }], [WRONG_RESULT]]);
    });

    test('does not matter for a void method', async () => {
        await call('strict', { a: 1 }, {}, false);
        expect([told, warnings]).toEqual([[{ returned: {} }], []]);
    });
});

test('errors of the handler pass', async () => {
    const handler: Handler = (_args, _caller, reply) => reply.fail({ message: 'boom' });
    const mode = 'strict';
    const options = { mode, returns: () => true, readSignature, warn: () => {} } as const;
    const checked = await validated(handler, DEFINITION, options);
    checked({ a: 1 }, {}, fakeReply({ fail: (error) => told.push(error) }));
    expect(told).toEqual([{ message: 'boom' }]);
});

test.each([undefined, null, 'off'])('%s means off', (value) => {
    expect(readMode(value)).toBe('off');
});

test.each(['Strict', '', true, 1])('%j is not a valid mode', (value) => {
    expect(() => readMode(value)).toThrow(
        `validate has to be "off", "warn" or "strict", not ${JSON.stringify(value)}`,
    );
});
