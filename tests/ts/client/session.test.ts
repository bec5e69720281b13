import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askSession } from '../../../src/client/session';

const SESSION = { url: 'ws://gateway/', token: 't1', application: 'app' };
const fetching = vi.fn();

beforeEach(() => {
    fetching.mockReset().mockImplementation(async () => Response.json(SESSION));
    vi.stubGlobal('fetch', fetching);
});

afterEach(() => {
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

test('a refusal is an error that tells its status', async () => {
    fetching.mockImplementation(async () => new Response('no', { status: 403 }));
    await expect(askSession()).rejects.toThrow(
        'The Dash server answered 403 to _dash-interop/session',
    );
});

test('an error in the answer is an error', async () => {
    fetching.mockImplementation(async () => Response.json({ error: 'The gateway is away' }));
    await expect(askSession()).rejects.toThrow('The gateway is away');
});

test('an answer that is no JSON is an error', async () => {
    fetching.mockImplementation(async () => new Response('<html>'));
    await expect(askSession()).rejects.toThrow(SyntaxError);
});

test('a server that cannot be reached is an error', async () => {
    fetching.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(askSession()).rejects.toThrow('The Dash server does not answer: Failed to fetch');
});
