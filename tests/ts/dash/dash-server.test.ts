// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LastingProblem } from '../../../src/client/status';
import { ServerWait } from '../../../src/dash/dash-server';
import { askLogin } from '../../../src/dash/login';

const LOGIN = { url: 'ws://gateway/', token: 't1', application: 'app' };
const fetching = vi.fn();

beforeEach(() => {
    fetching.mockReset().mockImplementation(async () => Response.json(LOGIN));
    vi.stubGlobal('fetch', fetching);
});

afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    document.body.innerHTML = '';
});

function dashConfig(text: string): void {
    const script = document.createElement('script');
    script.id = '_dash-config';
    script.type = 'application/json';
    script.textContent = text;
    document.body.append(script);
}

test('a login is what the Dash server answers', async () => {
    expect(await askLogin()).toEqual(LOGIN);
});

test('the question is a POST with the cookies of the page and a limit of its own', async () => {
    await askLogin();
    const [, options] = fetching.mock.calls[0];
    expect(options).toMatchObject({ method: 'POST', credentials: 'same-origin' });
    expect(options.signal).toBeInstanceOf(AbortSignal);
    expect(options.signal.aborted).toBe(false);
});

test('it goes below the prefix that Dash gives its renderer', async () => {
    dashConfig('{"requests_pathname_prefix": "/proxy/app-a/"}');
    await askLogin();
    expect(fetching.mock.calls[0][0]).toBe('/proxy/app-a/_dash-interop/session');
});

test.each([
    ['as Dash 3 calls them', '{}', '_csrf_token', 'X-CSRFToken'],
    [
        'as the app calls them',
        '{"csrf_token_name": "token", "csrf_header_name": "X-Token"}',
        'token',
        'X-Token',
    ],
])(
    'it carries the CSRF token of Dash, cookie and header %s',
    async (_how, config, cookie, header) => {
        dashConfig(config);
        const cookies = vi.spyOn(document, 'cookie', 'get');
        cookies.mockReturnValue(`other=1; ${cookie}=a%2Bb; last=2`);
        await askLogin();
        cookies.mockReturnValue('other=1');
        await askLogin();
        expect(fetching.mock.calls.map(([, { headers }]) => headers)).toEqual([
            { [header]: 'a+b' },
            {},
        ]);
    },
);

test.each([
    ['no Dash configuration', undefined],
    ['an empty one', ''],
    ['one without a prefix', '{"ui": true}'],
    ['one with an empty prefix', '{"requests_pathname_prefix": ""}'],
])('with %s it goes to the root', async (_what, text) => {
    if (text !== undefined) {
        dashConfig(text);
    }
    await askLogin();
    expect(fetching.mock.calls[0][0]).toBe('/_dash-interop/session');
});

/** What a question ends with that is answered so. */
async function failure(body: string, init: ResponseInit = {}, more: object = {}): Promise<Error> {
    fetching.mockImplementation(async () =>
        Object.defineProperties(
            new Response(body, init),
            Object.fromEntries(Object.entries(more).map(([name, value]) => [name, { value }])),
        ),
    );
    return askLogin().then(
        () => expect.unreachable('it was answered'),
        (error) => error,
    );
}

const ROUTE = '_dash-interop/session';

test('a refusal is an error that tells its status', async () => {
    const { message } = await failure('no', { status: 503 });
    expect(message).toBe(`The Dash server answered 503 to ${ROUTE}`);
});

test.each([401, 403])('%i speaks of the login', async (status) => {
    const error = await failure('no', { status });
    expect(error).not.toBeInstanceOf(LastingProblem);
    expect(error.message).toBe(
        `The Dash server answered ${status} to ${ROUTE}: nobody is logged in there, or the login has expired`,
    );
});

test.each([400, 403, 419])('%i for want of a CSRF token says what to exempt', async (status) => {
    const error = await failure('<p>The CSRF token is missing.</p>', { status });
    expect(error).toBeInstanceOf(LastingProblem);
    expect(error.message).toBe(
        `The Dash server answered ${status} to ${ROUTE}: it wants a CSRF token. Exempt the views of dash_interop from the protection, or set the cookie that Dash sends back`,
    );
});

test('400 for another reason does not speak of tokens', async () => {
    expect((await failure('bad', { status: 400 })).message).toBe(
        `The Dash server answered 400 to ${ROUTE}`,
    );
});

test.each([404, 405])('%i says what to import first', async (status) => {
    const error = await failure('no', { status });
    expect(error).toBeInstanceOf(LastingProblem);
    expect(error.message).toContain('import dash_interop before the app is made');
});

