import type { DashComponent } from './component';

/** The `error` of a component: what is wrong with it at present, in words. */
export class ErrorProp {
    private readonly component: DashComponent;
    private told: string | null;

    constructor(component: DashComponent) {
        const last = component.deliverer('error').lastValue as
            | { message: string }
            | null
            | undefined;
        this.component = component;
        this.told = last?.message ?? null;
    }

    /**
     * Leaves the prop alone while the same is wrong, or still nothing, so that no callback runs for
     * that.
     *
     * @param message null while all is well.
     */
    tell(message: string | null): void {
        if (message !== this.told) {
            this.told = message;
            this.component.deliverer('error').deliver(message === null ? null : { message });
        }
    }
}
