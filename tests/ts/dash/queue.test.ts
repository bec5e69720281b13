import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EndReason } from '../../../src/client/invocation-frames';
import { AnswerLost } from '../../../src/dash/lost-answers';
import {
    type Cancelled,
    type Invocation,
    InvocationQueue,
    LONGEST_QUEUE,
    type QueueSettings,
} from '../../../src/dash/queue';
import type { Delivery } from '../../../src/dash/triggered-runs';
import { fakeReply } from '../support/fake-reply';

const HANDLER: any = { inputs: ['m.invoke'], outputs: ['m.result'] };
const ANN = { application: 'ann', peerId: 'p1' };
const BOB = { application: 'bob', peerId: 'p2' };

/** The callbacks of a MethodRegister, as the queue sees them; the test says when they end. */
class FakeCallbacks {
    readonly delivered: (Invocation | Invocation[])[] = [];
    readonly warnings: string[] = [];
    /** What they were told of invocations for which nobody waits. */
    readonly toldCancelled: Cancelled[] = [];
    abandoned = 0;
    /** How many of their answers were dropped. */
    droppedAnswers = 0;
    /** Whether a callback that has not run writes to result, too. */
    othersMayAnswer = false;
    private resolve: ((delivery: Delivery) => void) | undefined;
    private ids = 0;

    deliver = (value: Invocation | Invocation[]): Promise<Delivery> => {
        expect(this.resolve).toBeUndefined();
        this.delivered.push(value);
        return new Promise((resolve) => {
            this.resolve = resolve;
        });
    };

    abandon = (): void => {
        this.abandoned += 1;
        this.end();
    };

    cancelled = (value: Cancelled): void => {
        this.toldCancelled.push(value);
    };

    dropped = (count: number): void => {
        this.droppedAnswers = count;
    };

    serverAnswers: () => void = () => {};
    isSlow = false;

    areCallbacksSlow = (): boolean => this.isSlow;

    untilServerAnswers = (signal: AbortSignal): Promise<void> =>
        new Promise((resolve) => {
            this.serverAnswers = resolve;
            signal.addEventListener('abort', () => resolve());
        });

    mayAnswerLater = (callbacks: Delivery['callbacks']): boolean => {
        expect(callbacks).toEqual(new Set([HANDLER]));
        return this.othersMayAnswer;
    };

    warn = (message: string): void => {
        this.warnings.push(message);
    };

    newId = (): string => {
        this.ids += 1;
        return `id-${this.ids}`;
    };

    /** The callbacks of the present value have ended. */
    async end(delivery: Partial<Delivery> = {}): Promise<void> {
        const { resolve } = this;
        this.resolve = undefined;
        resolve?.({ callbacks: new Set([HANDLER]), ...delivery });
        await flush();
    }

    get isRunning(): boolean {
        return this.resolve !== undefined;
    }
}

async function flush(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
        await Promise.resolve();
    }
}

const REMOVED = { message: 'removed', interopType: 'ServerGone', delivered: 'yes' };

let callbacks: FakeCallbacks;
let queue: InvocationQueue;
let told: Record<string, any>;

beforeEach(() => {
    vi.useFakeTimers();
    callbacks = new FakeCallbacks();
    told = {};
});

afterEach(() => {
    vi.useRealTimers();
});

function open(settings: Partial<QueueSettings> = {}): void {
    queue = new InvocationQueue(
        { returns: true, batch: false, timeoutMs: 1_000, ...settings },
        callbacks,
    );
}

/**
 * Someone calls; what they are told is kept under `name`, in a list, as it must come once.
 *
 * @returns How they give up.
 */
async function call(
    name: string,
    caller = ANN,
    budgetMs?: number,
): Promise<(reason: EndReason) => Promise<void>> {
    told[name] = [];
    const controller = new AbortController();
    const reply = fakeReply({
        succeed: (result) => told[name].push({ result }),
        fail: (error) => told[name].push({ error }),
        progress: (value) => told[name].push({ progress: value }),
        cancelled: controller.signal,
        budgetMs,
    });
    queue.enqueue({ name }, caller, reply);
    await flush();
    return async (reason) => {
        controller.abort(reason);
        await flush();
    };
}

/** The names of the calls that the callbacks have seen. */
function handled(): string[] {
    return callbacks.delivered.flat().map(({ args }) => args.name);
}

/** The callback returns a result for an invocation, and ends. */
async function answer(invocationId: string, invocationResult: unknown = {}): Promise<void> {
    queue.answer({ invocationId, invocationResult });
    await callbacks.end();
}

