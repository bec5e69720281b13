/**
 * The caller's side of an invocation: finds servers, calls each of them, and joins what comes of
 * it.
 */

import { readArguments } from './arguments';
import type { MethodDefinition } from './definitions';
import { failureOf } from './failures';
import { type Finding, readWanted } from './finding';
import { type Instance, plainInstance } from './instance';
import { type InvocationResult, joinOutcomes, type Outcome } from './results';

export interface InvokeOptions {
    waitTimeoutMs?: number;
    methodResponseTimeoutMs?: number;
}

export class Invoking {
    private readonly interop: any;
    private readonly finding: Finding;

    /** @param interop That of core. */
    constructor(interop: any, finding: Finding) {
        this.interop = interop;
        this.finding = finding;
    }

    async invoke(
        definition: unknown,
        args: unknown,
        target: unknown,
        { waitTimeoutMs, methodResponseTimeoutMs }: InvokeOptions,
    ): Promise<InvocationResult> {
        const wanted = readWanted({
            definition,
            target,
            streams: false,
            waitTimeoutMs,
            timeout: ['methodResponseTimeoutMs', methodResponseTimeoutMs],
        });
        const calledWith = readArguments(args);
        const { method, timeoutMs } = wanted;
        // Where servers are known already, the calls leave before this function first awaits.
        const present = this.finding.present(wanted);
        const servers = present.length > 0 ? present : await this.finding.wait(wanted);
        // One by one: core loses all results when one of several servers times out.
        const outcomes = await Promise.all(
            servers.map((server) => this.call(server, method, calledWith, timeoutMs)),
        );
        return joinOutcomes(method, calledWith, outcomes);
    }

    private async call(
        server: Instance,
        method: MethodDefinition,
        args: Record<string, any>,
        timeoutMs: number,
    ): Promise<Outcome> {
        const executed_by = plainInstance(server);
        const options = { methodResponseTimeoutMs: timeoutMs, waitTimeoutMs: 0 };
        try {
            const target = { peerId: server.peerId };
            const result = await this.interop.invoke(method, args, target, options);
            return { executed_by, returned: result.returned ?? {} };
        } catch (reason) {
            return { executed_by, error: failureOf(reason, method, timeoutMs) };
        }
    }
}
