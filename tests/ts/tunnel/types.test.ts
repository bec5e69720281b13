/** The types in the package, as somebody who has nothing but the package uses them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';

const TYPES = path.join(import.meta.dirname, '../../../dash_interop/dash_interop.d.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'tunnel-types-'));

afterAll(() => {
    rmSync(folder, { recursive: true });
});

/** What the compiler says of a file in the assets of an app. */
function complaints(name: string, code: string): string[] {
    const file = path.join(folder, name);
    writeFileSync(file, `/// <reference path=${JSON.stringify(TYPES)} />\n${code}`);
    const program = ts.createProgram([file], {
        strict: true,
        noEmit: true,
        skipDefaultLibCheck: true,
        allowJs: true,
        checkJs: true,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
        types: [],
    });
    return ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const USE = `
    const tunnel = window.dash_interop.tunnels.get({ type: 't', index: 1 });
    const version = tunnel.send_msg({ text: 'x', list: [1, null] });
    tunnel.on_receive((answered, message) => answered >= version && console.log(message.text));
    const unlisten = tunnel.listen((_, message) => message);
    tunnel.on_request(async (value) => value + 1);
    const isSent = tunnel.send_msg_with_version(version, 'y');
    unlisten();
    const abort = new AbortController();
    window.dash_interop.tunnels.when('t').then(async (mounted) => {
        const options = { timeoutMs: 500, signal: abort.signal, newestOnly: true };
        const found = await mounted.request('x', options);
        console.log(found.length, isSent, mounted.stale, mounted.version, mounted.id);
    });
    window.IPyCallback.get('t').send_msg('x');
`;

test.each(['asset.js', 'asset.ts'])('%s may use all of it', (name) => {
    expect(complaints(name, USE)).toEqual([]);
});

const MISTAKES = [
    ['tunnel.send("x")', "Property 'send' does not exist on type 'Tunnel'"],
    ['tunnel.request("x", { timeout: 5 })', "'timeout' does not exist in type 'RequestOptions'"],
    ['tunnel.on_receive("x")', "not assignable to parameter of type 'MessageListener'"],
    ['tunnel.send_msg_with_version("x", 1)', "not assignable to parameter of type 'number'"],
    ['tunnel.stale = 1', "Cannot assign to 'stale'"],
    ['const text: string = tunnel.send_msg("x")', "'number' is not assignable to type 'string'"],
];

test('mistakes are found', () => {
    const tunnel = "const tunnel = window.dash_interop.tunnels.get('t')";
    const code = [tunnel, ...MISTAKES.map(([mistake]) => mistake)].join(';\n');
    const said = complaints('wrong.ts', code);
    expect(said).toEqual(MISTAKES.map(([, words]) => expect.stringContaining(words)));
});
