/**
 * Tells the author of an app what goes wrong in a page where he looks anyway, without any prop
 * wired: in the browser's console, in Dash's dev tools while they are on, and of connections and
 * registrations, which whoever runs the server has to mend, in the log of the Dash server.
 *
 * Each problem of a component is told once, as most of them come again with every attempt.
 */

import type { DashComponent, DashProps } from './component';
import { askDashServer } from './dash-server';
import { callbacksWithInput, showInDevTools, stringifyId } from './renderer';

const ROUTE = '_dash-interop/problem';

/** So many different problems are told of a page. */
const MOST_PROBLEMS = 200;
/** What goes to the server: its log is for everybody's problems. */
const LONGEST_REPORT = 500;
const MOST_REPORTS = 20;

const told = new Set<string>();
let reports = 0;

export class Diagnostics {
    private readonly component: DashComponent;
    private readonly name: string;

    /** @param type What the component is called in Python. */
    constructor(type: string, component: DashComponent, id: DashProps['id']) {
        this.component = component;
        this.name = id === undefined ? type : `${type} ${stringifyId(id)}`;
    }

    /** Something went wrong that concerns one call, or may end by itself. */
    warn(message: string): void {
        this.tell(message, console.warn);
    }

    /**
     * A call failed, and callbacks that listen to `prop` hear it. Where there are some, it may be
     * what the app expects, and the dev tools are for its faults.
     */
    warnBeside(prop: string, message: string): void {
        const { slot } = this.component;
        const isHeard = slot && callbacksWithInput(slot.store, slot.id, prop).length > 0;
        this.tell(message, console.warn, !isHeard);
    }

    /** The page's connection is away: a warning, for the server's log, too. */
    warnOfConnection(message: string): void {
        if (this.tell(message, console.warn)) {
            reportToServer(this.name, message);
        }
    }

    /** Something will not work until somebody changes it. */
    fail(message: string): void {
        if (this.tell(message, console.error)) {
            reportToServer(this.name, message);
        }
    }

    /** Whether it was new. */
    private tell(message: string, print: (text: string) => void, isFault = true): boolean {
        const text = `dash_interop: ${this.name}: ${message}`;
        if (told.has(text) || told.size >= MOST_PROBLEMS) {
            return false;
        }
        told.add(text);
        if (told.size === MOST_PROBLEMS) {
            console.warn(`dash_interop: ${MOST_PROBLEMS} problems; those to come are not shown`);
        }
        const store = this.component.slot?.store;
        // The dev tools print what they show.
        if (!isFault || !store || !showInDevTools(store, text)) {
            print(text);
        }
        return true;
    }
}

/** The console has it already, so a server that cannot be told is no further problem. */
function reportToServer(component: string, message: string): void {
    if (reports >= MOST_REPORTS) {
        return;
    }
    reports += 1;
    const query = {
        component: component.slice(0, LONGEST_REPORT),
        message: message.slice(0, LONGEST_REPORT),
    };
    askDashServer(ROUTE, query).catch(() => {});
}
