/** The time until something happens, which stands still and begins anew while there is a reason. */
export class Countdown {
    private readonly ms: number;
    private readonly onEnd: () => void;
    private readonly reasons = new Set<string>();
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(ms: number, onEnd: () => void) {
        this.ms = ms;
        this.onEnd = onEnd;
        this.begin();
    }

    hold(reason: string): void {
        this.reasons.add(reason);
        this.stop();
    }

    release(reason: string): void {
        if (this.reasons.delete(reason) && this.reasons.size === 0) {
            this.begin();
        }
    }

    stop(): void {
        clearTimeout(this.timer);
    }

    private begin(): void {
        this.timer = setTimeout(this.onEnd, this.ms);
    }
}