describe('a method that returns', () => {
    test('the callback gets id, arguments and caller, and nothing else', async () => {
        open();
        await call('a', BOB);
        expect(callbacks.delivered).toEqual([
            { invocationId: 'id-1', args: { name: 'a' }, caller: BOB },
        ]);
    });

    test('the caller gets what the callback answers', async () => {
        open();
        await call('a');
        expect(told.a).toEqual([]);
        queue.answer({ invocationId: 'id-1', invocationResult: { sum: 3 } });
        expect(told.a).toEqual([{ result: { sum: 3 } }]);
        await callbacks.end();
        expect(told.a).toHaveLength(1);
        expect(callbacks.warnings).toEqual([]);
    });

    test.each([
        [undefined, {}],
        [null, {}],
        [7, { _value: 7 }],
        [0, { _value: 0 }],
        ['text', { _value: 'text' }],
        [[1, 2], { _value: [1, 2] }],
        [{ a: null }, { a: null }],
    ])('the result %j reaches the caller as %j', async (invocationResult, result) => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', invocationResult });
        expect(told.a).toEqual([{ result }]);
    });

    test.each([
        ['result', { sum: 3 }, 'did you mean "invocationResult"?'],
        ['errors', { message: 'No' }, 'did you mean "error"?'],
        ['value', 3, 'known are "invocationId", "invocationResult", "error"'],
    ])('an answer whose %s is no known key is an error that names it', async (key, value, hint) => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', [key]: value });
        const message = `The handler's answer has an unknown key "${key}": ${hint}`;
        expect(told.a).toEqual([{ error: { message, interopType: 'InvalidResult' } }]);
        expect(callbacks.warnings).toEqual([message]);
    });

    test('a misspelt invocationId is told as such', async () => {
        open();
        await call('a');
        queue.answer({ invocationID: 'id-1', invocationResult: {} });
        expect(told.a).toEqual([]);
        expect(callbacks.warnings[0]).toBe(
            'The handler\'s answer has an unknown key "invocationID": did you mean "invocationId"?',
        );
    });

    test.each([
        [{ message: 'No such book' }, { message: 'No such book' }],
        [
            { message: 'No such book', type: 'LookupError', book: 7 },
            { message: 'No such book', type: 'LookupError', book: 7 },
        ],
        ['just text', { message: 'just text' }],
        [{}, { message: 'The handler failed without saying why' }],
        [{ message: 7 }, { message: '7' }],
        ['', { message: '' }],
    ])('the error %j reaches the caller as %j', async (given, error) => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', error: given, invocationResult: { ignored: 1 } });
        expect(told.a).toEqual([{ error }]);
    });

    test('an error that is None counts as no error', async () => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', error: null, invocationResult: { sum: 3 } });
        expect(told.a).toEqual([{ result: { sum: 3 } }]);
    });

    test('calls are handled one at a time, first in, first out', async () => {
        open();
        await call('a', ANN);
        await call('b', BOB);
        await call('c', ANN);
        expect(handled()).toEqual(['a']);
        queue.answer({ invocationId: 'id-1', invocationResult: { of: 'a' } });
        await flush();
        expect(handled()).toEqual(['a']);
        await callbacks.end();
        expect(handled()).toEqual(['a', 'b']);
        await answer('id-2', { of: 'b' });
        expect(handled()).toEqual(['a', 'b', 'c']);
        await answer('id-3', { of: 'c' });
        expect(told).toEqual({
            a: [{ result: { of: 'a' } }],
            b: [{ result: { of: 'b' } }],
            c: [{ result: { of: 'c' } }],
        });
        expect(vi.getTimerCount()).toBe(0);
    });

    test('a call after a pause is handled like the first', async () => {
        open();
        await call('a');
        await answer('id-1');
        await call('b');
        expect(handled()).toEqual(['a', 'b']);
    });
});

