import type { DashComponent } from './component';

/** The `error` of a component: what is wrong with it at present, in words. */
export class ErrorProp {
    private readonly component: DashComponent;
    /** What it was told last, as text. */
    private told: string;

    constructor(component: DashComponent) {
        this.component = component;
        this.told = JSON.stringify(component.deliverer('error').lastValue ?? null);
    }

    /**
     * Leaves the prop alone while the same is wrong, or still nothing, so that no callback runs for
     * that.
     *
     * @param message null while all is well.
     * @param about What it is about, as further keys.
     */
    tell(message: string | null, about: Record<string, unknown> = {}): void {
        const error = message === null ? null : { message, ...about };
        const text = JSON.stringify(error);
        if (text !== this.told) {
            this.told = text;
            this.component.deliverer('error').deliver(error);
        }
    }
}
