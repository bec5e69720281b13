// Starts and stops the gateway under test as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './deadline.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '..', '..');

export const againstReference = Boolean(process.env.REFERENCE);

function gatewayCommand() {
    if (process.env.GATEWAY_COMMAND) {
        return process.env.GATEWAY_COMMAND;
    }
    if (againstReference) {
        return `'${process.execPath}' '${join(here, 'reference-gateway.mjs')}'`;
    }
    const python = join(repository, '.venv', 'bin', 'python');
    return `'${python}' -m dash_interop gateway --port 0 --no-auth --channels none`;
}

export async function startGateway() {
    // A process group of its own, so that stopping it reaches what the shell has started.
    const child = spawn(gatewayCommand(), {
        shell: true,
        detached: true,
        cwd: repository,
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    let complaints = '';
    child.stderr.on('data', (data) => (complaints = (complaints + data).slice(-10000)));

    const lines = createInterface({ input: child.stdout });
    const url = new Promise((resolve, reject) => {
        lines.on('line', (line) => {
            const match = /gateway listening on (ws:\/\/\S+)/.exec(line);
            if (match) {
                resolve(match[1]);
            }
        });
        exited.then(() => reject(new Error(`the gateway did not start:\n${complaints}`)), reject);
    });

    function signal(name) {
        try {
            process.kill(-child.pid, name);
        } catch (error) {
            if (error.code !== 'ESRCH') {
                throw error;
            }
        }
    }

    async function kill() {
        signal('SIGKILL');
        await exited;
    }

    async function stop() {
        // A gateway that died during the tests would otherwise only show as odd failures.
        const died = child.exitCode !== null || child.signalCode !== null;
        signal('SIGTERM');
        try {
            await within(exited, 'end of the gateway process');
        } catch {
            await kill();
        }
        if (died) {
            throw new Error(`the gateway process ended during the tests:\n${complaints}`);
        }
    }

    // Whatever ends this process ends the gateway too, the process group notwithstanding.
    process.once('exit', () => signal('SIGKILL'));
    process.once('SIGTERM', () => process.exit(143));

    try {
        return { url: await within(url, 'listening gateway', 20000), stop, kill };
    } catch (error) {
        await kill();
        throw error;
    }
}
