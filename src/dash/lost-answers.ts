/**
 * Finds out which executions of callbacks will never end because their answer could not be read.
 *
 * When the answer to a callback's request is no JSON, such as a login page with status 200, or when
 * it was cut off, Dash never hears of it: the promise of the execution stays open, and the run stays
 * in the store. All that shows is that the browser reports a rejection nobody handles. It does not
 * say whose it is, so as many executions have to be open as there were such rejections before they
 * are taken for lost; which they are in a page whose server answers everything with a login page.
 */

import { pendingCallbacks, type Store } from './renderer';

/** Why an execution that was lost failed. */
export class AnswerLost extends Error {}

type Execution = Promise<unknown>;

/** What browsers reject with when a body is no JSON, or ends too early. */
const ERRORS = ['SyntaxError', 'TypeError', 'AbortError'];

const lost = new WeakSet<Execution>();
const finders = new WeakMap<Store, Finder>();

/** Whether an execution will never end. */
export function isLost(execution: Execution): boolean {
    return lost.has(execution);
}

/** Calls `listener` when executions of a page were found to be lost; returns how to stop. */
export function onLost(store: Store, listener: () => void): () => void {
    const finder = finders.get(store) ?? new Finder(store);
    finders.set(store, finder);
    finder.listeners.add(listener);
    return () => finder.listeners.delete(listener);
}

class Finder {
    readonly listeners = new Set<() => void>();
    private readonly store: Store;
    /** Executions that may be those that were rejected. */
    private readonly suspects = new Set<Execution>();
    private rejections = 0;

    constructor(store: Store) {
        this.store = store;
        window.addEventListener('unhandledrejection', ({ reason }) => {
            if (isOfTheBrowser(reason)) {
                this.rejections += 1;
                this.suspectAll();
                this.conclude();
            }
        });
    }

    private suspectAll(): void {
        for (const { executionPromise } of pendingCallbacks(this.store)) {
            if (executionPromise && !lost.has(executionPromise)) {
                this.suspect(executionPromise);
            }
        }
    }

    private suspect(execution: Execution): void {
        const clear = () => {
            this.suspects.delete(execution);
            this.conclude();
        };
        this.suspects.add(execution);
        execution.then(clear, clear);
    }

    private conclude(): void {
        if (this.suspects.size === 0) {
            this.rejections = 0;
        } else if (this.rejections >= this.suspects.size) {
            for (const execution of this.suspects) {
                lost.add(execution);
            }
            this.suspects.clear();
            this.rejections = 0;
            for (const listener of [...this.listeners]) {
                listener();
            }
        }
    }
}

/** An error that a script made has the places where it was made; one of the browser has none. */
function isOfTheBrowser(reason: any): boolean {
    const places = String(reason?.stack ?? '').replace(`${reason?.name}: ${reason?.message}`, '');
    return ERRORS.includes(reason?.name) && places.trim() === '';
}