describe('time', () => {
    test('that is up while the callback runs is an error and frees the place', async () => {
        open();
        await call('a');
        await vi.advanceTimersByTimeAsync(999);
        await call('b');
        expect(told.a).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        expect(told.a).toEqual([
            {
                error: {
                    message: 'The handler did not answer within 1000 ms',
                    interopType: 'Timeout',
                },
            },
        ]);
        expect(callbacks.abandoned).toBe(1);
        expect(handled()).toEqual(['a', 'b']);
        expect(told.b).toEqual([]);
    });

    test('counts from the arrival, the wait for others included', async () => {
        open();
        await call('a');
        await vi.advanceTimersByTimeAsync(600);
        await call('b');
        await vi.advanceTimersByTimeAsync(400);
        expect(handled()).toEqual(['a', 'b']);
        await vi.advanceTimersByTimeAsync(599);
        expect(told.b).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        expect(told.b).toEqual([
            {
                error: {
                    message: 'The handler did not answer within 1000 ms',
                    interopType: 'Timeout',
                },
            },
        ]);
    });

    test('that is up before its turn is an error, and the callback never sees the call', async () => {
        open();
        await call('a');
        await call('b');
        queue.answer({ invocationId: 'id-1', invocationResult: {} });
        await vi.advanceTimersByTimeAsync(500);
        await call('c');
        await vi.advanceTimersByTimeAsync(500);
        expect(told.b).toEqual([
            {
                error: {
                    message: 'The invocation waited 1000 ms for its turn and was not run',
                    interopType: 'Timeout',
                },
            },
        ]);
        expect(callbacks.abandoned).toBe(0);
        await callbacks.end();
        expect(handled()).toEqual(['a', 'c']);
    });

    test('that is up for several at once is up before any of them has its turn', async () => {
        open();
        await Promise.all(['a', 'b', 'c', 'd'].map((name) => call(name)));
        await vi.advanceTimersByTimeAsync(1_000);
        expect(handled()).toEqual(['a']);
        for (const name of ['b', 'c', 'd']) {
            expect(told[name]).toEqual([
                {
                    error: {
                        message: 'The invocation waited 1000 ms for its turn and was not run',
                        interopType: 'Timeout',
                    },
                },
            ]);
        }
        await call('e');
        expect(handled()).toEqual(['a', 'e']);
    });

    test('of a call that is answered is over', async () => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', invocationResult: {} });
        await vi.advanceTimersByTimeAsync(60_000);
        expect(told.a).toEqual([{ result: {} }]);
        expect(callbacks.abandoned).toBe(0);
        expect(callbacks.isRunning).toBe(true);
    });

    test('is what the settings say when the call arrives', async () => {
        open();
        await call('a');
        queue.settings = { ...queue.settings, timeoutMs: 20_000 };
        await vi.advanceTimersByTimeAsync(1_000);
        expect(told.a).toHaveLength(1);
        await call('b');
        await vi.advanceTimersByTimeAsync(19_999);
        expect(told.b).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        expect(told.b[0].error.message).toContain('20000 ms');
    });
});

describe('answers that nobody waits for', () => {
    const noEffect = (what: string) =>
        `a result with ${what} has no effect: no such invocation is waiting for it`;

    test('a late answer is dropped with a warning and reaches no other caller', async () => {
        open();
        await call('a');
        await vi.advanceTimersByTimeAsync(500);
        await call('b', BOB);
        await vi.advanceTimersByTimeAsync(500);
        expect(handled()).toEqual(['a', 'b']);
        queue.answer({ invocationId: 'id-1', invocationResult: { of: 'a' } });
        expect(told.a).toHaveLength(1);
        expect(told.b).toEqual([]);
        expect(callbacks.warnings).toEqual([noEffect('the invocationId "id-1"')]);
        queue.answer({ invocationId: 'id-2', invocationResult: { of: 'b' } });
        expect(told.b).toEqual([{ result: { of: 'b' } }]);
    });

    test('a repeated answer is dropped with a warning', async () => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', invocationResult: { n: 1 } });
        queue.answer({ invocationId: 'id-1', invocationResult: { n: 2 } });
        expect(told.a).toEqual([{ result: { n: 1 } }]);
        expect(callbacks.warnings).toEqual([noEffect('the invocationId "id-1"')]);
    });

    test('a forged answer is dropped with a warning', async () => {
        open();
        await call('a');
        queue.answer({ invocationId: 'toString', invocationResult: { n: 1 } });
        queue.answer({ invocationId: { id: 'id-1' }, invocationResult: { n: 1 } });
        expect(told.a).toEqual([]);
        expect(callbacks.warnings).toEqual([
            noEffect('the invocationId "toString"'),
            noEffect('the invocationId {"id":"id-1"}'),
        ]);
    });

    test('a call that still waits cannot be answered', async () => {
        open();
        await call('a');
        await call('b');
        queue.answer({ invocationId: 'id-2', invocationResult: { n: 1 } });
        expect(told.b).toEqual([]);
        expect(callbacks.warnings).toEqual([noEffect('the invocationId "id-2"')]);
    });

    test.each([[{}], [{ invocationResult: {} }], ['text'], [7], [null]])(
        'an answer without an id, such as %j, is dropped with a warning',
        async (result) => {
            open();
            await call('a');
            queue.answer(result);
            expect(told.a).toEqual([]);
            expect(callbacks.warnings).toEqual([noEffect('no invocationId')]);
        },
    );

    test('an answer when nobody calls is dropped with a warning', () => {
        open();
        queue.answer({ invocationId: 'id-1', invocationResult: {} });
        expect(callbacks.warnings).toHaveLength(1);
    });
});

