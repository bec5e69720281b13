// @vitest-environment jsdom

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askSession } from '../../../src/client/session';
import { LastingProblem } from '../../../src/client/status';

const SESSION = { url: 'ws://gateway/', token: 't1', application: 'app' };
const fetching = vi.fn();

beforeEach(() => {
    fetching.mockReset().mockImplementation(async () => Response.json(SESSION));
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

test('the session is what the Dash server answers', async () => {
    expect(await askSession()).toEqual(SESSION);
});

test('the question is a POST with the cookies of the page and a limit of its own', async () => {
    await askSession();
    const [, options] = fetching.mock.calls[0];
    expect(options).toMatchObject({ method: 'POST', credentials: 'same-origin' });
    expect(options.signal).toBeInstanceOf(AbortSignal);
    expect(options.signal.aborted).toBe(false);
});

test('it goes below the prefix that Dash gives its renderer', async () => {
    dashConfig('{"requests_pathname_prefix": "/proxy/app-a/"}');
    await askSession();
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
        await askSession();
        cookies.mockReturnValue('other=1');
        await askSession();
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
    await askSession();
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
    return askSession().then(
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
    ['JSON that is no object', '"ok"', 'application/json', 'application/json'],
    ['nothing', '', '', 'something'],
])('an answer that is %s is told in words', async (_what, body, type, named) => {
    const { message } = await failure(body, { headers: { 'Content-Type': type } });
    expect(message).toBe(
        `The Dash server answered ${ROUTE} with ${named} that is no JSON object: a login page or a proxy may have answered in its place`,
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
    expect(message).toContain('is no JSON object');
});

test('a server that cannot be reached is an error', async () => {
    fetching.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(askSession()).rejects.toThrow('The Dash server does not answer: Failed to fetch');
});
