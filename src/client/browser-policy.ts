/**
 * Why the browser itself refuses a socket. A script learns no more than that the socket failed, and
 * each browser says so in another way. The document learns a moment later if it was for a policy.
 */

import { LastingProblem } from './status';

/**
 * How long a browser may take to name a policy; later, the socket has failed for another reason.
 */
const VERDICT_MS = 100;

export interface PolicyWatch {
    /**
     * Waits a moment for the browser to name a policy.
     *
     * @param said The reason where it names none.
     */
    verdict: (said: string) => Promise<Error>;
    stop: () => void;
}

/** Listens for violations of the page's policies by the socket to `url`, from now on. */
export function watchPolicy(url: string): PolicyWatch {
    let onVerdict = () => {};
    let isBlocked = false;
    const onViolation = (event: SecurityPolicyViolationEvent) => {
        if (event.disposition !== 'report' && isViolation(event, url)) {
            isBlocked = true;
            onVerdict();
        }
    };
    document.addEventListener('securitypolicyviolation', onViolation);
    const stop = () => document.removeEventListener('securitypolicyviolation', onViolation);
    const verdict = async (said: string) => {
        if (!isBlocked) {
            await new Promise<void>((resolve) => {
                onVerdict = resolve;
                setTimeout(resolve, VERDICT_MS);
            });
        }
        stop();
        return isBlocked ? blockedByPolicy(url) : refused(url, said);
    };
    return { verdict, stop };
}

function isViolation(
    { effectiveDirective, blockedURI }: SecurityPolicyViolationEvent,
    url: string,
) {
    if (effectiveDirective !== 'connect-src') {
        return false;
    }
    try {
        return new URL(blockedURI).host === new URL(url).host;
    } catch {
        // Some browsers name only the scheme of the address.
        return url.startsWith(blockedURI);
    }
}

function blockedByPolicy(url: string): Error {
    const { origin } = new URL(url);
    return new LastingProblem(
        `The content security policy of this page forbids a connection to the gateway: add ${origin} to its connect-src`,
    );
}

function refused(url: string, said: string): Error {
    const isMixed = location.protocol === 'https:' && url.startsWith('ws:');
    return isMixed
        ? new LastingProblem(
              `The browser refuses ${url} to a page that came by https: the gateway needs TLS and a wss: address`,
          )
        : new Error(said);
}
