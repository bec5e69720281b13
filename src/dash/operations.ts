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
import { type Interop, NO_ROOT } from './interop-context';

/** The connection, or words that say why there is none. */
export type Outcome = InteropClient | string;

/** What an entry of a written value asks for. */
export type Act<Tool> = (tool: Tool) => Promise<unknown>;

/** Hears how it goes. */
export interface Progress {
    /** A value was written; returns its place. */
    begin(): number;
    succeed(place: number): void;
    /** @param name What the entry calls the thing that it is about. */
    fail(place: number, operation: string, error: Error, name: unknown): void;
}

export class Operations<Tool> {
    /** What carries them out; undefined where there is none, or it is not known yet. */
    tool: Tool | undefined;
    private readonly component: DashComponent;
    private readonly progress: Progress;
    private readonly status: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private readonly toolOf: (outcome: Outcome) => Tool | undefined;
    private readonly arrival = new Arrival();
    private interop: Interop;
    /** How many wait for the connection. */
    private waiting = 0;
    private hasEnded = false;

    /**
     * @param toolOf Called again when there is another connection; undefined where nothing can be
     * done without one.
     */
    constructor(
        component: DashComponent,
        progress: Progress,
        status: LatestStatus,
        diagnostics: Diagnostics,
        toolOf: (outcome: Outcome) => Tool | undefined,
    ) {
        this.component = component;
        this.progress = progress;
        this.status = status;
        this.diagnostics = diagnostics;
        this.toolOf = toolOf;
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
     * @param read Says what an entry asks for, or throws.
     * @param mark As that of `DashComponent.watch`.
     */
    carryOut(prop: string, read: (entry: unknown, what: string) => Act<Tool>, mark: string): void {
        const onWrite = (written: unknown) => {
            const place = this.progress.begin();
            for (const [what, entry] of entriesOf(prop, written)) {
                this.run(prop, () => read(entry, what), (entry as any)?.name, place);
            }
        };
        this.component.watch(prop, onWrite, mark);
    }

    /**
     * Does it, and tells whether it has succeeded.
     *
     * @param read What is wrong with what was asked for is told at once.
     * @param name As that of `Progress.fail`.
     * @param place Of the value that asks for it.
     */
    async run(
        operation: string,
        read: () => Act<Tool>,
        name?: unknown,
        place: number = this.progress.begin(),
    ): Promise<void> {
        try {
            const act = read();
            if (this.tool === undefined || this.waiting > 0) {
                await this.untilKnown();
            }
            if (!this.hasEnded) {
                await act(this.tool as Tool);
                this.progress.succeed(place);
            }
        } catch (error) {
            if (!this.hasEnded) {
                this.progress.fail(place, operation, error as Error, name);
            }
        }
    }

    /** The component is gone, and what it was asked for with it. */
    end(): void {
        this.hasEnded = true;
    }

    /** @throws Error that says why nothing can be done. */
    private async untilKnown(): Promise<void> {
        this.waiting += 1;
        const arrived = await this.arrival.wait(DEFAULT_TIMEOUT_MS, this.status);
        this.waiting -= 1;
        const outcome = (this.interop ?? arrived) as Outcome;
        this.tool ??= this.toolOf(outcome);
        if (this.tool === undefined) {
            throw new Error(outcome as string);
        }
    }
}
