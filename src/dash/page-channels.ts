/** What a Channels does: callbacks change by it which channels the page is on, and hear of them. */

import type { Channel, ChannelMode, Channels, JoinedChannel } from '../client/channels';
import { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import { Arrival } from './arrival';
import { Attempts } from './attempts';
import { canonicalText } from './canonical';
import { readJoin, readLeave, readPublish } from './channel-writes';
import type { DashComponent, Part } from './component';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { entriesOf } from './entries';
import { ErrorProp } from './error-prop';
import { type Interop, NO_ROOT } from './interop-context';
import { warnOfWrites } from './own-props';
import { nextSequence } from './sequence';
import { StateProp } from './state-prop';

const LISTS = ['all', 'list'] as const;
type List = (typeof LISTS)[number];

type Operation = 'join' | 'publish' | 'leave';

interface Problem {
    message: string;
    operation: string;
    name: unknown;
    /** Makes each problem another one: the same write may fail twice. */
    sequence: number;
}

/** What is wrong with the mode, and with what was written last. */
interface Problems {
    mode: Problem | null;
    write: Problem | null;
}

/** What an entry of a written value asks of the channels. */
type Act = (channels: Channels) => Promise<void>;

export class PageChannels implements Part {
    private readonly component: DashComponent;
    private readonly status: LatestStatus;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly my: Deliverer;
    private readonly lists: Record<List, StateProp>;
    private readonly arrival = new Arrival();
    private readonly attempts = new Attempts();
    private interop: Interop;
    private mode: unknown;
    private stops: (() => void)[] = [];
    private present: { all: string[]; list: Channel[] } = { all: [], list: [] };
    private readonly problems: Problems = { mode: null, write: null };
    /** The newest value of `my`. */
    private told: unknown = null;
    /** The number of the last change of each channel, by the channel after it. */
    private readonly sequences = new WeakMap<JoinedChannel, number>();

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.status = status;
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.my = component.eventDeliverer('my', true);
        this.lists = { all: this.state('all'), list: this.state('list') };
        // Where a callback writes several of them at once, they are carried out in this order.
        this.carryOut('join', (entry, what) => {
            const { name } = readJoin(entry, what);
            return (channels) => channels.join(name);
        });
        this.carryOut('publish', (entry, what) => {
            const { data, name } = readPublish(entry, what);
            return (channels) => channels.publish(data, name);
        });
        this.carryOut('leave', (entry, what) => {
            const { name } = readLeave(entry, what);
            return (channels) => channels.leave(name);
        });
        warnOfWrites(component, diagnostics, [...LISTS, 'my', 'error'], 'my');
    }

    /** Takes over the present props. */
    update(interop: Interop, mode: unknown): void {
        const isSame = interop === this.interop;
        const isSameMode = mode === this.mode;
        this.interop = interop;
        this.mode = mode;
        if (interop instanceof InteropClient && !(isSame && isSameMode)) {
            this.setMode(interop.channels);
        }
        if (isSame || interop === undefined) {
            return;
        }
        this.disconnect();
        if (interop instanceof InteropClient) {
            const { channels } = interop;
            this.stops = [
                channels.onMy((joined) => this.tellMy(joined, channels.mode)),
                channels.onList((list) => this.takeList(list)),
            ];
        } else {
            this.error.tell(interop);
            if (interop === NO_ROOT) {
                this.diagnostics.fail(interop);
            }
        }
        this.arrival.announce(interop);
    }

    /** Puts right what a layout or a callback has brought in place of what the library sets. */
    show(): void {
        if (!(this.interop instanceof InteropClient)) {
            return;
        }
        for (const list of LISTS) {
            if (this.isReplaced(list)) {
                this.lists[list].restore();
            }
        }
        // Where a newer value waits, that comes by itself.
        if (this.isReplaced('my') && this.my.lastValue === this.told) {
            this.my.deliver(this.told);
        }
    }

    /** The component has left the layout; the page stays on its channels. */
    end(): void {
        this.disconnect();
        for (const list of LISTS) {
            this.lists[list].end();
        }
    }

    private isReplaced(prop: List | 'my'): boolean {
        const { lastValue = null } = this.component.deliverer(prop);
        return !isEqual(this.component.propInLayout(prop) ?? null, lastValue);
    }

    private setMode(channels: Channels): void {
        try {
            // One that is None in Python is not given.
            channels.setMode(this.mode ?? channels.mode);
            this.note('mode', null);
        } catch (error) {
            this.fail('mode', null, error as Error);
        }
    }

    private disconnect(): void {
        for (const stop of this.stops) {
            stop();
        }
        this.stops = [];
    }

    // What callbacks write

    /** Does what each entry of a value says that is written to a prop, and tells what is wrong. */
    private carryOut(prop: Operation, read: (entry: unknown, what: string) => Act): void {
        const onWrite = (written: unknown) => {
            const place = this.attempts.begin();
            for (const [what, entry] of entriesOf(prop, written)) {
                this.act(() => read(entry, what)).then(
                    () => this.succeed(place),
                    (error) => {
                        this.attempts.fail(place);
                        this.fail(prop, (entry as any)?.name ?? null, error);
                    },
                );
            }
        };
        this.component.watch(prop, onWrite, 'my');
    }

    /** Before the page is connected it waits; what was written first comes first. */
    private async act(read: () => Act): Promise<void> {
        const act = read();
        const { channels } = await this.arrival.client(() => this.interop, this.status);
        await act(channels);
    }

    private succeed(place: number): void {
        if (this.attempts.succeed(place)) {
            this.note('write', null);
        }
    }

    private fail(operation: Operation | 'mode', name: unknown, { message }: Error): void {
        const sequence = nextSequence(this.component);
        this.diagnostics.warn(message);
        this.note(operation === 'mode' ? 'mode' : 'write', { message, operation, name, sequence });
    }

    private note(about: keyof Problems, problem: Problem | null): void {
        this.problems[about] = problem;
        const { message, ...rest } = this.problems.mode ?? this.problems.write ?? { message: null };
        this.error.tell(message, rest);
    }

    // What callbacks hear

    /** In single mode the channel, or null; in multi mode a list. */
    private tellMy(joined: JoinedChannel[], mode: ChannelMode): void {
        const described = joined.map((channel) => this.describe(channel));
        const value = mode === 'multi' ? described : (described.pop() ?? null);
        if (value !== this.told) {
            this.told = value;
            this.my.deliver(value);
        }
    }

    private describe(joined: JoinedChannel): object {
        const { updaterId = null, isMine, ...channel } = joined;
        const sequence = this.sequences.get(joined) ?? nextSequence(this.component);
        this.sequences.set(joined, sequence);
        const extraData = { updaterId, isMineUpdate: isMine, isMyUpdate: isMine, sequence };
        return { ...channel, extraData };
    }

    private takeList(list: Channel[]): void {
        const names = list.map(({ name }) => name);
        const isSame = isEqual(names, this.present.all);
        this.present = { list, all: isSame ? this.present.all : names };
        for (const each of LISTS) {
            this.lists[each].change();
        }
    }

    private state(list: List): StateProp {
        return new StateProp(this.component.deliverer(list), () => this.present[list]);
    }
}

/** Also where a callback got one of them as State and sent it back. */
function isEqual(one: unknown, other: unknown): boolean {
    return one === other || canonicalText(one) === canonicalText(other);
}
