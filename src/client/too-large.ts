/**
 * What is sent in place of a frame that is larger than the gateway takes. The gateway would end the
 * connection; so whoever made the frame gets an error, or whoever waits for it.
 */

import type { Frame } from './codec';
import { libraryError } from './failures';

/** Characters that are left of a handler's error which is too large to be sent, if they fit. */
const LONGEST_REASON = 200;

/** A frame that takes the place of another, and where it goes. */
export type Substitute = { toGateway: Frame } | { toPage: Frame };

/**
 * @param problem What is wrong with its size, in words.
 * @throws Error for data and progress, which nothing answers.
 */
export function substituteFor(frame: Frame, problem: string): Substitute {
    switch (frame.type) {
        case 'yield':
            return { toGateway: failureInPlaceOf(frame, problem) };
        case 'error':
            return { toGateway: shortened(frame, problem) };
        case 'publish':
        case 'post':
        case 'progress':
            throw new Error(`The data is not sent: ${problem}`);
        default:
            return { toPage: refusalOf(frame, problem) };
    }
}

/** The caller of a method gets an error in place of a result. */
function failureInPlaceOf(frame: Frame, problem: string): Frame {
    const { domain, peer_id, invocation_id: request_id } = frame;
    const reason = `What the handler returned is not sent: ${problem}`;
    console.error(`dash_interop: ${reason}`);
    return { domain, type: 'error', peer_id, request_id, ...tooLarge(reason) };
}

/** The caller of a method gets the beginning of an error. */
function shortened(frame: Frame, problem: string): Frame {
    const reason = String(frame.reason);
    const cut = `${reason.slice(0, LONGEST_REASON)}... (${problem})`;
    const message = cut.length < reason.length ? cut : problem;
    const { type, interopType } = frame.context ?? {};
    return { ...frame, reason: message, context: { message, type, interopType } };
}

/** Whoever asks in the page gets an error in place of an answer. */
function refusalOf({ domain, peer_id, request_id }: Frame, problem: string): Frame {
    const answer = { domain, type: 'error', peer_id, request_id };
    return { ...answer, ...tooLarge(`It is not sent: ${problem}`) };
}

/** What an error says of a frame that is too large, as Python peers say it, too. */
function tooLarge(reason: string): Pick<Frame, string> {
    const context = libraryError('TooLarge', reason);
    return { reason_uri: 'agm.errors.client_error', reason, context };
}
