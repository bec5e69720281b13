/**
 * Runs before each test file. Several files share a thread, its packages and its global objects; a
 * file gets modules of `src` that no other has used, and hears nothing of what another one does.
 */

import { afterAll, vi } from 'vitest';

vi.resetModules();

// Node.js, in which the files run that need no DOM, calls the global object otherwise.
(globalThis as any).window ??= globalThis;

// What the package gives to the scripts of a page, and would leave alone where it is there already.
for (const name of ['IPyCallback', 'dash_interop', 'glue42dash']) {
    Reflect.deleteProperty(window, name);
}

for (const target of [window, globalThis.document]) {
    const listen = target?.addEventListener;
    if (target && listen) {
        const listening: Parameters<typeof listen>[] = [];
        target.addEventListener = (...listener: Parameters<typeof listen>) => {
            listening.push(listener);
            listen.apply(target, listener);
        };
        afterAll(() => {
            target.addEventListener = listen;
            for (const [type, listener] of listening) {
                target.removeEventListener(type, listener);
            }
        });
    }
}
