/** The caller of an invocation, as a handler deals with it. */

import type { Reply } from '../../../src/client/serving';

/** A reply whose caller waits for ever, unless something else is said. */
export function fakeReply(given: Partial<Reply> = {}): Reply {
    return {
        succeed: () => {},
        fail: () => {},
        progress: () => {},
        cancelled: new AbortController().signal,
        budgetMs: undefined,
        ...given,
    };
}
