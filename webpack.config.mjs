import { readFileSync } from 'node:fs';
import path from 'node:path';
import webpack from 'webpack';

const root = import.meta.dirname;
const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf-8'));

/** What the components of Dash and the widgets of notebooks are built alike. */
const shared = (mode) => ({
    mode,
    context: root,
    target: ['web', 'es2020'],
    resolve: { extensions: ['.ts', '.tsx', '.js'] },
    module: {
        rules: [
            {
                test: /\.tsx?$/,
                exclude: /node_modules/,
                loader: 'ts-loader',
                // Types are checked by `npm run typecheck`; the compiler options are shared.
                options: { transpileOnly: true, compilerOptions: { noEmit: false } },
            },
        ],
    },
    plugins: [new webpack.DefinePlugin({ __VERSION__: JSON.stringify(version) })],
    devtool: 'source-map',
    ignoreWarnings: [
        // Optional peers of @interopio/core (its telemetry); it goes without when they are absent.
        {
            module: /@interopio\/core/,
            message: /Can't resolve '@interopio\/insights-(base|metrics|traces)'/,
        },
    ],
    performance: { hints: false },
    stats: { preset: 'errors-warnings', assets: true, modules: false },
});

/** The components. */
const bundle = (mode) => ({
    ...shared(mode),
    entry: './src/index.ts',
    output: {
        path: path.join(root, name),
        filename: `${name}.min.js`,
        chunkFilename: 'async-[name].js',
        // Chunks load from where Dash serves the bundle, whatever prefix the app has.
        // It is read from document.currentScript, so the bundle has to be a plain script.
        publicPath: 'auto',
        library: { name, type: 'window' },
    },
    // Dash serves React; two copies on a page would break hooks.
    externals: { react: 'React', 'react-dom': 'ReactDOM' },
});

/** The modules of widgets. A notebook gets the text of one, so each is a single file. */
const widgets = (mode) => ({
    ...shared(mode),
    entry: {
        page: './src/notebook/page-widget.ts',
        tunnel: './src/notebook/tunnel-widget.ts',
    },
    experiments: { outputModule: true },
    output: {
        path: path.join(root, name),
        filename: 'notebook-[name].js',
        module: true,
        library: { type: 'module' },
    },
    plugins: [
        ...shared(mode).plugins,
        new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 }),
    ],
    devtool: false,
});

export default (_env, { mode = 'production' }) => [bundle(mode), widgets(mode)];
