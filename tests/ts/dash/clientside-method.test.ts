import { afterEach, expect, test } from 'vitest';
import { readClientsideHandler } from '../../../src/dash/clientside-handler';
import { ClientsideMethod } from '../../../src/dash/clientside-method';
import { LONGEST_QUEUE } from '../../../src/dash/queue';

afterEach(() => {
    (window as any).dash_clientside = undefined;
});

test('more invocations than may be under way are overloaded', () => {
    (window as any).dash_clientside = { math: { add: () => new Promise(() => {}) } };
    const handler = readClientsideHandler({ namespace: 'math', function_name: 'add' });
    const method = new ClientsideMethod({ warn: () => {}, missing: () => {} });
    method.settings = { returns: true, timeoutMs: 60_000 };
    const failures: object[] = [];
    const reply = { succeed: () => {}, fail: (error: object) => failures.push(error) };
    for (let n = 0; n <= LONGEST_QUEUE; n += 1) {
        method.handle(handler as any, {}, {}, reply);
    }
    expect(failures).toEqual([
        {
            message: `Overloaded: ${LONGEST_QUEUE} invocations are under way already`,
            interopType: 'Overloaded',
        },
    ]);
    method.close('The end');
    expect(failures).toHaveLength(LONGEST_QUEUE + 1);
});
