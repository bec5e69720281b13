/** The question a page asks its own Dash server before each login. */

export interface Session {
    /** WebSocket URL of the gateway. */
    url: string;
    /** Short-lived proof of who the user is. */
    token: string;
    /** What this page is called, unless its settings say otherwise. */
    application: string;
}

const ROUTE = '_dash-interop/session';
const TIMEOUT_MS = 10_000;

export async function askSession(): Promise<Session> {
    const response = await post(pathPrefix() + ROUTE);
    if (!response.ok) {
        const isMissing = response.status === 404 || response.status === 405;
        const hint = isMissing ? ': import dash_interop before the app is made' : '';
        throw new Error(`The Dash server answered ${response.status} to ${ROUTE}${hint}`);
    }
    const answer = await response.json();
    if (answer.error) {
        throw new Error(answer.error);
    }
    return answer;
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
