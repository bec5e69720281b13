// @vitest-environment jsdom

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askSignature } from '../../../src/dash/signatures';

const SCHEMAS = { accepts: { type: 'object' }, returns: null };
const fetching = vi.fn();
/** What has been asked is remembered: each test asks for a text of its own. */
let accepts: string;
let tests = 0;

beforeEach(() => {
    tests += 1;
    accepts = `int a${tests}`;
    fetching.mockReset().mockImplementation(async () => Response.json(SCHEMAS));
    vi.stubGlobal('fetch', fetching);
});

afterEach(() => vi.unstubAllGlobals());

test('the Dash server is asked for the schemas of both texts', async () => {
    const returns = 'string? größe (a & b)';
    expect(await askSignature({ name: 'Sum', accepts, returns })).toEqual(SCHEMAS);
    const url = new URL(fetching.mock.calls[0][0], 'http://page');
    expect(url.pathname).toBe('/_dash-interop/signature');
    // Nothing of it stands in the logs of servers.
    expect(url.search).toBe('');
    const question = new URLSearchParams(
        fetching.mock.calls[0][1].headers['X-Dash-Interop-Question'],
    );
    expect(Object.fromEntries(question)).toEqual({ accepts, returns });
    expect(fetching.mock.calls[0][1].signal).toBeInstanceOf(AbortSignal);
});

test.each([{}, { accepts: '', returns: '' }, { description: 'int a' }])(
    'the Dash server is not asked about %j',
    (fields) => {
        expect(askSignature({ name: 'Sum', ...fields })).toBeUndefined();
        expect(fetching).not.toHaveBeenCalled();
    },
);

test('the Dash server is asked once about one text', async () => {
    const first = askSignature({ name: 'Sum', accepts });
    const second = askSignature({ name: 'Product', accepts });
    expect(await first).toBe(await second);
    await askSignature({ name: 'Sum', accepts });
    expect(fetching).toHaveBeenCalledTimes(1);
    await askSignature({ name: 'Sum', returns: accepts });
    expect(fetching).toHaveBeenCalledTimes(2);
});

test('the Dash server that does not answer is an error, and is asked again', async () => {
    fetching.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    await expect(askSignature({ name: 'Sum', accepts })).rejects.toThrow(
        'The Dash server does not answer: Failed to fetch',
    );
    expect(await askSignature({ name: 'Sum', accepts })).toEqual(SCHEMAS);
});

test('the Dash server says what is malformed', async () => {
    const error = 'accepts: expected a name, found the end at character 4';
    fetching.mockImplementation(async () => Response.json({ error }));
    await expect(askSignature({ name: 'Sum', accepts })).rejects.toThrow(error);
});

test('the Dash server that does not know the question is an error with a hint', async () => {
    fetching.mockImplementation(async () => new Response('', { status: 405 }));
    await expect(askSignature({ name: 'Sum', accepts })).rejects.toThrow(
        'answered 405 to _dash-interop/signature: import dash_interop before the app is made',
    );
});