test('an error in the answer is an error, which may be a lasting one', async () => {
    const told = await failure('{"error": "The gateway is away"}');
    expect(told.message).toBe('The gateway is away');
    expect(told).not.toBeInstanceOf(LastingProblem);
    const lasting = await failure('{"error": "Not from here", "isLasting": true}');
    expect(lasting).toBeInstanceOf(LastingProblem);
});

test.each([
    ['HTML', '<html>', 'text/html; charset=utf-8', 'text/html'],
    ['JSON that is cut off', '{"url": "ws://gat', 'application/json', 'application/json'],
    ['JSON that is not an object', '"ok"', 'application/json', 'application/json'],
    ['nothing', '', '', 'something'],
])('an answer that is %s is told in words', async (_what, body, type, named) => {
    const { message } = await failure(body, { headers: { 'Content-Type': type } });
    expect(message).toBe(
        `The Dash server answered ${ROUTE} with ${named} that is not a JSON object: a login page or a proxy may have answered in its place`,
    );
});

test('a page that it is sent on to is named', async () => {
    const url = 'http://127.0.0.1:8050/login?next=secret';
    const { message } = await failure('<html>', {}, { redirected: true, url });
    expect(message).toBe(
        `The Dash server sent ${ROUTE} on to /login: the login has probably expired`,
    );
});

test('an answer that breaks off while it is read is told in words', async () => {
    const text = () => Promise.reject(new TypeError('network error'));
    const { message } = await failure('{', {}, { text });
    expect(message).toContain('is not a JSON object');
});

test('a server that cannot be reached is an error', async () => {
    fetching.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(askLogin()).rejects.toThrow('The Dash server does not answer: Failed to fetch');
});

describe('the wait for the Dash server', () => {
    const dependencies = () => Response.json([]);
    let serverWait: ServerWait;
    let giveUp: AbortController;
    let isOver: boolean;

    beforeEach(() => {
        vi.useFakeTimers();
        vi.spyOn(Math, 'random').mockReturnValue(1);
        giveUp = new AbortController();
        isOver = false;
        serverWait = new ServerWait();
        serverWait.untilItAnswers(giveUp.signal).then(() => {
            isOver = true;
        });
    });

    afterEach(() => {
        giveUp.abort();
        vi.useRealTimers();
    });

    test('asks for what every Dash server has, after a while', async () => {
        fetching.mockImplementation(async () => dependencies());
        await vi.advanceTimersByTimeAsync(499);
        expect(fetching).not.toHaveBeenCalled();
        await vi.advanceTimersByTimeAsync(1);
        expect(fetching.mock.calls[0][0]).toBe('/_dash-dependencies');
        expect(isOver).toBe(true);
    });

    test.each([
        ['nobody answers', () => Promise.reject(new TypeError('Failed to fetch'))],
        ['a proxy says that it is away', async () => Response.json([], { status: 503 })],
        ['a login page answers', async () => new Response('<html>')],
    ])('goes on while %s, ever more slowly', async (_what, answer) => {
        fetching.mockImplementation(answer);
        await vi.advanceTimersByTimeAsync(500 + 1000 + 2000);
        expect(fetching).toHaveBeenCalledTimes(3);
        expect(isOver).toBe(false);
        fetching.mockImplementation(async () => dependencies());
        await vi.advanceTimersByTimeAsync(3_999);
        expect(isOver).toBe(false);
        await vi.advanceTimersByTimeAsync(1);
        expect(isOver).toBe(true);
    });

    test('is longer each time, where callbacks fail all the same, until one is answered', async () => {
        fetching.mockImplementation(async () => dependencies());
        await vi.advanceTimersByTimeAsync(500);
        for (const waitMs of [1000, 2000, 4000, 5000, 5000]) {
            let isReady = false;
            serverWait.untilItAnswers(giveUp.signal).then(() => {
                isReady = true;
            });
            await vi.advanceTimersByTimeAsync(waitMs - 1);
            expect(isReady).toBe(false);
            await vi.advanceTimersByTimeAsync(1);
            expect(isReady).toBe(true);
        }
        serverWait.end();
        const calls = fetching.mock.calls.length;
        serverWait.untilItAnswers(giveUp.signal);
        await vi.advanceTimersByTimeAsync(500);
        expect(fetching).toHaveBeenCalledTimes(calls + 1);
    });

    test('is over as soon as nobody waits any more', async () => {
        giveUp.abort();
        await vi.advanceTimersByTimeAsync(0);
        expect(isOver).toBe(true);
        expect(vi.getTimerCount()).toBe(0);
    });
});
