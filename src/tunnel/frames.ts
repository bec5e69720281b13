/** What travels between the two ends of a tunnel, each a JSON object. */

import type { HandlerError } from '../client/failures';

/** `data` is a text or another value of JSON. */
export type Frame =
    | { type: 'message'; version: number; data: unknown }
    | { type: 'request'; version: number; data: unknown; requestId: string }
    | { type: 'answer'; requestId: string; data: unknown }
    | { type: 'answer'; requestId: string; error: HandlerError }
    /** Nobody waits for the answer any more. */
    | { type: 'cancel'; requestId: string };

/** What the receiver of the other end gets. */
export type Incoming = Extract<Frame, { version: number }>;
