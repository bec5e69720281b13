/**
 * What callbacks ask a component to do in the page: done in order as soon as it is known how the
 * page is connected, and at once where that is known.
 */

import { DEFAULT_TIMEOUT_MS } from '../client/deadlines';
import type { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import { Arrival } from './arrival';
import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';
import { entriesOf } from './entries';
import type { Events } from './events';
import { Failures } from './failures';
import { type Interop, NO_ROOT } from './interop-context';

/** The connection, or words that say why there is none. */
export type Outcome = InteropClient | string;

export class Operations<Tool> {
    readonly failures: Failures;
    /** What carries them out; undefined until it is known how the page is connected. */
    tool: Tool | undefined;
    private readonly component: DashComponent;
    private readonly status: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private readonly toolOf: (outcome: Outcome) => Tool;
    private readonly arrival = new Arrival();
    private interop: Interop;
    private hasEnded = false;

    /**
     * @param events Tells of failures, too.
     * @param toolOf Called again when there is another connection.
     */
    constructor(
        component: DashComponent,
        events: Events,
        status: LatestStatus,
        diagnostics: Diagnostics,
        toolOf: (outcome: Outcome) => Tool,
    ) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        this.toolOf = toolOf;
        this.failures = new Failures(events, diagnostics);
    }

    /** Takes over the connection as it is known now. */
    settle(interop: Interop): void {
        if (interop === this.interop) {
            return;
        }
        this.interop = interop;
        if (interop === NO_ROOT) {
            this.diagnostics.fail(interop);
        }
        if (interop !== undefined) {
            this.tool = this.toolOf(interop);
            this.arrival.announce(interop);
        }
    }

    /**
     * Does what each entry of a value says that is written to a prop.
     *
     * @param mark As that of `DashComponent.watch`.
     */
    carryOut(
        prop: string,
        act: (tool: Tool, entry: unknown, what: string) => Promise<unknown>,
        mark: string,
    ): void {
        const onWrite = (written: unknown) => {
            for (const [what, entry] of entriesOf(prop, written)) {
                this.run(prop, (tool) => act(tool, entry, what));
            }
        };
        this.component.watch(prop, onWrite, mark);
    }

    /** Does it, and tells whether it has succeeded. */
    async run(operation: string, act: (tool: Tool) => Promise<unknown>): Promise<void> {
        if (this.tool === undefined) {
            const outcome = await this.arrival.wait(DEFAULT_TIMEOUT_MS, this.status);
            this.tool ??= this.toolOf(outcome as Outcome);
        }
        if (this.hasEnded) {
            return;
        }
        try {
            await act(this.tool);
            this.failures.clear();
        } catch (error) {
            this.failures.tell((error as Error).message, { operation });
        }
    }

    /** The component is gone, and what it was asked for with it. */
    end(): void {
        this.hasEnded = true;
    }
}
