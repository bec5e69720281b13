/** The version in package.json, put in by webpack and vitest. */
declare const __VERSION__: string;
