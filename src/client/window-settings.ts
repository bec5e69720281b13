/** What is to be known of a window before it is opened, as an author wrote it. */

import { checkKeys } from './keys';

export interface WindowOptions {
    top?: number;
    left?: number;
    width?: number;
    height?: number;
    /** What the window is given, a dict. */
    context?: object;
}

export const OPTION_KEYS = ['top', 'left', 'width', 'height', 'context'] as const;
const GEOMETRY = ['width', 'height', 'left', 'top'] as const;

/** Those of io.Connect. */
const DEFAULT_SIZE = { width: 400, height: 400 };

/** Scripts and data would run in this page's name. */
const PROTOCOLS = ['http:', 'https:', 'about:'];

export function readName(name: unknown): string {
    if (typeof name !== 'string' || name.trim() === '') {
        throw new Error(`A window needs a name, a non-empty string, not ${JSON.stringify(name)}`);
    }
    return name;
}

/**
 * The whole address; what is given may be relative to this page.
 *
 * @throws Error where no window can be opened with it.
 */
export function readUrl(url: unknown): string {
    if (typeof url !== 'string' || url === '') {
        throw new Error(`A window needs a url, a non-empty string, not ${JSON.stringify(url)}`);
    }
    let whole: URL;
    try {
        whole = new URL(url, document.baseURI);
    } catch {
        throw new Error(`The url ${JSON.stringify(url)} cannot be used: it is no valid address`);
    }
    if (!PROTOCOLS.includes(whole.protocol)) {
        throw new Error(
            `The url ${JSON.stringify(url)} cannot be used: it has to begin with http or https`,
        );
    }
    return whole.href;
}

export function readOptions(written: any): WindowOptions {
    if (written === undefined || written === null) {
        return {};
    }
    if (typeof written !== 'object' || Array.isArray(written)) {
        throw new Error(`The options have to be a dict, not ${JSON.stringify(written)}`);
    }
    checkKeys('The options', written, OPTION_KEYS);
    for (const field of GEOMETRY) {
        const value = written[field] ?? undefined;
        if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value))) {
            throw new Error(`${field} has to be a number of pixels, not ${JSON.stringify(value)}`);
        }
    }
    const { context } = written;
    if (context != null && (typeof context !== 'object' || Array.isArray(context))) {
        throw new Error(`The context has to be a dict, not ${JSON.stringify(context)}`);
    }
    return Object.fromEntries(
        Object.entries(written).filter(([, value]) => value !== null && value !== undefined),
    );
}

/** The features for `window.open`: a window where it has a size or a position, else a tab. */
export function featuresOf(options: WindowOptions): string {
    if (!GEOMETRY.some((field) => options[field] !== undefined)) {
        return '';
    }
    const { width, height, left, top } = { ...DEFAULT_SIZE, ...options };
    const values = Object.entries({ width, height, left, top })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${Math.round(value as number)}`);
    return ['popup', ...values].join();
}
