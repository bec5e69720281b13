/** What a Contexts does: callbacks write to any context by it, and hear which ones there are. */

import type { Contexts } from '../client/contexts';
import { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import type { DashComponent, Part } from './component';
import { isReserved } from './context-names';
import { type ContextProblem, contextOperations } from './context-operations';
import { CONTEXT_WRITES } from './context-writes';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import type { Interop } from './interop-context';
import type { Operations } from './operations';
import { warnOfWrites } from './own-props';
import { StateProp } from './state-prop';

export class PageContexts implements Part {
    private readonly error: ErrorProp;
    private readonly operations: Operations<Contexts>;
    private readonly names: StateProp;
    private present: string[] | undefined;
    private interop: Interop;
    private stop: () => void = () => {};

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.error = new ErrorProp(component);
        this.names = new StateProp(component.deliverer('names', true), () => this.present);
        this.operations = contextOperations(component, status, diagnostics, (problem) =>
            this.tell(problem),
        );
        for (const [prop, read] of Object.entries(CONTEXT_WRITES)) {
            this.operations.carryOut(prop, read, 'names');
        }
        warnOfWrites(component, diagnostics, ['names', 'error'], 'names');
    }

    update(interop: Interop): void {
        this.operations.settle(interop);
        if (interop !== this.interop) {
            this.interop = interop;
            this.stop();
            this.stop = () => {};
            this.follow(interop);
        }
    }

    /** The component has left the layout; what it was told to write is written all the same. */
    end(): void {
        this.stop();
        this.names.end();
    }

    private follow(interop: Interop): void {
        if (interop instanceof InteropClient) {
            this.stop = interop.contexts.onNames((all) => {
                this.present = all.filter((name) => !isReserved(name));
                this.names.change();
            });
        } else if (typeof interop === 'string') {
            this.error.tell(interop);
        }
    }

    private tell(problem: ContextProblem | null): void {
        const { message = null, ...rest } = problem ?? {};
        this.error.tell(message, rest);
    }
}
