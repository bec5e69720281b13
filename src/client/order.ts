/** Steps that are taken one after the other, in the order in which they were asked for. */
export class Order {
    private last: Promise<unknown> = Promise.resolve();

    /** Takes a step after all earlier ones have ended, however they have. */
    run<T>(step: () => Promise<T>): Promise<T> {
        const done = this.last.then(step);
        this.last = done.catch(() => {});
        return done;
    }

    /** As `run`, but nothing waits for the step. */
    after<T>(step: () => T): Promise<T> {
        return this.last.then(step);
    }
}