describe('a callback that ends without the answer', () => {
    async function errorAfter(end: () => unknown): Promise<string> {
        open();
        await call('a');
        await call('b');
        await end();
        await flush();
        expect(told.a).toHaveLength(1);
        expect(told.a[0].error.interopType).toBe('NoResult');
        expect(callbacks.warnings).toContain(told.a[0].error.message);
        expect(handled()).toEqual(['a', 'b']);
        return told.a[0].error.message;
    }

    test('with no result is an error at once, and the queue goes on', async () => {
        expect(await errorAfter(() => callbacks.end())).toBe('The handler returned no result');
    });

    test('with a wrong id is an error when it has ended, and not before', async () => {
        const message = await errorAfter(() => {
            queue.answer({ invocationId: 'wrong', invocationResult: {} });
            expect(told.a).toEqual([]);
            return callbacks.end();
        });
        expect(message).toBe(
            'The handler answered with the invocationId "wrong" instead of the invocation\'s invocationId',
        );
    });

    test('without an id is an error that says so', async () => {
        const message = await errorAfter(() => {
            queue.answer({ invocationResult: {} });
            return callbacks.end();
        });
        expect(message).toBe(
            "The handler answered with no invocationId instead of the invocation's invocationId",
        );
    });

    test('with an exception is an error at once', async () => {
        callbacks.othersMayAnswer = true;
        const failure = { error: new Response(null, { status: 500 }), payload: null };
        expect(await errorAfter(() => callbacks.end({ failure }))).toBe(
            'The Dash server answered the callback with 500: its log says why',
        );
    });

    test('that does not exist is an error at once', async () => {
        callbacks.othersMayAnswer = true;
        expect(await errorAfter(() => callbacks.end({ callbacks: new Set() }))).toBe(
            'The method has no handler: no callback has its invoke property as Input',
        );
    });

    test('a wrong id is not held against the next call', async () => {
        open();
        await call('a');
        await call('b');
        queue.answer({ invocationId: 'wrong', invocationResult: {} });
        await callbacks.end();
        await callbacks.end();
        expect(told.b[0].error.message).toBe('The handler returned no result');
    });

    test('an exception after the answer changes nothing', async () => {
        open();
        await call('a');
        queue.answer({ invocationId: 'id-1', invocationResult: { sum: 3 } });
        await callbacks.end({ failure: {} });
        expect(told.a).toEqual([{ result: { sum: 3 } }]);
        expect(callbacks.warnings).toEqual([]);
    });
});

describe('an answer by another callback', () => {
    beforeEach(async () => {
        open();
        callbacks.othersMayAnswer = true;
        await call('a');
        await vi.advanceTimersByTimeAsync(100);
        await call('b');
        await callbacks.end();
    });

    test('is waited for when the first one has ended', async () => {
        expect(told.a).toEqual([]);
        expect(handled()).toEqual(['a']);
        queue.answer({ invocationId: 'id-1', invocationResult: { clicked: true } });
        await flush();
        expect(told.a).toEqual([{ result: { clicked: true } }]);
        expect(handled()).toEqual(['a', 'b']);
    });

    test('is waited for until the time is up', async () => {
        await vi.advanceTimersByTimeAsync(900);
        expect(told.a[0].error).toEqual({
            message: 'The handler did not answer within 1000 ms',
            interopType: 'Timeout',
        });
        expect(handled()).toEqual(['a', 'b']);
    });

    test('is waited for until the component goes', async () => {
        queue.close('removed');
        expect(told.a).toEqual([{ error: REMOVED }]);
        expect(told.b).toEqual([{ error: { ...REMOVED, delivered: 'no' } }]);
        await call('c');
        expect(handled()).toEqual(['a', 'c']);
    });
});

