/** What is asked of a context, read before anything is sent, and the change that it means. */

import type { Command, Delta } from './context-deltas';
import type { WriteOptions } from './contexts';
import { DEFAULT_TIMEOUT_MS, readTimeout } from './deadlines';

/** Keys that no path may pass; the last one it may not end with, either. */
const RESERVED = ['constructor', 'prototype', '__proto__'];

/** One thing to set in a context; null removes what is there. */
export interface PathValue {
    path: string;
    value: unknown;
}

/** @throws Error where it cannot be the name of a context. */
export function checkName(name: unknown): asserts name is string {
    if (typeof name !== 'string' || name === '') {
        throw new Error(`The name of a context is a non-empty string, not ${said(name)}`);
    }
}

/** @throws Error where it is no dict, or a key would be taken for a path. */
export function updateDelta(data: unknown): Delta {
    checkData(data);
    const dotted = Object.keys(data).find((key) => key.includes('.'));
    if (dotted !== undefined) {
        throw new Error(
            `update cannot set the key "${dotted}": on its way it would be a path, as it has a dot. ` +
                'Use another key, or set, which replaces all data',
        );
    }
    for (const key of Object.keys(data)) {
        if (key === '') {
            throw new Error('update cannot set the key "": use set, which replaces all data');
        }
        checkParts(key);
    }
    return { commands: Object.entries(data).map(([path, value]) => command(path, value)) };
}

/** @throws Error where it is no dict. */
export function setDelta(data: unknown): Delta {
    checkData(data);
    return { reset: data };
}

/** @throws Error where a path or a value cannot be used. */
export function pathsDelta(paths: unknown): Delta {
    if (!Array.isArray(paths) || paths.length === 0) {
        throw new Error(
            `Paths to set are a list of dicts with "path" and "value", not ${said(paths)}`,
        );
    }
    const commands: Command[] = [];
    for (const each of paths) {
        const { path, value } = (each ?? {}) as PathValue;
        checkPath(path);
        if (path !== '') {
            commands.push(command(path, value));
        } else if (paths.length === 1) {
            return setDelta(value);
        } else {
            throw new Error('The path "" is all of the context, so it cannot be one of several');
        }
    }
    return { commands };
}

/** The version that a write asks for, and how long it may take. */
export function readOptions({ ifVersion, timeoutMs }: WriteOptions = {}): {
    ifVersion: number | undefined;
    ms: number;
} {
    if (ifVersion !== undefined && !(Number.isInteger(ifVersion) && ifVersion >= 0)) {
        throw new Error(`ifVersion has to be a version, 0 for none yet, not ${said(ifVersion)}`);
    }
    return { ifVersion, ms: readTimeout('timeoutMs', timeoutMs, DEFAULT_TIMEOUT_MS) };
}

function command(path: string, value: unknown): Command {
    return value === null || value === undefined
        ? { type: 'remove', path }
        : { type: 'set', path, value };
}

function checkData(data: unknown): asserts data is object {
    if (data === null || typeof data !== 'object' || Array.isArray(data) || data instanceof Date) {
        throw new Error(`The data of a context have to be a dict, not ${said(data)}`);
    }
}

function checkPath(path: unknown): asserts path is string {
    if (typeof path !== 'string') {
        throw new Error(`A path is a string such as "prices.EURUSD", not ${said(path)}`);
    }
    if (path !== '' && path.split('.').includes('')) {
        throw new Error(`The path "${path}" has an empty part: parts are separated by one dot`);
    }
    checkParts(path);
}

/** What these mean in JavaScript keeps other clients from using them as keys. */
function checkParts(path: string): void {
    const parts = path.split('.');
    const last = parts.length - 1;
    const bad = parts.find((part, index) => RESERVED.includes(part, index === last ? -1 : 0));
    if (bad !== undefined) {
        throw new Error(`The path "${path}" cannot be used in a context, because of "${bad}"`);
    }
}

function said(value: unknown): string {
    if (value === undefined || value === null) {
        return 'nothing';
    }
    return Array.isArray(value) ? 'a list' : JSON.stringify(value);
}
