import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf-8'));

export default defineConfig({
    define: { __VERSION__: JSON.stringify(version) },
    oxc: { jsx: { runtime: 'classic' } },
    test: {
        environment: 'jsdom',
        include: ['tests/ts/**/*.test.{ts,tsx}'],
    },
});
