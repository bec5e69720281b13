/** What a notification says and does, as an author wrote it: the settings of io.Connect. */

import { checkKeys, hint } from './keys';

export const SEVERITIES = ['None', 'Low', 'Medium', 'High', 'Critical'] as const;
const TARGETS = ['best', 'all'] as const;

/** More buttons than this are no choice any more; io.Connect Desktop has the same limit. */
export const MOST_ACTIONS = 10;

/** The method that a click invokes. */
export interface InteropSettings {
    method: string;
    arguments?: Record<string, any>;
    target?: (typeof TARGETS)[number];
}

export interface NotificationAction {
    action: string;
    title: string;
    icon?: string;
    interop?: InteropSettings;
}

export interface NotificationSettings {
    title: string;
    body?: string;
    icon?: string;
    image?: string;
    badge?: string;
    tag?: string;
    lang?: string;
    dir?: 'auto' | 'ltr' | 'rtl';
    data?: unknown;
    timestamp?: number;
    vibrate?: number[];
    renotify?: boolean;
    requireInteraction?: boolean;
    silent?: boolean;
    severity?: (typeof SEVERITIES)[number];
    clickInterop?: InteropSettings;
    actions?: NotificationAction[];
    /** Whether it is shown at all; the platforms of io.Connect have a panel for what is not. */
    showToast?: boolean;
    /** These three are for the platforms of io.Connect, which have a panel and a page of their own. */
    showInPanel?: boolean;
    focusPlatformOnDefaultClick?: boolean;
    state?: string;
}

type Kind = 'text' | 'flag' | 'any' | readonly string[];

const FIELDS: Record<Exclude<keyof NotificationSettings, 'clickInterop' | 'actions'>, Kind> = {
    title: 'text',
    body: 'text',
    icon: 'text',
    image: 'text',
    badge: 'text',
    tag: 'text',
    lang: 'text',
    dir: ['auto', 'ltr', 'rtl'],
    data: 'any',
    timestamp: 'any',
    vibrate: 'any',
    renotify: 'flag',
    requireInteraction: 'flag',
    silent: 'flag',
    severity: SEVERITIES,
    showToast: 'flag',
    showInPanel: 'flag',
    focusPlatformOnDefaultClick: 'flag',
    state: 'text',
};

export const NOTIFICATION_KEYS = [...Object.keys(FIELDS), 'clickInterop', 'actions'];
export const ACTION_KEYS = ['action', 'title', 'icon', 'interop'] as const;
export const INTEROP_KEYS = ['method', 'arguments', 'target'] as const;

/**
 * @param what What it is called in messages.
 * @throws Error that says what is wrong.
 */
export function readNotification(written: unknown, what: string): NotificationSettings {
    const fields = givenFields(written, what);
    checkKeys(what, fields, NOTIFICATION_KEYS);
    if (typeof fields.title !== 'string' || fields.title === '') {
        throw new Error(`${what} needs a title, a non-empty string`);
    }
    for (const [field, kind] of Object.entries(FIELDS)) {
        if (field in fields) {
            checkField(`${what}.${field}`, fields[field], kind);
        }
    }
    if (fields.renotify && !fields.tag) {
        throw new Error(`${what}: renotify needs a tag, by which notifications replace each other`);
    }
    return {
        ...(fields as unknown as NotificationSettings),
        ...('clickInterop' in fields
            ? { clickInterop: readInterop(fields.clickInterop, `${what}.clickInterop`) }
            : {}),
        ...('actions' in fields ? { actions: readActions(fields.actions, `${what}.actions`) } : {}),
    };
}

function readActions(written: unknown, what: string): NotificationAction[] {
    if (!Array.isArray(written)) {
        throw new Error(`${what} has to be a list of dicts, not ${JSON.stringify(written)}`);
    }
    if (written.length > MOST_ACTIONS) {
        throw new Error(
            `${what}: a notification has ${MOST_ACTIONS} actions at most, not ${written.length}`,
        );
    }
    const actions = written.map((each, index) => readAction(each, `${what}[${index}]`));
    const names = actions.map(({ action }) => action);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
        throw new Error(`${what}: two actions are called "${twice}"`);
    }
    return actions;
}

function readAction(written: unknown, what: string): NotificationAction {
    const fields = givenFields(written, what);
    checkKeys(what, fields, ACTION_KEYS);
    for (const field of ['action', 'title']) {
        if (typeof fields[field] !== 'string' || fields[field] === '') {
            throw new Error(`${what} needs ${field}, a non-empty string`);
        }
    }
    if ('icon' in fields) {
        checkField(`${what}.icon`, fields.icon, 'text');
    }
    return {
        ...(fields as unknown as NotificationAction),
        ...('interop' in fields ? { interop: readInterop(fields.interop, `${what}.interop`) } : {}),
    };
}

function readInterop(written: unknown, what: string): InteropSettings {
    const fields = givenFields(written, what);
    checkKeys(what, fields, INTEROP_KEYS);
    if (typeof fields.method !== 'string' || fields.method === '') {
        throw new Error(`${what} needs a method, the name of one`);
    }
    const { arguments: args } = fields;
    if (args !== undefined && (typeof args !== 'object' || Array.isArray(args))) {
        throw new Error(`${what}.arguments have to be a dict, not ${JSON.stringify(args)}`);
    }
    if ('target' in fields) {
        checkField(`${what}.target`, fields.target, TARGETS);
    }
    return fields as unknown as InteropSettings;
}

/**
 * The same for a platform, which says itself what is wrong, but takes no null.
 *
 * @throws Error where it is no dict.
 */
export function settingsForPlatform(written: unknown, what: string): Record<string, unknown> {
    const fields = givenFields(written, what);
    const { actions } = fields;
    return Array.isArray(actions)
        ? {
              ...fields,
              actions: actions.map((each, i) => givenFields(each, `${what}.actions[${i}]`)),
          }
        : fields;
}

/** A field that is None in Python is not given. */
function givenFields(written: unknown, what: string): Record<string, unknown> {
    if (written === null || typeof written !== 'object' || Array.isArray(written)) {
        throw new Error(`${what} has to be a dict, not ${JSON.stringify(written)}`);
    }
    return Object.fromEntries(
        Object.entries(written).filter(([, value]) => value !== null && value !== undefined),
    );
}

function checkField(what: string, value: unknown, kind: Kind): void {
    if (kind === 'text' && typeof value !== 'string') {
        throw new Error(`${what} has to be a string, not ${JSON.stringify(value)}`);
    }
    if (kind === 'flag' && typeof value !== 'boolean') {
        throw new Error(`${what} has to be True or False, not ${JSON.stringify(value)}`);
    }
    if (Array.isArray(kind) && !kind.includes(value)) {
        throw new Error(`${what} cannot be ${JSON.stringify(value)}: ${hint(String(value), kind)}`);
    }
}
