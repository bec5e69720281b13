import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Endpoint } from '../../../src/tunnel/endpoint';

const file = path.join(import.meta.dirname, '../../vectors/tunnel.json');
const vectors: { what: string; steps: any[] }[] = JSON.parse(readFileSync(file, 'utf-8'));

beforeEach(() => {
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

/** One end, with what it did since the last look. */
class End {
    got: unknown[] = [];
    asked: unknown[] = [];
    cancelled: string[] = [];
    failures: unknown[] = [];
    wakes = 0;
    settled: Record<string, any> = {};
    obstacle: string | undefined;
    readonly endpoint: Endpoint;
    private readonly aborts = new Map<string, AbortController>();
    private readonly stops = new Map<string, () => void>();
    private ids = 0;

    constructor() {
        this.endpoint = new Endpoint({
            wake: () => {
                this.wakes += 1;
            },
            obstacle: () => this.obstacle,
            cancel: (requestId) => this.cancelled.push(requestId),
            failed: (error) => this.failures.push(error),
            newId: () => {
                this.ids += 1;
                return `r${this.ids}`;
            },
        });
    }

    listener(name: string) {
        return (version: number, data: unknown) => this.got.push([name, version, data]);
    }

    listen(name: string): void {
        this.stops.set(name, this.endpoint.listen(this.listener(name)));
    }

    stop(name: string): void {
        this.stops.get(name)?.();
    }

    abort(requestId: string): void {
        this.aborts.get(requestId)?.abort();
    }

    answerRequests({ returns, raises, never }: any): void {
        this.endpoint.onRequest((value, version) => {
            this.asked.push([value, version]);
            if (raises) {
                throw Object.assign(new Error(raises.message), { name: raises.type });
            }
            return never ? new Promise(() => {}) : returns;
        });
    }

    /** Resolves when it is known whether the request was refused. */
    async request(value: unknown, options: any = {}): Promise<void> {
        const abort = new AbortController();
        const id = `r${this.ids + 1}`;
        this.aborts.set(id, abort);
        let refusal: unknown;
        const before = this.ids;
        this.endpoint
            .request(value, {
                ...(options.timeout_ms ? { timeoutMs: options.timeout_ms } : {}),
                ...(options.newest_only ? { newestOnly: true } : {}),
                signal: abort.signal,
            })
            .then(
                (answer) => {
                    this.settled[id] = { value: answer };
                },
                (error) => {
                    if (this.ids === before) {
                        refusal = error;
                    } else {
                        this.settled[id] = described(error);
                    }
                },
            );
        await settle();
        if (refusal) {
            throw refusal;
        }
    }
}

function described(error: any): object {
    if (error.name === 'AbortError') {
        return { error: 'Aborted' };
    }
    const { type, message, exception } = error;
    return { error: type, message, ...(exception ? { exception } : {}) };
}

/** What has begun comes to an end. */
async function settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
}

/** Does one step; what it has to come to is checked by `check`. */
const ACTIONS: Record<string, (end: End, given: any, step: any) => unknown> = {
    send: ({ endpoint }, data) => endpoint.send(data),
    answer: ({ endpoint }, [version, data]) => endpoint.sendWithVersion(version, data),
    request: (end, data, { options }) => end.request(data, options),
    receive: ({ endpoint }, frame) => endpoint.receive(frame),
    on_receive: (end, name) => end.endpoint.onReceive(end.listener(name)),
    listen: (end, name) => end.listen(name),
    stop: (end, name) => end.stop(name),
    on_request: (end, how) => end.answerRequests(how),
    abort: (end, requestId) => end.abort(requestId),
    end: ({ endpoint }, why) => endpoint.end(why),
    advance_ms: (_, ms) => vi.advanceTimersByTimeAsync(ms),
    take: ({ endpoint }, most) => expect(endpoint.take(most)).toHaveLength(most),
    fill: ({ endpoint }, count) => {
        for (let n = 0; n < count; n += 1) {
            endpoint.send(n);
        }
    },
    flood: ({ endpoint }, count) => {
        for (let version = 1; version <= count; version += 1) {
            endpoint.receive({ type: 'message', version, data: 'x' });
        }
    },
};

/** What can be seen of an end, and is forgotten then. */
const SIGHTS: Record<string, (end: End) => unknown> = {
    version: ({ endpoint }) => endpoint.version,
    stale: ({ endpoint }) => endpoint.stale,
    out: ({ endpoint }) => endpoint.take(),
    out_types: ({ endpoint }) => endpoint.take().map((frame: any) => frame.error?.interopType),
    got: (end) => end.got.splice(0),
    asked: (end) => end.asked.splice(0),
    cancelled: (end) => end.cancelled.splice(0),
};

async function carryOut(end: End, step: any): Promise<void> {
    const [[name, given]] = Object.entries<any>(step);
    if (name === 'settled') {
        expect(Object.keys(end.settled).sort()).toEqual(Object.keys(given).sort());
        expect(end.settled).toMatchObject(given);
        end.settled = {};
    } else if (SIGHTS[name]) {
        expect(SIGHTS[name](end)).toEqual(given);
    } else {
        const act = async () => ACTIONS[name](end, given, step);
        if (step.raises) {
            await expect(act()).rejects.toMatchObject({ name: 'TunnelError', type: step.raises });
        } else {
            const returned = await act();
            if ('returns' in step) {
                expect(returned).toEqual(step.returns);
            }
        }
        await settle();
    }
}

test.each(vectors)('$what', async ({ steps }) => {
    const end = new End();
    for (const step of steps) {
        await carryOut(end, step);
    }
    expect(end.failures).toEqual([]);
});

describe('values', () => {
    test('what is sent is what it was when it was sent', () => {
        const { endpoint } = new End();
        const data = { a: [1], when: new Date(5), none: undefined };
        endpoint.send(data);
        data.a.push(2);
        expect(endpoint.take()).toMatchObject([
            { data: { a: [1], when: '1970-01-01T00:00:00.005Z' } },
        ]);
    });

    test.each([
        [undefined, 'A message has to be a text or a value of JSON, not undefined'],
        [() => 1, 'A message has to be a text or a value of JSON, not a function'],
        [Symbol('s'), 'A message has to be a text or a value of JSON, not a symbol'],
        [5n, 'A message cannot be written as JSON: '],
    ])('%s is refused, and no version is spent on it', async (value, words) => {
        const { endpoint } = new End();
        expect(() => endpoint.send(value)).toThrow(words);
        expect(() => endpoint.sendWithVersion(1, value)).toThrow(words);
        await expect(endpoint.request(value)).rejects.toThrow(words);
        expect(endpoint.version).toBe(0);
        expect(endpoint.take()).toEqual([]);
    });

    test('a circle is refused', () => {
        const circle: any = {};
        circle.self = circle;
        expect(() => new End().endpoint.send(circle)).toThrow('cannot be written as JSON');
    });
});

describe('receivers', () => {
    test('one that throws keeps nobody else from the message', () => {
        const end = new End();
        const error = new Error('broken');
        end.endpoint.onReceive(() => {
            throw error;
        });
        end.listen('b');
        end.endpoint.receive({ type: 'message', version: 1, data: 'x' });
        expect(end.failures).toEqual([error]);
        expect(end.got).toEqual([['b', 1, 'x']]);
    });

    test('the first of them hears nothing before the code around it has run', async () => {
        const end = new End();
        end.endpoint.receive({ type: 'message', version: 1, data: 'x' });
        end.listen('a');
        end.endpoint.receive({ type: 'message', version: 2, data: 'y' });
        expect(end.got).toEqual([]);
        await settle();
        expect(end.got).toEqual([
            ['a', 1, 'x'],
            ['a', 2, 'y'],
        ]);
    });

    test('what is sent by a listener that gets what has waited keeps its order', async () => {
        const end = new End();
        end.endpoint.receive({ type: 'message', version: 1, data: 'x' });
        end.endpoint.listen((_, data) => {
            end.got.push(data);
            if (data === 'x') {
                end.endpoint.receive({ type: 'message', version: 3, data: 'z' });
            }
        });
        end.endpoint.receive({ type: 'message', version: 2, data: 'y' });
        await settle();
        expect(end.got).toEqual(['x', 'y', 'z']);
    });

    test.each(['onReceive', 'listen', 'onRequest'] as const)('%s wants a function', (name) => {
        const { endpoint } = new End();
        expect(() => endpoint[name]('handler' as any)).toThrow('needs a function, not "handler"');
    });
});

describe('requests', () => {
    test('wake who takes them, as messages do', async () => {
        const end = new End();
        end.endpoint.send('x');
        end.endpoint.request('q').catch(() => {});
        expect(end.wakes).toBe(2);
        end.endpoint.end('over');
    });

    test('have thirty seconds', async () => {
        const end = new End();
        await end.request('q');
        end.endpoint.take();
        await vi.advanceTimersByTimeAsync(29_999);
        expect(end.settled).toEqual({});
        await vi.advanceTimersByTimeAsync(1);
        expect(end.settled).toEqual({
            r1: { error: 'Timeout', message: 'There was no answer within 30000 ms' },
        });
    });

    test('that were not sent say what was in the way', async () => {
        const end = new End();
        await end.request('q', { timeout_ms: 10 });
        await vi.advanceTimersByTimeAsync(10);
        end.obstacle = 'the Dash server is away';
        await end.request('q', { timeout_ms: 10 });
        await vi.advanceTimersByTimeAsync(10);
        const words = 'The request waited 10 ms and was not sent:';
        expect(end.settled).toMatchObject({
            r1: { message: `${words} what was sent before it took too long` },
            r2: { message: `${words} the Dash server is away` },
        });
    });

    test('reject with the reason of the signal, also one that has ended before', async () => {
        const { endpoint } = new End();
        const reason = new Error('the user has left');
        const ended = endpoint.request('q', { signal: AbortSignal.abort(reason) });
        await expect(ended).rejects.toBe(reason);
        expect(endpoint.take()).toEqual([]);
        const abort = new AbortController();
        const answer = endpoint.request('q', { signal: abort.signal });
        abort.abort(reason);
        await expect(answer).rejects.toBe(reason);
    });

    test.each([
        [{ timeout: 5 }, 'unknown key "timeout": did you mean "timeoutMs"?'],
        [{ timeoutMs: 0 }, 'timeoutMs has to be a positive number of milliseconds, not 0'],
    ])('with %j are refused', async (options: any, words) => {
        await expect(new End().endpoint.request('q', options)).rejects.toThrow(words);
    });

    test('above the bound are refused', async () => {
        const { endpoint } = new End();
        const under: Promise<unknown>[] = [];
        for (let n = 0; n < 10_000; n += 1) {
            under.push(endpoint.request(n).catch(({ type }) => type));
            endpoint.take();
        }
        await expect(endpoint.request('x')).rejects.toMatchObject({ type: 'Overloaded' });
        endpoint.end('over');
        expect(new Set(await Promise.all(under))).toEqual(new Set(['Ended']));
    });
});
