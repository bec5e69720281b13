/**
 * What the servers of a MethodInvoke tell of how far they are, on its way to the callbacks: one
 * value after the other, each of them, and the result of an invocation behind all of its values.
 */

/** The most values that wait for the callbacks. */
const MOST_WAITING = 10_000;

interface Waiting {
    /** The invocation. */
    of: object;
    value: object;
    resolve: () => void;
}

export class ProgressEvents {
    private readonly deliver: (value: object) => Promise<unknown>;
    private readonly warn: (message: string) => void;
    private readonly waiting = new Set<Waiting>();
    /** When the last value of each invocation has reached the callbacks. */
    private readonly told = new WeakMap<object, Promise<void>>();
    private running = false;

    /**
     * @param deliver Hands a value to the callbacks; resolves when they have ended.
     * @param warn Says that values are lost.
     */
    constructor(deliver: (value: object) => Promise<unknown>, warn: (message: string) => void) {
        this.deliver = deliver;
        this.warn = warn;
    }

    add(of: object, value: object): void {
        if (this.waiting.size >= MOST_WAITING) {
            const [oldest] = this.waiting;
            this.lose(oldest);
            this.warn(
                `progress comes faster than its callbacks run: of more than ${MOST_WAITING} values that wait, the oldest are lost`,
            );
        }
        const told = new Promise<void>((resolve) => {
            this.waiting.add({ of, value, resolve });
        });
        this.told.set(of, told);
        this.run();
    }

    /** Resolves when the callbacks have had all values of an invocation. */
    untilTold(of: object): Promise<void> | undefined {
        return this.told.get(of);
    }

    /** Nobody wants to know of an invocation any more. */
    drop(of: object): void {
        for (const one of this.waiting) {
            if (one.of === of) {
                this.lose(one);
            }
        }
    }

    private lose(one: Waiting): void {
        this.waiting.delete(one);
        one.resolve();
    }

    private async run(): Promise<void> {
        if (this.running) {
            return;
        }
        this.running = true;
        for (const one of this.waiting) {
            this.waiting.delete(one);
            await this.deliver(one.value);
            one.resolve();
        }
        this.running = false;
    }
}