describe('a void method', () => {
    beforeEach(() => open({ returns: false }));

    test('a call is acknowledged when it is accepted, while others still run', async () => {
        await call('a');
        await call('b');
        expect(told).toEqual({ a: [{ result: {} }], b: [{ result: {} }] });
        expect(handled()).toEqual(['a']);
    });

    test('the callback sees every one of a burst, in order, with an id', async () => {
        for (let n = 0; n < 20; n += 1) {
            call('same');
        }
        await flush();
        for (let n = 0; n < 20; n += 1) {
            await callbacks.end();
        }
        expect(handled()).toHaveLength(20);
        const ids = callbacks.delivered.map((one) => (one as Invocation).invocationId);
        expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => `id-${n + 1}`));
    });

    test('has no time limit', async () => {
        await call('a');
        await call('b');
        expect(vi.getTimerCount()).toBe(0);
        await vi.advanceTimersByTimeAsync(60_000);
        await callbacks.end();
        expect(handled()).toEqual(['a', 'b']);
    });

    test('a result is dropped with a warning', async () => {
        await call('a');
        queue.answer({ invocationId: 'id-1', invocationResult: { n: 1 } });
        expect(callbacks.warnings).toEqual([
            'it returns nothing (returns=False), so a result has no effect',
        ]);
        expect(told.a).toEqual([{ result: {} }]);
    });

    test('an exception, or no callback at all, is no matter of the caller', async () => {
        await call('a');
        await callbacks.end({ failure: {} });
        await call('b');
        await callbacks.end({ callbacks: new Set() });
        await call('c');
        expect(handled()).toEqual(['a', 'b', 'c']);
        expect(told).toEqual({ a: [{ result: {} }], b: [{ result: {} }], c: [{ result: {} }] });
    });

    test('what was accepted runs though its caller has left', async () => {
        await call('a');
        const leave = await call('b', BOB);
        await leave('left');
        await callbacks.end();
        expect(handled()).toEqual(['a', 'b']);
        expect(callbacks.toldCancelled).toEqual([]);
    });

    test('how far it is cannot be told to anybody', async () => {
        await call('a');
        queue.progress({ invocationId: 'id-1', value: 1 });
        expect(told.a).toEqual([{ result: {} }]);
        expect(callbacks.warnings).toEqual([
            'it returns nothing (returns=False), so progress has no effect',
        ]);
    });

    test('what was accepted and cannot run is told in a warning', async () => {
        await call('a');
        await call('b');
        await call('c');
        queue.close('removed');
        await flush();
        expect(callbacks.warnings).toEqual(['2 accepted invocations will not run: removed']);
        expect(handled()).toEqual(['a']);
        expect(told.b).toEqual([{ result: {} }]);
    });
});

