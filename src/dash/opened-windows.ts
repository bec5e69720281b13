/** A Windows: opens what callbacks write, and tells them what becomes of the windows of the page. */

import { PageWindows } from '../client/page-windows';
import type { LatestStatus } from '../client/status';
import type { OpenedWindow, WindowEvent, Windows } from '../client/windows';
import type { DashComponent, Part } from './component';
import type { Diagnostics } from './diagnostics';
import { fieldsOf } from './entries';
import { Events } from './events';
import { Failures } from './failures';
import type { Interop } from './interop-context';
import { type Act, Operations, type Outcome } from './operations';
import { warnOfWrites } from './own-props';
import { StateProp } from './state-prop';

const EVENTS = ['opened', 'closed', 'focused'] as const;
const OPEN_KEYS = ['name', 'url', 'options'] as const;
const WHICH_KEYS = ['id', 'name'] as const;
/** By it a copy of the component is known. */
const MARK = 'opened';

export class OpenedWindows implements Part {
    private readonly component: DashComponent;
    private readonly events: Events<(typeof EVENTS)[number]>;
    private readonly operations: Operations<Windows>;
    private readonly state: StateProp;
    private stop: () => void = () => {};
    /** That of the page's own window. */
    private context: object | undefined;

    constructor(component: DashComponent, status: LatestStatus, diagnostics: Diagnostics) {
        this.component = component;
        this.events = new Events(component, EVENTS);
        this.state = new StateProp(component.deliverer('context'), () => this.context);
        const failures = new Failures(this.events, diagnostics);
        this.operations = new Operations(component, failures, status, diagnostics, (outcome) =>
            this.use(windowsOf(outcome)),
        );
        this.operations.carryOut('open', open, MARK);
        this.operations.carryOut('close', close, MARK);
        this.operations.carryOut('focus', focus, MARK);
        warnOfWrites(component, diagnostics, [...EVENTS, 'context', 'error'], MARK);
    }

    update(interop: Interop): void {
        this.operations.settle(interop);
    }

    /** Puts right what a layout or a callback has brought in place of the context. */
    show(shown: unknown): void {
        const { lastValue } = this.component.deliverer('context');
        if (lastValue !== undefined && shown !== lastValue) {
            this.state.restore();
        }
    }

    /** The component has left the layout; the windows stay. */
    end(): void {
        this.operations.end();
        this.events.end();
        this.state.end();
        this.stop();
    }

    private use(windows: Windows): Windows {
        this.stop();
        const stops = [
            windows.onEvent((event) => this.hear(event)),
            windows.onContext((context) => {
                this.context = context;
                this.state.change();
            }),
        ];
        this.stop = () => {
            for (const stop of stops) {
                stop();
            }
        };
        return windows;
    }

    private hear({ type, window }: WindowEvent): void {
        this.events.tell(type, { ...window });
    }
}

function open(entry: unknown, what: string): Act<Windows> {
    const { name, url, options } = fieldsOf(what, entry, OPEN_KEYS);
    return (windows) => windows.open(name, url, options);
}

function close(entry: unknown, what: string): Act<Windows> {
    return async (windows) => windows.close(find(windows, entry, what).id);
}

function focus(entry: unknown, what: string): Act<Windows> {
    return async (windows) => windows.focus(find(windows, entry, what).id);
}

/** The window that a callback means. */
function find(windows: Windows, entry: unknown, what: string): OpenedWindow {
    const wanted = fieldsOf(what, entry, WHICH_KEYS);
    if ((wanted.id === undefined) === (wanted.name === undefined)) {
        throw new Error(`${what} needs the name or the id of a window, one of them`);
    }
    const [[field, value]] = Object.entries(wanted) as ['id' | 'name', unknown][];
    const found = windows.list().find((each) => each[field] === value);
    if (!found) {
        const names = windows.list().map((each) => JSON.stringify(each.name));
        throw new Error(
            `${what}: this page has no open window with the ${field} ${JSON.stringify(value)}; open are: ${names.join(', ') || 'none'}`,
        );
    }
    return found;
}

/** Those of a page without a connection. */
let unconnected: Windows | undefined;

function windowsOf(outcome: Outcome): Windows {
    if (typeof outcome !== 'string') {
        return outcome.windows;
    }
    unconnected ??= new PageWindows();
    return unconnected;
}
