import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf-8'));

export default defineConfig({
    define: { __VERSION__: JSON.stringify(version) },
    oxc: { jsx: { runtime: 'classic' } },
    test: {
        // A file whose tests need a DOM says so in its first line: one for each takes its time.
        environment: 'node',
        include: ['tests/ts/**/*.test.{ts,tsx}'],
        // Other processes may have the machine.
        testTimeout: 30_000,
    },
});
