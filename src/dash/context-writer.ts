/** What callbacks have done to contexts, through a Context or a Contexts. */

import { ContextConflict } from '../client/context-errors';
import type { Contexts } from '../client/contexts';
import type { LatestStatus } from '../client/status';
import { Arrival } from './arrival';
import { Attempts } from './attempts';
import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';
import type { Interop } from './interop-context';
import { nextSequence } from './sequence';

/** Names that begin so are those of channels and windows. */
const RESERVED = '___';

/** What an entry of a written value asks of the contexts. */
export interface Write {
    /** That of the context, for `error`. */
    name: unknown;
    /** May throw where what was written cannot be used. */
    act: (contexts: Contexts) => Promise<void>;
}

/** Why a write was not carried out, as `error` says it. */
export interface WriteProblem {
    message: string;
    operation: string;
    name: unknown;
    /** A word for callbacks that go on in another way then. */
    type: 'ContextConflict' | 'ContextError';
    /** Makes each problem another one: the same write may fail twice. */
    sequence: number;
}

export class ContextWriter {
    private readonly component: DashComponent;
    private readonly status: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private readonly report: (problem: WriteProblem | null) => void;
    private readonly arrival = new Arrival();
    private interop: Interop;
    private readonly attempts = new Attempts();

    /** @param report Told of each problem, and when the present one is over: null. */
    constructor(
        component: DashComponent,
        status: LatestStatus,
        diagnostics: Diagnostics,
        report: (problem: WriteProblem | null) => void,
    ) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        this.report = report;
    }

    update(interop: Interop): void {
        this.interop = interop;
        if (interop !== undefined) {
            this.arrival.announce(interop);
        }
    }

    /**
     * Carries out what one value asks for, after those before it; before the page is connected it
     * waits.
     */
    write(operation: string, writes: Write[]): void {
        const place = this.attempts.begin();
        for (const { name, act } of writes) {
            this.carryOut(act).then(
                () => this.succeed(place),
                (error) => this.fail(place, operation, name, error),
            );
        }
    }

    private async carryOut(act: Write['act']): Promise<void> {
        const { contexts } = await this.arrival.client(() => this.interop, this.status);
        await act(contexts);
    }

    private succeed(place: number): void {
        if (this.attempts.succeed(place)) {
            this.report(null);
        }
    }

    private fail(place: number, operation: string, name: unknown, error: Error): void {
        const { message } = error;
        const type = error instanceof ContextConflict ? 'ContextConflict' : 'ContextError';
        const sequence = nextSequence(this.component);
        this.attempts.fail(place);
        this.diagnostics.warnBeside('error', `${operation} failed: ${message}`);
        this.report({ message, operation, name: name ?? null, type, sequence });
    }
}

/**
 * The name of a context that an author may use.
 *
 * @throws Error where it is another one.
 */
export function readContextName(what: string, name: unknown): string {
    if (typeof name !== 'string' || name === '') {
        throw new Error(`${what} needs the name of a context, a non-empty string`);
    }
    if (isReserved(name)) {
        throw new Error(
            `${what} cannot have the name "${name}": names that begin with ${RESERVED} are those ` +
                'of channels and windows, which have components of their own',
        );
    }
    return name;
}

export function isReserved(name: string): boolean {
    return name.startsWith(RESERVED);
}
