import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf-8'));

export default defineConfig({
    define: { __VERSION__: JSON.stringify(version) },
    oxc: { jsx: { runtime: 'classic' } },
    test: {
        pool: 'threads',
        // What files share is separated in support/set-up.ts: jsdom and React take long to load.
        isolate: false,
        // Test files that need a DOM ask for jsdom in their first line.
        environment: 'node',
        include: ['tests/ts/**/*.test.{ts,tsx}'],
        setupFiles: ['tests/ts/support/set-up.ts'],
        // Other processes may have the machine.
        testTimeout: 30_000,
    },
});
