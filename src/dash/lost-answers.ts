/**
 * Finds the executions of callbacks that will never end because their answer could not be read.
 *
 * When the answer to a callback's request is not JSON, such as a login page with status 200, or
 * when it was cut off, Dash does not notice: the promise of the execution stays open, and the run
 * stays in the store. Only the promise that Dash gets when it reads the answer is rejected. Dash
 * gets that answer from `fetch`, so the answers of `fetch` are observed here; nothing about them
 * changes. `findings/dash-html-answer-never-ends.sh` shows it.
 */

import { type PendingCallback, pendingCallbacks, type Store, stringifyId } from './renderer';

/** Why an execution that was lost failed. */
export class AnswerLost extends Error {}

type Execution = Promise<unknown>;

const CALLBACK_ROUTE = '_dash-update-component';

const lost = new WeakSet<Execution>();
const stores = new Set<Store>();
const listeners = new Set<() => void>();

/** Observes the answers to the callbacks of a page from now on. */
export function watchAnswers(store: Store): void {
    if (stores.size === 0) {
        observeFetch();
    }
    stores.add(store);
}

/** Whether an execution will never end. */
export function isLost(execution: Execution): boolean {
    return lost.has(execution);
}

/** Calls `listener` whenever executions were found to be lost; returns how to stop. */
export function onAnswerLost(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

function observeFetch(): void {
    const { fetch } = window;
    window.fetch = (input, options) => {
        const answering = fetch.call(window, input, options);
        const isCallback = typeof input === 'string' && input.includes(CALLBACK_ROUTE);
        return isCallback ? answering.then((answer) => observed(answer, options?.body)) : answering;
    };
}

function observed(answer: Response, body: unknown): Response {
    const read = answer.json.bind(answer);
    answer.json = () =>
        read().catch((reason) => {
            lose(body);
            throw reason;
        });
    return answer;
}

/** @param body The request of the execution. */
function lose(body: unknown): void {
    // Dash may compress it; then it cannot be told which execution it was.
    const wanted = typeof body === 'string' ? outputsOf(JSON.parse(body)) : undefined;
    for (const store of stores) {
        for (const pending of pendingCallbacks(store)) {
            if (pending.executionPromise && outputsOf(resolved(store, pending)) === wanted) {
                lost.add(pending.executionPromise);
            }
        }
    }
    for (const listener of [...listeners]) {
        listener();
    }
}

interface Outputs {
    /** What the callback is called in requests. */
    output?: string;
    outputs?: unknown;
}

/** The outputs of a callback for the components that it runs for. */
function resolved(store: Store, { callback, getOutputs }: PendingCallback): Outputs {
    return { output: callback.output, outputs: getOutputs?.(store.getState().paths) };
}

/** The outputs as text, by which an execution differs from all others that are under way. */
function outputsOf({ output, outputs }: Outputs): string {
    const names = [outputs ?? []]
        .flat(3)
        .map(({ id, property }: any) => `${stringifyId(id)}.${property}`);
    return names.length > 0 ? names.join('\n') : String(output);
}
