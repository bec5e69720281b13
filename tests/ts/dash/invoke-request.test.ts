import { expect, test } from 'vitest';
import { InvocationError } from '../../../src/client/errors';
import { readInvoke } from '../../../src/dash/invoke-request';

test('all that a callback may write is read', () => {
    const invoke = {
        definition: 'Sum',
        argumentObj: { a: 1 },
        target: 'all',
        options: { methodResponseTimeoutMs: 5, waitTimeoutMs: 0 },
        invocationId: 'mine',
    };
    expect(readInvoke(invoke)).toEqual(invoke);
});

test.each([
    [{ definition: 'Sum' }],
    [{ definition: 'Sum', options: null, target: null, argumentObj: null }],
    [{ definition: 'Sum', options: { waitTimeoutMs: null, methodResponseTimeoutMs: null } }],
])('in %j is nothing wrong', (invoke) => {
    expect(readInvoke(invoke).definition).toBe('Sum');
});

test.each<[unknown, string]>([
    ['Sum', 'invoke has to be a dict with a definition'],
    [['Sum'], 'invoke has to be a dict with a definition'],
    [{}, 'invoke needs a definition: the name of a method or a dict with a name'],
    [
        { definition: 'Sum', arguments: {} },
        'invoke has an unknown key "arguments": did you mean "argumentObj"?',
    ],
    [{ definition: 'Sum', args: {} }, 'did you mean "argumentObj"?'],
    [{ defintion: 'Sum' }, 'invoke has an unknown key "defintion": did you mean "definition"?'],
    [
        { definition: 'Sum', nonsense: 1 },
        'invoke has an unknown key "nonsense": known are "definition", "argumentObj", "target", "options", "invocationId"',
    ],
    [
        { definition: 'Sum', options: { waitTimeout: 5 } },
        'options has an unknown key "waitTimeout": did you mean "waitTimeoutMs"?',
    ],
    [{ definition: 'Sum', options: 5 }, 'The options have to be a dict'],
    [{ definition: 'Sum', options: [5] }, 'The options have to be a dict'],
    [
        { definition: 'Sum', options: { waitTimeoutMs: 'soon' } },
        'waitTimeoutMs has to be a number of milliseconds, 0 or more, not "soon"',
    ],
    [
        { definition: 'Sum', options: { waitTimeoutMs: -1 } },
        'waitTimeoutMs has to be a number of milliseconds, 0 or more, not -1',
    ],
    [
        { definition: 'Sum', options: { methodResponseTimeoutMs: Number.NaN } },
        'methodResponseTimeoutMs has to be a positive number of milliseconds, not NaN',
    ],
])('%j is refused', (invoke, message) => {
    expect(() => readInvoke(invoke)).toThrow(message);
    expect(() => readInvoke(invoke)).toThrow(InvocationError);
    expect(typeOf(() => readInvoke(invoke))).toBe('InvalidInvoke');
});

function typeOf(read: () => unknown): unknown {
    try {
        return read();
    } catch (error) {
        return (error as InvocationError).type;
    }
}
