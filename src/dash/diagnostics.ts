/**
 * What goes wrong in a page is shown where authors look, without a callback for it: in the
 * browser's console, and in Dash's dev tools while they are on. Problems of connections and
 * registrations have to be solved by whoever runs the server, so they also go to the log of the
 * Dash server.
 *
 * Each problem of a component is shown once, as most of them come again with every attempt.
 */

import type { DashComponent, DashProps } from './component';
import { askDashServer } from './dash-server';
import { callbacksWithInput, showInDevTools, stringifyId } from './renderer';

const ROUTE = '_dash-interop/problem';

/** The most problems that a page shows. */
const MOST_PROBLEMS = 200;
/** The most characters and reports that a page sends to the server, whose log is for all pages. */
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
     * A call failed. Where callbacks listen to `prop`, the app may expect that, so it is not shown
     * as a fault in the dev tools.
     */
    warnBeside(prop: string, message: string): void {
        const { slot } = this.component;
        const isHeard = slot && callbacksWithInput(slot.store, slot.id, prop).length > 0;
        this.tell(message, console.warn, !isHeard);
    }

    /** What is right, and may be of use to whoever looks for it. */
    note(message: string): void {
        console.debug(`dash_interop: ${this.name}: ${message}`);
    }

    /** The page has no connection: a warning, also for the server's log. */
    warnOfConnection(message: string): void {
        if (this.tell(message, console.warn)) {
            reportToServer(this.name, message);
        }
    }

    /** Something does not work until somebody changes the app or its server. */
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

/** The console has the problem already, so a report that fails is left at that. */
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
