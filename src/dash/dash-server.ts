/** Questions of a page to its own Dash server. */

import { delays } from '../client/backoff';
import { LastingProblem } from '../client/status';

const TIMEOUT_MS = 10_000;
const FIRST_DELAY_MS = 500;

/** Not in the URL, which stands in the logs of servers and proxies. */
const QUESTION_HEADER = 'X-Dash-Interop-Question';

/** What servers answer to a request that brings no token against cross-site request forgery. */
const CSRF_STATUSES = [400, 403, 419];
const LOGIN_STATUSES = [401, 403];
const MISSING_STATUSES = [404, 405];

/**
 * Asks one of our routes; throws an Error where there is no answer, or where the answer is an
 * error.
 */
export async function askDashServer(route: string, question: Record<string, string> = {}) {
    const response = await post(pathPrefix() + route, new URLSearchParams(question).toString());
    if (!response.ok) {
        throw await refusal(route, response);
    }
    const answer = await readJson(route, response);
    if (answer.error) {
        throw answer.isLasting ? new LastingProblem(answer.error) : new Error(answer.error);
    }
    return answer;
}

/**
 * A component's waits for a Dash server that is away. Where its callbacks fail although another
 * route of the server answers, as behind a proxy that knows only some of them, each wait is longer.
 */
export class ServerWait {
    private waits = delays(FIRST_DELAY_MS);

    /** The server has answered a callback. */
    end(): void {
        this.waits = delays(FIRST_DELAY_MS);
    }

    /** Resolves when the Dash server itself answers, or when nobody waits any more. */
    async untilItAnswers(signal: AbortSignal): Promise<void> {
        while (!signal.aborted) {
            await pause(this.waits.next().value, signal);
            try {
                const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
                // Every Dash server has this route; its answer is small, and asking changes nothing.
                const response = await fetch(`${pathPrefix()}_dash-dependencies`, {
                    signal: limit,
                });
                // A proxy or a login page may answer in its place.
                if (response.ok && response.headers.get('Content-Type')?.includes('json')) {
                    return;
                }
            } catch {
                // Nobody answers yet.
            }
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

async function post(url: string, question: string): Promise<Response> {
    try {
        return await fetch(url, {
            method: 'POST',
            credentials: 'same-origin',
            headers: { ...csrfHeader(), ...(question && { [QUESTION_HEADER]: question }) },
            signal: AbortSignal.timeout(TIMEOUT_MS),
        });
    } catch (error) {
        throw new Error(`The Dash server does not answer: ${(error as Error).message}`);
    }
}

async function refusal(route: string, response: Response): Promise<Error> {
    const { status } = response;
    const said = `The Dash server answered ${status} to ${route}`;
    if (CSRF_STATUSES.includes(status) && /csrf/i.test(await textOf(response))) {
        return new LastingProblem(
            `${said}: it wants a CSRF token. Exempt the views of dash_interop from the protection, or set the cookie that Dash sends back`,
        );
    }
    if (LOGIN_STATUSES.includes(status)) {
        return new Error(`${said}: nobody is logged in there, or the login has expired`);
    }
    if (MISSING_STATUSES.includes(status)) {
        return new LastingProblem(`${said}: import dash_interop before the app is made`);
    }
    return new Error(said);
}

async function readJson(route: string, response: Response): Promise<any> {
    const text = await textOf(response);
    try {
        const answer = JSON.parse(text);
        if (answer !== null && typeof answer === 'object') {
            return answer;
        }
    } catch {
        // The errors below say so.
    }
    if (response.redirected) {
        const { pathname } = new URL(response.url, location.href);
        throw new Error(
            `The Dash server sent ${route} on to ${pathname}: the login has probably expired`,
        );
    }
    const [type] = (response.headers.get('Content-Type') || 'something').split(';');
    throw new Error(
        `The Dash server answered ${route} with ${type} that is not a JSON object: a login page or a proxy may have answered in its place`,
    );
}

/** Empty where the connection breaks. */
function textOf(response: Response): Promise<string> {
    return response.text().catch(() => '');
}

/** Where this app's routes begin as the browser sees them, as Dash tells its renderer. */
function pathPrefix(): string {
    return dashConfig().requests_pathname_prefix || '/';
}

/** The token that Dash's renderer sends with callbacks, where the server has set its cookie. */
function csrfHeader(): Record<string, string> {
    const { csrf_token_name: cookie, csrf_header_name: header } = dashConfig();
    const prefix = `${cookie || '_csrf_token'}=`;
    const found = document.cookie.split('; ').find((each) => each.startsWith(prefix));
    return found ? { [header || 'X-CSRFToken']: decoded(found.slice(prefix.length)) } : {};
}

function decoded(value: string): string {
    try {
        return decodeURIComponent(value);
    } catch {
        return value;
    }
}

function dashConfig(): Record<string, any> {
    const text = document.getElementById('_dash-config')?.textContent;
    return text ? JSON.parse(text) : {};
}
