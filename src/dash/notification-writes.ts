/** What callbacks write to a Notifications; each function throws an Error that says what is wrong. */

import { hint } from '../client/keys';
import { DISPLAYS, type Display } from '../client/notifications';
import { fieldsOf } from './entries';

/** What a user has done with a notification that the app shows itself. */
export interface Report {
    id: string;
    type: 'click' | 'action' | 'close';
    action?: string;
}

const REPORT_KEYS = ['id', 'type', 'action'] as const;
const REPORT_TYPES = ['click', 'action', 'close'] as const;

export function readReport(written: unknown, what: string): Report {
    const { id, type, action }: any = fieldsOf(what, written, REPORT_KEYS);
    if (typeof id !== 'string') {
        throw new Error(`${what} needs the id of a notification`);
    }
    if (!REPORT_TYPES.includes(type)) {
        throw new Error(
            `${what}: type cannot be ${JSON.stringify(type)}: ${hint(String(type), REPORT_TYPES)}`,
        );
    }
    if ((type === 'action') !== (typeof action === 'string')) {
        throw new Error(
            `${what} has the name of an action where its type is "action", and only there`,
        );
    }
    return { id, type, ...(type === 'action' ? { action } : {}) };
}

export function readDisplay(display: any): Display {
    if (!DISPLAYS.includes(display)) {
        throw new Error(
            `display cannot be ${JSON.stringify(display)}: ${hint(String(display), DISPLAYS)}`,
        );
    }
    return display;
}