describe('an invocation for which nobody waits any more', () => {
    const REASONS = ['cancelled', 'timeout', 'left'] as const;

    test.each(REASONS)('leaves the queue when it waits (%s); the others stay', async (reason) => {
        open();
        await call('a', BOB);
        await call('b', ANN);
        const giveUp = await call('c', BOB);
        await call('d', ANN);
        await giveUp(reason);
        expect(vi.getTimerCount()).toBe(3);
        await answer('id-1');
        await answer('id-2', { of: 'b' });
        await answer('id-4', { of: 'd' });
        expect(handled()).toEqual(['a', 'b', 'd']);
        expect(told.b).toEqual([{ result: { of: 'b' } }]);
        expect(told.c).toEqual([]);
        expect(told.d).toEqual([{ result: { of: 'd' } }]);
        expect(callbacks.toldCancelled).toEqual([]);
        expect(vi.getTimerCount()).toBe(0);
    });

    test.each(REASONS)('is told to the callback that has it (%s), once', async (reason) => {
        open();
        const giveUp = await call('a', BOB);
        await giveUp(reason);
        await giveUp(reason);
        expect(callbacks.toldCancelled).toEqual([{ invocationId: 'id-1', reason, caller: BOB }]);
        await callbacks.end();
        expect(vi.getTimerCount()).toBe(0);
        expect(callbacks.warnings).toEqual([]);
    });

    test('keeps its place until the callback has ended, whose results are dropped', async () => {
        open();
        const giveUp = await call('a', BOB);
        await call('b');
        await giveUp('cancelled');
        queue.progress({ invocationId: 'id-1', value: 9 });
        expect(handled()).toEqual(['a']);
        await answer('id-1', { late: true });
        expect(handled()).toEqual(['a', 'b']);
        queue.answer({ invocationId: 'id-1', invocationResult: { again: true } });
        queue.progress({ invocationId: 'id-1', value: 9 });
        await answer('id-2', { of: 'b' });
        expect(told).toMatchObject({ b: [{ result: { of: 'b' } }] });
        expect(told.a).not.toContainEqual({ result: expect.anything() });
        expect(callbacks.droppedAnswers).toBe(2);
        expect(callbacks.warnings).toEqual([]);
    });

    test('keeps its place no longer than its time', async () => {
        open();
        const giveUp = await call('a', BOB);
        await giveUp('cancelled');
        await vi.advanceTimersByTimeAsync(500);
        await call('b');
        await vi.advanceTimersByTimeAsync(500);
        expect(handled()).toEqual(['a', 'b']);
        expect(callbacks.abandoned).toBe(1);
        expect(callbacks.toldCancelled).toHaveLength(1);
    });

    test('is not waited for where another callback would have to answer', async () => {
        open();
        callbacks.othersMayAnswer = true;
        const giveUp = await call('a', BOB);
        await call('b');
        await callbacks.end();
        expect(handled()).toEqual(['a']);
        await giveUp('cancelled');
        expect(handled()).toEqual(['a', 'b']);
        expect(callbacks.toldCancelled).toHaveLength(1);
    });

    test('takes nothing from the others of its batch', async () => {
        open({ batch: true });
        await call('a');
        const giveUp = await call('b', BOB);
        await call('c');
        await answer('id-1');
        expect(callbacks.delivered[1]).toHaveLength(2);
        await giveUp('cancelled');
        queue.answer([
            { invocationId: 'id-2', invocationResult: { of: 'b' } },
            { invocationId: 'id-3', invocationResult: { of: 'c' } },
        ]);
        await callbacks.end();
        expect(told.c).toEqual([{ result: { of: 'c' } }]);
        expect(callbacks.droppedAnswers).toBe(1);
    });

    test('but whose connection is lost, leaves the queue, and goes on where it runs', async () => {
        open();
        const lose = [await call('a'), await call('b', BOB)];
        for (const one of lose) {
            await one('lost');
        }
        await answer('id-1');
        expect(handled()).toEqual(['a']);
        expect(callbacks.toldCancelled).toEqual([]);
        expect(callbacks.warnings).toEqual([]);
    });

    test('that has been answered is over', async () => {
        open();
        const giveUp = await call('a');
        await answer('id-1', { sum: 3 });
        await giveUp('cancelled');
        expect(callbacks.toldCancelled).toEqual([]);
        expect(told.a).toEqual([{ result: { sum: 3 } }]);
    });

    test('is told to the callback when the time of the method is up, too', async () => {
        open();
        await call('a', BOB);
        await vi.advanceTimersByTimeAsync(1_000);
        expect(callbacks.toldCancelled).toEqual([
            { invocationId: 'id-1', reason: 'timeout', caller: BOB },
        ]);
    });

    test('does not begin when its caller has stopped waiting by then', async () => {
        open();
        await call('a');
        await call('b', BOB, 300);
        await call('c', BOB, 3_000);
        await vi.advanceTimersByTimeAsync(400);
        await answer('id-1');
        await flush();
        expect(handled()).toEqual(['a', 'c']);
        expect(told.b).toMatchObject([{ error: { interopType: 'Timeout' } }]);
    });

    test('many that go at once cost as much as they are, and not its square', async () => {
        open();
        await call('runs');
        const leaving = [];
        for (let n = 1; n < LONGEST_QUEUE; n += 1) {
            const controller = new AbortController();
            leaving.push(controller);
            queue.enqueue({ name: n }, BOB, fakeReply({ cancelled: controller.signal }));
        }
        for (const controller of leaving) {
            controller.abort('left');
        }
        await answer('id-1');
        expect(handled()).toEqual(['runs']);
    });
});

describe('progress', () => {
    beforeEach(() => open());

    test('reaches the caller in order, before the result', async () => {
        await call('a');
        queue.progress({ invocationId: 'id-1', value: 1 });
        queue.progress([
            { invocationId: 'id-1', value: 2 },
            { invocationId: 'id-1', value: null },
        ]);
        await answer('id-1', { sum: 3 });
        queue.progress({ invocationId: 'id-1', value: 4 });
        expect(told.a).toEqual([
            { progress: 1 },
            { progress: 2 },
            { progress: null },
            { result: { sum: 3 } },
        ]);
        expect(callbacks.warnings).toEqual([]);
    });

    test.each([
        [5, 'progress has to be a dict with an invocationId and a value, or a list'],
        [{ value: 1 }, 'progress needs the invocationId of the invocation that it is about'],
        [
            { invocationId: 'id-1', valeu: 1 },
            'progress has an unknown key "valeu": did you mean "value"?',
        ],
        [
            { invocationId: 'id-9', value: 1 },
            'progress with the invocationId "id-9" has no effect: no such invocation is under way',
        ],
    ])('%j is told in a warning', async (written, warning) => {
        await call('a');
        queue.progress(written);
        expect(callbacks.warnings).toEqual([warning]);
        expect(told.a).toEqual([]);
    });
});

