/** What is wrong with what callbacks have written, for an `error` that holds the present problem. */

import { Attempts } from './attempts';
import type { DashComponent } from './component';
import type { Progress } from './operations';
import { nextSequence } from './sequence';

/** Why a write was not carried out, as `error` says it. */
export interface WriteProblem {
    message: string;
    operation: string;
    name: unknown;
    /** Makes each problem another one: the same write may fail twice. */
    sequence: number;
}

export class WriteProblems<Problem extends WriteProblem = WriteProblem> implements Progress {
    private readonly component: DashComponent;
    private readonly describe: (problem: WriteProblem, error: Error) => Problem;
    private readonly report: (problem: Problem | null) => void;
    private readonly attempts = new Attempts();

    /**
     * @param describe Shows a problem to authors, and adds what else callbacks hear of it.
     * @param report Told of each problem, and when the present one is over: null.
     */
    constructor(
        component: DashComponent,
        describe: (problem: WriteProblem, error: Error) => Problem,
        report: (problem: Problem | null) => void,
    ) {
        this.component = component;
        this.describe = describe;
        this.report = report;
    }

    begin(): number {
        return this.attempts.begin();
    }

    succeed(place: number): void {
        if (this.attempts.succeed(place)) {
            this.report(null);
        }
    }

    fail(place: number, operation: string, error: Error, name: unknown = null): void {
        const sequence = nextSequence(this.component);
        const { message } = error;
        this.attempts.fail(place);
        this.report(this.describe({ message, operation, name, sequence }, error));
    }
}
