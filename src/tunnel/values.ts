/** What a page gives to a tunnel. */

import { TunnelError } from './errors';

/**
 * A value as it travels: what `JSON.stringify` makes of it, also when it is changed afterwards.
 *
 * @throws TunnelError where JSON has no text for it.
 */
export function portable(value: unknown): unknown {
    if (typeof value === 'string') {
        return value;
    }
    let text: string | undefined;
    try {
        text = JSON.stringify(value);
    } catch (error) {
        throw invalid(`A message cannot be written as JSON: ${(error as Error).message}`);
    }
    if (text === undefined) {
        throw invalid(`A message has to be a text or a value of JSON, not ${kindOf(value)}`);
    }
    return JSON.parse(text);
}

/** @throws TunnelError where it is no version. */
export function readVersion(version: unknown): number {
    if (!Number.isSafeInteger(version) || (version as number) < 0) {
        throw invalid(`A version has to be a whole number, 0 or more, not ${shown(version)}`);
    }
    return version as number;
}

/** @throws TunnelError where it cannot be called. */
export function readFunction<F>(name: string, given: F): F {
    if (typeof given !== 'function') {
        throw invalid(`${name} needs a function, not ${shown(given)}`);
    }
    return given;
}

function invalid(message: string): TunnelError {
    return new TunnelError('InvalidMessage', message);
}

function kindOf(value: unknown): string {
    return value === undefined ? 'undefined' : `a ${typeof value}`;
}

function shown(value: unknown): string {
    return typeof value === 'number' || value === undefined
        ? String(value)
        : (JSON.stringify(value) ?? kindOf(value));
}