describe('a batch', () => {
    beforeEach(() => open({ batch: true }));

    function names(): string[][] {
        return callbacks.delivered.map((batch) =>
            (batch as Invocation[]).map(({ args }) => args.name),
        );
    }

    test('what arrives in one turn comes as one list', async () => {
        call('a');
        call('b');
        call('c');
        await flush();
        expect(names()).toEqual([['a', 'b', 'c']]);
    });

    test('a single call comes as a list too', async () => {
        await call('a');
        expect(names()).toEqual([['a']]);
    });

    test('what arrives while the callback runs is the next list', async () => {
        await call('a');
        await call('b');
        await call('c');
        await answer('id-1');
        expect(names()).toEqual([['a'], ['b', 'c']]);
    });

    test('each call gets its own answer, whatever their order', async () => {
        call('a');
        call('b');
        await flush();
        queue.answer([
            { invocationId: 'id-2', invocationResult: { of: 'b' } },
            { invocationId: 'id-1', error: { message: 'no a' } },
        ]);
        expect(told).toEqual({
            a: [{ error: { message: 'no a' } }],
            b: [{ result: { of: 'b' } }],
        });
        await callbacks.end();
        expect(callbacks.warnings).toEqual([]);
    });

    test('calls without an answer are told when the callback has ended', async () => {
        call('a');
        call('b');
        await flush();
        queue.answer([{ invocationId: 'id-1', invocationResult: { of: 'a' } }]);
        expect(told.b).toEqual([]);
        await callbacks.end();
        expect(told.a).toEqual([{ result: { of: 'a' } }]);
        expect(told.b[0].error).toEqual({
            message: 'The handler returned no result',
            interopType: 'NoResult',
        });
    });

    test('the callback is waited for until the last one has run out of time', async () => {
        await call('a');
        call('b');
        await vi.advanceTimersByTimeAsync(400);
        call('c');
        await answer('id-1');
        expect(names()).toEqual([['a'], ['b', 'c']]);
        await vi.advanceTimersByTimeAsync(600);
        expect(told.b[0].error.interopType).toBe('Timeout');
        expect(callbacks.abandoned).toBe(0);
        await vi.advanceTimersByTimeAsync(400);
        expect(told.c[0].error.interopType).toBe('Timeout');
        expect(callbacks.abandoned).toBe(1);
    });

    test('a late answer of another callback may come for each of them', async () => {
        callbacks.othersMayAnswer = true;
        call('a');
        call('b');
        await flush();
        await callbacks.end();
        await call('c');
        queue.answer({ invocationId: 'id-1', invocationResult: {} });
        await flush();
        expect(names()).toEqual([['a', 'b']]);
        queue.answer({ invocationId: 'id-2', invocationResult: {} });
        await flush();
        expect(names()).toEqual([['a', 'b'], ['c']]);
    });

    test('of a void method is acknowledged call by call', async () => {
        open({ batch: true, returns: false });
        call('a');
        call('b');
        await flush();
        expect(told).toEqual({ a: [{ result: {} }], b: [{ result: {} }] });
        expect(names()).toEqual([['a', 'b']]);
    });
});

describe('close', () => {
    test('tells everybody, those that wait and the one that runs', async () => {
        open();
        await call('a');
        await call('b');
        await call('c');
        queue.close('The MethodRegister was removed from the layout');
        const message = 'The MethodRegister was removed from the layout';
        const error = { message, interopType: 'ServerGone' };
        const waited = { ...error, delivered: 'no' };
        expect(told).toEqual({
            a: [{ error: { ...error, delivered: 'yes' } }],
            b: [{ error: waited }],
            c: [{ error: waited }],
        });
        await flush();
        expect(callbacks.abandoned).toBe(1);
        expect(handled()).toEqual(['a']);
        expect(vi.getTimerCount()).toBe(0);
        expect(callbacks.warnings).toEqual([]);
    });

    test('of an empty queue tells nobody, and calls that come later are handled', async () => {
        open();
        queue.close('removed');
        await call('a');
        await answer('id-1', { sum: 3 });
        expect(told.a).toEqual([{ result: { sum: 3 } }]);
    });
});

