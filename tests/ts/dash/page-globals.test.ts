// @vitest-environment jsdom

import { afterEach, expect, test } from 'vitest';
import { version } from '../../../package.json';
import { createPageGlobals, pageTitle, publishInstance } from '../../../src/dash/page-globals';

afterEach(() => {
    window.glue42dash = undefined;
});

test('the page is told the version', () => {
    createPageGlobals();
    expect(window.glue42dash?.version).toBe(version);
});

test('what the page put there before is kept', () => {
    const libSettings = { web: { factory: async () => ({}) } };
    window.glue42dash = { libSettings } as any;
    createPageGlobals();
    expect(window.glue42dash?.libSettings).toBe(libSettings);
});

test('the API object is published as a property and through the promise', async () => {
    createPageGlobals();
    const io = { interop: {} };
    expect(window.glue42dash?.glueInstance).toBeUndefined();
    publishInstance(io);
    expect(window.glue42dash?.glueInstance).toBe(io);
    expect(await window.glue42dash?.glueInstancePromise).toBe(io);
});

test('the title of the page is the one that it came with', () => {
    document.title = 'Clients';
    createPageGlobals();
    document.title = 'Updating...';
    expect(pageTitle()).toBe('Clients');
});

test('a page without the namespace is left alone', () => {
    expect(() => publishInstance({})).not.toThrow();
    expect(window.glue42dash).toBeUndefined();
});
