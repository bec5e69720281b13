/** Which room of src may know which: the arrows point from components to dash to tunnel to client. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const SRC = path.join(import.meta.dirname, '../../src');

/** The rooms and packages that each room may import from. */
const ARROWS: Record<string, string[]> = {
    client: ['client', '@interopio/core', '@cfworker/json-schema'],
    // The types that pages see are in the package that they get.
    tunnel: ['tunnel', 'client', '../dash_interop/dash_interop.d.ts'],
    dash: ['dash', 'tunnel', 'client', 'react', '../dash_interop/dash_interop.d.ts'],
    notebook: ['notebook', 'tunnel', 'client', '../dash_interop/dash_interop.d.ts'],
    ui: ['ui', 'react'],
    components: ['components', 'dash', 'ui', 'react'],
    index: ['components', 'dash'],
};

/** The modules of src by their paths, such as `client/codec`, with what each of them imports. */
const imports = new Map(
    readdirSync(SRC, { recursive: true, encoding: 'utf-8' })
        .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
        .map((file) => [withoutExtension(file), importedBy(file)] as const),
);

function importedBy(file: string): string[] {
    const { importedFiles } = ts.preProcessFile(readFileSync(path.join(SRC, file), 'utf-8'));
    return importedFiles.map(({ fileName }) =>
        fileName.startsWith('.') ? path.posix.join(path.posix.dirname(file), fileName) : fileName,
    );
}

function withoutExtension(file: string): string {
    return file
        .replace(/\.tsx?$/, '')
        .split(path.sep)
        .join('/');
}

function roomOf(module: string): string {
    return imports.has(module) ? module.split('/')[0] : module;
}

/** The modules on the way from one back to itself; undefined where there is no such way. */
function circleOf(module: string): string[] | undefined {
    const waysTo = (imports.get(module) ?? []).map((next) => [module, next]);
    const seen = new Set<string>();
    for (const way of waysTo) {
        const last = way[way.length - 1];
        if (last === module) {
            return way;
        }
        if (!seen.has(last)) {
            seen.add(last);
            waysTo.push(...(imports.get(last) ?? []).map((next) => [...way, next]));
        }
    }
    return undefined;
}

test('every import is seen', () => {
    expect(imports.get('index')).toContain('components/Glue42');
    expect(imports.get('client/library')).toContain('@interopio/core');
    expect(imports.get('client/errors')).toEqual(['client/instance']);
});

describe.each([...imports])('%s', (module, imported) => {
    test('imports what its room may know', () => {
        const allowed = ARROWS[roomOf(module)];
        expect(imported.filter((each) => !allowed.includes(roomOf(each)))).toEqual([]);
    });

    test('does not import itself through others', () => {
        expect(circleOf(module)).toBeUndefined();
    });
});
