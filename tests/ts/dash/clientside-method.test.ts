import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readClientsideHandler } from '../../../src/dash/clientside-handler';
import { ClientsideMethod } from '../../../src/dash/clientside-method';
import { LONGEST_QUEUE } from '../../../src/dash/queue';
import { fakeReply } from '../support/fake-reply';

afterEach(() => {
    (window as any).dash_clientside = undefined;
});

test('more invocations than may be under way are overloaded', () => {
    (window as any).dash_clientside = { math: { add: () => new Promise(() => {}) } };
    const handler = readClientsideHandler({ namespace: 'math', function_name: 'add' });
    const method = new ClientsideMethod({ warn: () => {}, missing: () => {} });
    method.settings = { returns: true, timeoutMs: 60_000 };
    const failures: object[] = [];
    for (let n = 0; n <= LONGEST_QUEUE; n += 1) {
        const reply = fakeReply({ fail: (error) => failures.push(error) });
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

describe('what the function gets beside the arguments and the caller', () => {
    const told: any[] = [];
    const warnings: string[] = [];
    let given: { signal: AbortSignal; progress: (value: unknown) => void };
    let finish: (result: object) => void;
    let fail: (error: Error) => void;
    let caller: AbortController;
    let method: ClientsideMethod;

    beforeEach(() => {
        vi.useFakeTimers();
        told.length = warnings.length = 0;
        caller = new AbortController();
        method = new ClientsideMethod({
            warn: (message) => warnings.push(message),
            missing: () => {},
        });
        method.settings = { returns: true, timeoutMs: 1_000 };
        const add = (_args: any, _caller: any, more: any) => {
            given = more;
            return new Promise((resolve, reject) => {
                finish = resolve;
                fail = reject;
            });
        };
        (window as any).dash_clientside = { math: { add } };
    });

    afterEach(() => {
        vi.useRealTimers();
    });

    function call(): Promise<unknown> {
        const handler = readClientsideHandler({ namespace: 'math', function_name: 'add' });
        const reply = fakeReply({
            succeed: (result) => told.push({ result }),
            fail: (error) => told.push({ error }),
            progress: (value) => told.push({ progress: value }),
            cancelled: caller.signal,
        });
        method.handle(handler as any, {}, {}, reply);
        return vi.advanceTimersByTimeAsync(0);
    }

    test('tells the caller how far it is, and no more once it has returned', async () => {
        await call();
        given.progress(1);
        given.progress({ done: 2 });
        finish({ sum: 3 });
        await vi.advanceTimersByTimeAsync(0);
        given.progress(4);
        expect(told).toEqual([{ progress: 1 }, { progress: { done: 2 } }, { result: { sum: 3 } }]);
        expect(given.signal.aborted).toBe(false);
    });

    test('a caller that no longer waits aborts the signal, and hears no more', async () => {
        await call();
        caller.abort('left');
        expect(given.signal.reason).toMatchObject({ name: 'AbortError', message: 'left' });
        given.progress(1);
        fail(given.signal.reason);
        await vi.advanceTimersByTimeAsync(2_000);
        expect(told).toEqual([]);
        expect(warnings).toEqual([]);
        expect(vi.getTimerCount()).toBe(0);
    });

    test('the time of the method aborts it, too', async () => {
        await call();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(given.signal.reason.message).toBe('timeout');
        expect(told).toMatchObject([{ error: { interopType: 'Timeout' } }]);
    });

    test('so does the end of the component', async () => {
        await call();
        method.close('The end');
        expect(given.signal.reason.message).toBe('removed');
        expect(told).toEqual([
            { error: { message: 'The end', interopType: 'ServerGone', delivered: 'yes' } },
        ]);
    });

    test('who was told of the acceptance hears of nothing', async () => {
        method.settings = { returns: false, timeoutMs: 1_000 };
        await call();
        given.progress(1);
        expect(told).toEqual([{ result: {} }]);
    });
});
