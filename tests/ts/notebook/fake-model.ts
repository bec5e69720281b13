import type { LineMessage, Model } from '../../../src/notebook/line';

/** A widget's model: keeps what is sent, and passes on what the kernel says. */
export class FakeModel implements Model {
    readonly sent: any[] = [];
    private readonly listeners = new Map<string, ((content: any) => void)[]>();
    private readonly state: Record<string, unknown>;

    constructor(state: Record<string, unknown> = {}) {
        this.state = state;
    }

    get(name: string): any {
        return this.state[name];
    }

    send(content: unknown): void {
        // As it travels.
        this.sent.push(JSON.parse(JSON.stringify(content)));
    }

    on(event: string, listener: (content: any) => void): void {
        this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    tell(event: string, content?: unknown): void {
        for (const listener of this.listeners.get(event) ?? []) {
            listener(content);
        }
    }

    say(message: LineMessage): void {
        this.tell('msg:custom', message);
    }

    /** The kernel answers the hello. */
    welcome(): void {
        const { page } = this.sent.find(({ type }) => type === 'hello');
        this.say({ type: 'hello', page });
    }

    /** What was sent beside hellos, and is forgotten then. */
    take(): any[] {
        return this.sent.splice(0).filter(({ type }) => type !== 'hello');
    }
}
