/** What callbacks have done to contexts, through a Context or a Contexts. */

import { ContextConflict } from '../client/context-errors';
import type { Contexts } from '../client/contexts';
import type { LatestStatus } from '../client/status';
import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';
import { Operations } from './operations';
import { type WriteProblem, WriteProblems } from './write-problems';

/** Why a write to a context was not carried out, as `error` says it. */
export interface ContextProblem extends WriteProblem {
    /** A word for callbacks that go on in another way then. */
    type: 'ContextConflict' | 'ContextError';
}

/** @param report As that of `WriteProblems`. */
export function contextOperations(
    component: DashComponent,
    status: LatestStatus,
    diagnostics: Diagnostics,
    report: (problem: ContextProblem | null) => void,
): Operations<Contexts> {
    const describe = (problem: WriteProblem, error: Error): ContextProblem => {
        diagnostics.warnBeside('error', `${problem.operation} failed: ${problem.message}`);
        const isConflict = error instanceof ContextConflict;
        return { ...problem, type: isConflict ? 'ContextConflict' : 'ContextError' };
    };
    const problems = new WriteProblems(component, describe, report);
    return new Operations(component, problems, status, diagnostics, (outcome) =>
        typeof outcome === 'string' ? undefined : outcome.contexts,
    );
}
