/**
 * Full-text search: who types makes a request for each key, and the answers come in any order, late,
 * as failures or not at all. What is shown last is the answer to the newest request.
 */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Endpoint } from '../../../src/tunnel/endpoint';
import type { Frame } from '../../../src/tunnel/frames';

beforeEach(() => {
    vi.useFakeTimers();
});

afterEach(() => {
    vi.useRealTimers();
});

/** Numbers from 0 to 1 that a seed makes. */
function randomOf(seed: number): () => number {
    let state = seed * 2654435761 + 1;
    return () => {
        state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
        return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
    };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Two ends; frames arrive in order, after a while. */
function joined(random: () => number): [Endpoint, Endpoint] {
    const make = (prefix: string, other: () => Endpoint): Endpoint => {
        let ids = 0;
        let way: Promise<unknown> = Promise.resolve();
        const carry = (frame: Frame) => {
            const delay = sleep(random() * 20);
            way = way.then(() => delay).then(() => other().receive(frame));
        };
        const end: Endpoint = new Endpoint({
            wake: () => end.take().forEach(carry),
            obstacle: () => undefined,
            cancel: (requestId) => carry({ type: 'cancel', requestId }),
            failed: (error) => {
                throw error;
            },
            newId: () => {
                ids += 1;
                return `${prefix}${ids}`;
            },
        });
        return end;
    };
    const page: Endpoint = make('page-', () => server);
    const server: Endpoint = make('server-', () => page);
    return [page, server];
}

/** What becomes of one request at the server. */
interface Fate {
    afterMs: number;
    fails: boolean;
    answers: boolean;
}

function fateOf(random: () => number): Fate {
    return { afterMs: random() * 200, fails: random() < 0.2, answers: random() < 0.9 };
}

const LIMIT_MS = 150;
const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

/** Types so many texts at random times, each with a fate; resolves when all has ended. */
async function type(
    random: () => number,
    page: Endpoint,
    count: number,
    ask: (text: string, isNewest: boolean) => void,
): Promise<void> {
    for (let n = 1; n <= count; n += 1) {
        ask(`text ${n}`, n === count);
        await vi.advanceTimersByTimeAsync(random() * 60);
    }
    await vi.advanceTimersByTimeAsync(2000);
    expect(page.waiting).toBe(0);
}

describe('with requests', () => {
    test.each([
        ['newest only', true],
        ['of which the page shows the newest', false],
    ])('%s', async (_, newestOnly) => {
        for (const seed of SEEDS) {
            const random = randomOf(seed);
            const [page, server] = joined(random);
            const fates: Record<string, Fate> = {};
            server.onRequest(async (text) => {
                const { afterMs, fails, answers } = fates[text];
                await sleep(answers ? afterMs : 10_000);
                if (fails) {
                    throw new Error(`no ${text}`);
                }
                return `found ${text}`;
            });
            let shown = '';
            let newest = '';
            const outcomes: Record<string, string[]> = {};
            const count = 2 + Math.floor(random() * 6);
            await type(random, page, count, (text, isNewest) => {
                fates[text] = fateOf(random);
                newest = text;
                outcomes[text] = [];
                // The last one is answered in time, so that there is something to be shown.
                if (isNewest) {
                    fates[text] = { afterMs: random() * 50, fails: false, answers: true };
                }
                page.request(text, { newestOnly, timeoutMs: LIMIT_MS }).then(
                    (answer: any) => {
                        outcomes[text].push(answer);
                        if (newestOnly || text === newest) {
                            shown = answer;
                        }
                    },
                    ({ type: word }) => outcomes[text].push(word),
                );
            });
            expect([seed, shown]).toEqual([seed, `found text ${count}`]);
            const words = ['HandlerFailed', 'Timeout', ...(newestOnly ? ['Superseded'] : [])];
            for (const [text, [outcome, ...more]] of Object.entries(outcomes)) {
                expect([`found ${text}`, ...words]).toContain(outcome);
                expect(more).toEqual([]);
            }
        }
    });
});

test('with messages and versions, as ipycallback shows it', async () => {
    let stale = 0;
    for (const seed of SEEDS) {
        const random = randomOf(seed);
        const [page, server] = joined(random);
        server.onReceive(async (version, text) => {
            const { afterMs, answers } = fateOf(random);
            await sleep(afterMs);
            if (answers || text === newest) {
                server.sendWithVersion(version, `found ${text}`);
            }
            // What the server says by itself makes no answer stale.
            if (random() < 0.3) {
                server.send('news');
            }
        });
        let shown = '';
        let version = 0;
        let newest = '';
        page.onReceive((given, answer) => {
            if (given < version || answer === 'news') {
                return;
            }
            shown = String(answer);
        });
        const count = 2 + Math.floor(random() * 6);
        await type(random, page, count, (text) => {
            newest = text;
            version = page.send(text);
        });
        expect([seed, shown]).toEqual([seed, `found text ${count}`]);
        stale += server.stale;
    }
    expect(stale).toBeGreaterThan(50);
});