describe('the bound', () => {
    test('a call beyond it is told at once that the method is overloaded', async () => {
        open({ returns: false });
        await call('runs');
        const accepted = vi.fn();
        const refused = vi.fn();
        for (let n = 0; n < LONGEST_QUEUE; n += 1) {
            queue.enqueue({}, ANN, fakeReply({ succeed: accepted, fail: refused }));
        }
        expect(accepted).toHaveBeenCalledTimes(LONGEST_QUEUE);
        expect(refused).not.toHaveBeenCalled();
        await call('one too many');
        expect(told['one too many']).toEqual([
            {
                error: {
                    message: `Overloaded: ${LONGEST_QUEUE} invocations are waiting already`,
                    interopType: 'Overloaded',
                },
            },
        ]);
        await callbacks.end();
        await call('fits again');
        expect(told['fits again']).toEqual([{ result: {} }]);
    });
});

describe('while the Dash server is away', () => {
    const noAnswer = new Error('Callback failed: the server did not respond.');

    test.each([
        ['no answer', noAnswer],
        ['a proxy that says so', new Response(null, { status: 503 })],
        ['a login that has expired', new Response(null, { status: 401 })],
        ['a login page', new AnswerLost()],
    ])('void invocations wait: %s', async (_, error) => {
        open({ returns: false });
        for (const name of ['one', 'two', 'three']) {
            await call(name);
        }
        await callbacks.end({ failure: { error } });
        expect(callbacks.delivered).toHaveLength(1);
        expect(callbacks.warnings).toEqual([
            'the Dash server did not answer, so 1 accepted invocations may not have been handled; ' +
                '2 others wait until it does',
        ]);
        callbacks.serverAnswers();
        await flush();
        await callbacks.end();
        await callbacks.end();
        expect(callbacks.delivered).toHaveLength(3);
    });

    test.each([
        ['a handler that raised', new Response(null, { status: 500 })],
        ['a script that failed', new Error('x is not defined')],
        ['nothing', undefined],
    ])('nothing waits for %s', async (_, error) => {
        open({ returns: false });
        await call('one');
        await call('two');
        await callbacks.end({ failure: error && { error } });
        expect(callbacks.delivered).toHaveLength(2);
    });

    test('invocations that return a result do not wait: their callers are told', async () => {
        open();
        await call('one');
        await call('two');
        await callbacks.end({ failure: { error: noAnswer } });
        expect(callbacks.delivered).toHaveLength(2);
    });

    test('nobody waits for it when the component has gone', async () => {
        open({ returns: false });
        await call('one');
        await call('two');
        await callbacks.end({ failure: { error: noAnswer } });
        queue.close('It was removed');
        await flush();
        expect(callbacks.delivered).toHaveLength(1);
        expect(callbacks.isRunning).toBe(false);
    });
});

describe('in a tab whose callbacks are slow', () => {
    /** The handler says that it takes lists, and ends. */
    async function answerAll(more: object): Promise<void> {
        const delivered = callbacks.delivered[callbacks.delivered.length - 1];
        for (const { invocationId } of [delivered].flat()) {
            queue.answer({ invocationId, invocationResult: {}, ...more });
        }
        await callbacks.end();
    }

    beforeEach(async () => {
        open();
        callbacks.isSlow = true;
        for (let n = 0; n < 25; n += 1) {
            await call(`c${n}`);
        }
    });

    test('a handler that takes lists gets those that wait together, twenty at most', async () => {
        await answerAll({ takesLists: true });
        await answerAll({});
        await answerAll({});
        const sizes = callbacks.delivered.map((value) => [value].flat().length);
        expect(sizes).toEqual([1, 20, 4]);
        expect(handled()).toEqual(Array.from({ length: 25 }, (_, n) => `c${n}`));
        expect(Object.values(told).every((answers) => answers.length === 1)).toBe(true);
    });

    test('another handler gets them one by one', async () => {
        await answerAll({});
        await answerAll({});
        expect(callbacks.delivered.every((value) => !Array.isArray(value))).toBe(true);
    });

    test('one that is fast again gets them one by one', async () => {
        callbacks.isSlow = false;
        await answerAll({ takesLists: true });
        expect(callbacks.delivered.every((value) => !Array.isArray(value))).toBe(true);
    });
});
