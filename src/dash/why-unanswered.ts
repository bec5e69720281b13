/**
 * Why an invocation has no result although its callback has ended, in words that say no more than
 * the page can know. Dash's renderer tells how the execution of a callback failed; that a handler
 * raised an exception is sure only where it ran in the page.
 */

import { type HandlerError, libraryError } from '../client/failures';
import { AnswerLost } from './lost-answers';

/** How Dash's renderer says that a callback failed. */
export interface FailedExecution {
    /** What a clientside function threw; the Response of a server that refused; or an Error. */
    error?: unknown;
    /** What the callback was called with; null unless it ran in the page. */
    payload?: unknown;
}

/** What is known when no result has come. */
export interface Unanswered {
    /** The first failure of a callback; undefined where none has failed. */
    failure: FailedExecution | undefined;
    /** Whether some callback has the invocation as Input. */
    hasHandler: boolean;
    /** The invocationId that was answered in place of the right one. */
    wrongId: string | undefined;
}

/** What the caller is told. */
export function whyUnanswered({ failure, hasHandler, wrongId }: Unanswered): HandlerError {
    if (failure) {
        return whyFailed(failure);
    }
    if (!hasHandler) {
        return noResult('The method has no handler: no callback has its invoke property as Input');
    }
    if (wrongId !== undefined) {
        return noResult(
            `The handler answered with ${wrongId} instead of the invocation's invocationId`,
        );
    }
    return noResult('The handler returned no result');
}

/** What the page's JavaScript is told of a message or a request that it sent. */
export function whyNotAnswered({ failure, hasHandler, wrongId }: Unanswered): HandlerError {
    if (failure) {
        return whyFailed(failure);
    }
    if (!hasHandler) {
        return noResult('No callback has the message property of the Tunnel as Input');
    }
    if (wrongId !== undefined) {
        return noResult(`The receiver answered with ${wrongId} instead of the request's requestId`);
    }
    return noResult('The receiver returned no answer');
}

/** Statuses of a proxy or a login in front of the Dash server, which the handler never sees. */
const REFUSALS = [401, 403, 407, 502, 503, 504];

/** Whether a callback's request did not reach the handler, as far as the page can tell. */
export function isServerAway(failure: FailedExecution | undefined): boolean {
    const error = failure?.error;
    return (
        error instanceof AnswerLost ||
        (error instanceof Response && REFUSALS.includes(error.status)) ||
        (error instanceof Error && error.message === NO_RESPONSE)
    );
}

/** The words of Dash's renderer for a request that was cut, or that nobody listened to. */
const NO_RESPONSE = 'Callback failed: the server did not respond.';

/** Why a callback failed. */
export function whyFailed({ error, payload }: FailedExecution): HandlerError {
    if (payload) {
        return raised(error);
    }
    if (error instanceof Response) {
        return noResult(describeRefusal(error));
    }
    if (error instanceof AnswerLost) {
        return noResult(
            'The answer to the callback is not JSON, or was cut off: has the login expired?',
        );
    }
    const words = wordsOf(error);
    return noResult(
        words === `Error: ${NO_RESPONSE}`
            ? 'The Dash server did not answer the callback: it is away, or the request was cut'
            : `Dash could not run the callback, or not use what it returned: ${words}`,
    );
}

// Without the words for the status: each kind of server has its own, and HTTP/2 has no words.
function describeRefusal({ status }: Response): string {
    if (status === 401 || status === 403) {
        return `The Dash server refused to run the callback, with ${status}: is the user logged in?`;
    }
    const hint = status >= 500 ? ': its log says why' : '';
    return `The Dash server answered the callback with ${status}${hint}`;
}

/** What a handler in the page threw, in the form that Python's exceptions have. */
function raised(error: unknown): HandlerError {
    const message = `The handler in the page failed: ${wordsOf(error)}`;
    return error instanceof Error ? { message, type: error.name } : { message };
}

function wordsOf(error: unknown): string {
    if (error instanceof Error) {
        return `${error.name}: ${error.message}`;
    }
    return typeof error === 'string' ? error : String(JSON.stringify(error));
}

function noResult(message: string): HandlerError {
    return libraryError('NoResult', message);
}
