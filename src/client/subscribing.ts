/** The subscriber's side of a stream. */

import { withTimeout } from './deadlines';
import { toError } from './errors';
import { type Finding, readWanted } from './finding';

export class Subscribing {
    private readonly interop: any;
    private readonly finding: Finding;

    /** @param interop That of core. */
    constructor(interop: any, finding: Finding) {
        this.interop = interop;
        this.finding = finding;
    }

    async subscribe(
        definition: unknown,
        { target, ...options }: Record<string, any>,
    ): Promise<any> {
        const { waitTimeoutMs, methodResponseTimeout } = options;
        const wanted = readWanted({
            definition,
            target,
            streams: true,
            waitTimeoutMs,
            timeout: ['methodResponseTimeout', methodResponseTimeout],
        });
        const { method, timeoutMs } = wanted;
        const servers = await this.finding.wait(wanted);
        const chosen = servers.map(({ peerId }) => ({ peerId }));
        const parameters = { ...options, target: chosen, methodResponseTimeout: timeoutMs };
        const subscribing = this.interop.subscribe(method, parameters).catch((reason: any) => {
            throw toError(reason);
        });
        const what = `Nobody accepted the subscription to ${method.name}`;
        return withTimeout(subscribing, timeoutMs, what);
    }
}
