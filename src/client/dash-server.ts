/** Questions of a page to its own Dash server. */

const TIMEOUT_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 5_000;

/** Asks one of our routes; throws an Error that says why there is no answer, or what the answer says. */
export async function askDashServer(route: string, query: Record<string, string> = {}) {
    const parameters = new URLSearchParams(query).toString();
    const response = await post(pathPrefix() + route + (parameters && `?${parameters}`));
    if (!response.ok) {
        const isMissing = response.status === 404 || response.status === 405;
        const hint = isMissing ? ': import dash_interop before the app is made' : '';
        throw new Error(`The Dash server answered ${response.status} to ${route}${hint}`);
    }
    const answer = await response.json();
    if (answer.error) {
        throw new Error(answer.error);
    }
    return answer;
}

/** Resolves when the Dash server itself answers, or when nobody waits any more. */
export async function untilDashServerAnswers(signal: AbortSignal): Promise<void> {
    for (
        let delay = FIRST_DELAY_MS;
        !signal.aborted;
        delay = Math.min(2 * delay, LONGEST_DELAY_MS)
    ) {
        await pause(delay, signal);
        try {
            const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
            // Every Dash server has it, it is small, and nothing happens there.
            const response = await fetch(`${pathPrefix()}_dash-dependencies`, { signal: limit });
            // A proxy may answer in its place, or a login.
            if (response.ok && response.headers.get('Content-Type')?.includes('json')) {
                return;
            }
        } catch {
            // Nobody answers yet.
        }
    }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, delayMs);
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
        });
    });
}

async function post(url: string): Promise<Response> {
    try {
        return await fetch(url, {
            method: 'POST',
            credentials: 'same-origin',
            signal: AbortSignal.timeout(TIMEOUT_MS),
        });
    } catch (error) {
        throw new Error(`The Dash server does not answer: ${(error as Error).message}`);
    }
}

/** Where this app's routes begin as the browser sees them, as Dash tells its renderer. */
function pathPrefix(): string {
    const config = document.getElementById('_dash-config')?.textContent;
    return (config && JSON.parse(config).requests_pathname_prefix) || '/';
}
