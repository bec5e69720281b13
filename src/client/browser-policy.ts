/**
 * Why the browser itself refuses a socket. It tells scripts nothing but that it failed, each in its
 * own way, and a moment later documents hear that one of their policies was violated.
 */

import { LastingProblem } from './status';

/** How long a browser may take to name the policy, or to say that the socket has failed for another reason. */
const VERDICT_MS = 100;

export interface PolicyWatch {
    /** Waits a moment for the browser's word. */
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
        // Some browsers tell no more than the scheme.
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
