/**
 * A function of the page's own JavaScript that handles data or invocations, without a trip to the
 * Dash server: `window.dash_clientside[namespace][function_name]`, as for clientside callbacks.
 */

import { checkKeys, hint } from '../client/keys';

/** How long the page may take to load the file that has the function. */
const LOADING_MS = 5_000;
const LOOK_AGAIN_MS = 50;

const KEYS = ['namespace', 'function_name'] as const;

type Name = Record<(typeof KEYS)[number], string>;
type Handle = (...args: unknown[]) => unknown;

/** The page has no such function. */
export class FunctionMissing extends Error {}

export class ClientsideHandler {
    private readonly name: Name;
    /** Whether it was waited for in vain: it is not waited for again. */
    private isMissing = false;

    constructor(name: Name) {
        this.name = name;
    }

    /**
     * What the function returns, or its promise comes to.
     *
     * @throws What the function throws, or a FunctionMissing.
     */
    async call(...args: unknown[]): Promise<any> {
        const handle = this.find() ?? (await this.waitFor());
        return handle(...args);
    }

    private find(): Handle | undefined {
        const { namespace, function_name } = this.name;
        const handle = functionsOf(namespace)?.[function_name];
        return typeof handle === 'function' ? handle : undefined;
    }

    private async waitFor(): Promise<Handle> {
        const until = performance.now() + LOADING_MS;
        while (!this.isMissing && performance.now() < until) {
            await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
            const handle = this.find();
            if (handle) {
                return handle;
            }
        }
        this.isMissing = true;
        throw new FunctionMissing(this.whatIsMissing());
    }

    private whatIsMissing(): string {
        const { namespace, function_name } = this.name;
        const functions = functionsOf(namespace);
        return functions === undefined
            ? `clientsideHandler: window.dash_clientside has no namespace "${namespace}". Is the file that has it among the app's assets?`
            : `clientsideHandler: window.dash_clientside.${namespace} has no function "${function_name}": ${hint(function_name, Object.keys(functions))}`;
    }
}

/**
 * The handler that an author named; undefined where none was.
 *
 * @throws Error that says what is wrong with the name.
 */
export function readClientsideHandler(value: unknown): ClientsideHandler | undefined {
    if (value === undefined || value === null) {
        return undefined;
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
        throw new Error('clientsideHandler has to be a dict with a namespace and a function_name');
    }
    checkKeys('clientsideHandler', value, KEYS);
    for (const key of KEYS) {
        const text = (value as Partial<Name>)[key];
        if (typeof text !== 'string' || text === '') {
            throw new Error(`clientsideHandler needs a ${key}, a non-empty string`);
        }
    }
    return new ClientsideHandler(value as Name);
}

function functionsOf(namespace: string): Record<string, any> | undefined {
    return (window as any).dash_clientside?.[namespace];
}
