import { expect, test } from 'vitest';
import { readFailure } from '../../../src/client/failures';
import { type FailedExecution, whyUnanswered } from '../../../src/dash/why-unanswered';

const KNOWN = { failure: undefined, hasHandler: true, wrongId: undefined };

/** The callback ran in the page: it has what it was called with. */
const IN_PAGE = { payload: { inputs: [] } };
const ASKED = { payload: null };

const response = (status: number, statusText = '') => new Response(null, { status, statusText });

test.each<[string, FailedExecution, string, string | undefined]>([
    [
        'a function of the page that throws',
        { error: new RangeError('no such row'), ...IN_PAGE },
        'The handler in the page failed: RangeError: no such row',
        'RangeError',
    ],
    [
        'one that throws a text',
        { error: 'no such row', ...IN_PAGE },
        'The handler in the page failed: no such row',
        undefined,
    ],
    [
        'one that throws a bare object',
        { error: { code: 7 }, ...IN_PAGE },
        'The handler in the page failed: {"code":7}',
        undefined,
    ],
    [
        'one that throws nothing at all',
        { error: null, ...IN_PAGE },
        'The handler in the page failed: null',
        undefined,
    ],
])('%s is a handler that failed', (_, failure, message, exception) => {
    const error = whyUnanswered({ ...KNOWN, failure });
    expect(error.message).toBe(message);
    expect(readFailure(error)).toEqual({ type: 'HandlerFailed', ...(exception && { exception }) });
});

test.each<[string, FailedExecution, string]>([
    [
        'an exception on the server, or before it came to the handler',
        { error: response(500, 'INTERNAL SERVER ERROR'), ...ASKED },
        'The Dash server answered the callback with 500: its log says why',
    ],
    [
        'a proxy without a server, over HTTP/2',
        { error: response(502), ...ASKED },
        'The Dash server answered the callback with 502: its log says why',
    ],
    [
        'an expired login',
        { error: response(401, 'UNAUTHORIZED'), ...ASKED },
        'The Dash server refused to run the callback, with 401: is the user logged in?',
    ],
    [
        'a missing permission',
        { error: response(403, 'FORBIDDEN'), ...ASKED },
        'The Dash server refused to run the callback, with 403: is the user logged in?',
    ],
    [
        'a request that is refused',
        { error: response(400, 'BAD REQUEST'), ...ASKED },
        'The Dash server answered the callback with 400',
    ],
    [
        'an outage of the server',
        { error: new Error('Callback failed: the server did not respond.'), ...ASKED },
        'The Dash server did not answer the callback: it is away, or the request was cut',
    ],
    [
        'what the renderer itself could not do',
        { error: new Error('Cannot patch undefined'), ...ASKED },
        'Dash could not run the callback, or not use what it returned: Error: Cannot patch undefined',
    ],
    [
        'a component that fails in rendering',
        { error: new TypeError('x is undefined') },
        'Dash could not run the callback, or not use what it returned: TypeError: x is undefined',
    ],
])('%s is no word of the handler', (_, failure, message) => {
    const error = whyUnanswered({ ...KNOWN, failure });
    expect(error.message).toBe(message);
    expect(readFailure(error)).toEqual({ type: 'NoResult' });
});

test.each([
    [
        { hasHandler: false },
        'The method has no handler: no callback has its invoke property as Input',
    ],
    [
        { wrongId: 'no invocationId' },
        "The handler answered with no invocationId instead of the invocation's invocationId",
    ],
    [{}, 'The handler returned no result'],
])('without a failure, %j is said', (known, message) => {
    const error = whyUnanswered({ ...KNOWN, ...known });
    expect(error).toEqual({ message, interopType: 'NoResult' });
});
