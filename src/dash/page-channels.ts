/** What a Channels does: callbacks change by it which channels the page is on, and hear of them. */

import type { Channel, ChannelMode, Channels, JoinedChannel } from '../client/channels';
import { InteropClient } from '../client/interop-client';
import type { LatestStatus } from '../client/status';
import { canonicalText } from './canonical';
import { CHANNEL_WRITES } from './channel-writes';
import type { DashComponent, Part } from './component';
import type { Deliverer } from './deliver';
import type { Diagnostics } from './diagnostics';
import { ErrorProp } from './error-prop';
import type { Interop } from './interop-context';
import { Operations } from './operations';
import { warnOfWrites } from './own-props';
import { nextSequence } from './sequence';
import { StateProp } from './state-prop';
import { type WriteProblem, WriteProblems } from './write-problems';

const LISTS = ['all', 'list'] as const;
type List = (typeof LISTS)[number];

/** What is wrong with the mode, and with what was written last. */
interface Problems {
    mode: WriteProblem | null;
    write: WriteProblem | null;
}

export class PageChannels implements Part {
    private readonly component: DashComponent;
    private readonly diagnostics: Diagnostics;
    private readonly error: ErrorProp;
    private readonly my: Deliverer;
    private readonly lists: Record<List, StateProp>;
    private readonly modeProblems: WriteProblems;
    private readonly operations: Operations<Channels>;
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
        this.diagnostics = diagnostics;
        this.error = new ErrorProp(component);
        this.my = component.eventDeliverer('my', true);
        this.lists = { all: this.state('all'), list: this.state('list') };
        this.modeProblems = this.problemsAbout('mode');
        const writeProblems = this.problemsAbout('write');
        this.operations = new Operations(
            component,
            writeProblems,
            status,
            diagnostics,
            (outcome) => (typeof outcome === 'string' ? undefined : outcome.channels),
        );
        // Where a callback writes several of them at once, they are carried out in this order.
        for (const [prop, read] of Object.entries(CHANNEL_WRITES)) {
            this.operations.carryOut(prop, read, 'my');
        }
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
        }
        this.operations.settle(interop);
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
        const place = this.modeProblems.begin();
        try {
            // One that is None in Python is not given.
            channels.setMode(this.mode ?? channels.mode);
            this.modeProblems.succeed(place);
        } catch (error) {
            this.modeProblems.fail(place, 'mode', error as Error);
        }
    }

    private disconnect(): void {
        for (const stop of this.stops) {
            stop();
        }
        this.stops = [];
    }

    // What is wrong

    private problemsAbout(about: keyof Problems): WriteProblems {
        const describe = (problem: WriteProblem) => {
            this.diagnostics.warn(problem.message);
            return problem;
        };
        return new WriteProblems(this.component, describe, (problem) => this.note(about, problem));
    }

    private note(about: keyof Problems, problem: WriteProblem | null): void {
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
