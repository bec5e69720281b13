/**
 * What the widgets of a notebook's page share. Each widget loads its module anew, so what they have
 * in common cannot be in a module.
 */

import type { Tunnels } from '../../dash_interop/dash_interop.d.ts';
import type { Io } from '../client/io';
import type { Endpoint } from '../tunnel/endpoint';
import { type Connector, TunnelRegistry } from '../tunnel/registry';

const PAGE = Symbol.for('dash_interop.notebook.page');
const TUNNELS = Symbol.for('dash_interop.notebook.tunnels');

interface PageTunnels {
    registry: TunnelRegistry;
    /** How a connected tunnel makes room for another one of its id. */
    replacing: Map<string, () => void>;
}

interface Shared {
    [TUNNELS]?: PageTunnels;
    /** Ends the connection of the page that there is. */
    [PAGE]?: (why: string) => void;
    glue42dash?: { glueInstance?: Io; glueInstancePromise?: Promise<Io> };
    dash_interop?: { tunnels?: Tunnels };
    IPyCallback?: { get: Tunnels['get'] };
}

const REPLACED = 'Another widget with the same tunnel_id has taken the place of this one';

/**
 * Connects a widget under its id, in place of one that has it already, as when a cell is run again.
 *
 * @param onReplaced Called when another widget has taken the place of this one.
 */
export function connectTunnel(
    id: string,
    connector: Connector,
    onReplaced: (why: string) => void,
): { endpoint: Endpoint; end: (why: string) => void } {
    const { registry, replacing } = tunnelsOfPage();
    replacing.get(id)?.();
    const { endpoint, end } = registry.connect(id, connector);
    const replace = () => {
        end(REPLACED);
        onReplaced(REPLACED);
    };
    replacing.set(id, replace);
    return {
        endpoint,
        end: (why) => {
            end(why);
            if (replacing.get(id) === replace) {
                replacing.delete(id);
            }
        },
    };
}

/** The first widget gives the tunnels to other scripts of the page. */
function tunnelsOfPage(): PageTunnels {
    const page = window as unknown as Shared;
    page[TUNNELS] ??= { registry: newRegistry(), replacing: new Map() };
    const { registry } = page[TUNNELS];
    const get = (id: unknown) => registry.get(String(id));
    page.dash_interop ??= {};
    page.dash_interop.tunnels ??= { get, when: (id) => registry.when(String(id)) };
    page.IPyCallback ??= { get };
    return page[TUNNELS];
}

function newRegistry(): TunnelRegistry {
    return new TunnelRegistry({
        absence: (id) => `no SlowTunnelWidget with the tunnel_id "${id}" is in this page`,
        failed: (error) => reportError(error),
    });
}

/**
 * Makes a widget the one that connects this page, in place of the one before. Other scripts find
 * the API object where they find it in a page of Dash.
 *
 * @param onReplaced Called when another widget has taken the place of this one.
 */
export function connectPage(onReplaced: (why: string) => void): {
    publish: (io: Io) => void;
    fail: (reason: unknown) => void;
} {
    const page = window as unknown as Shared;
    page[PAGE]?.('Another Page widget has taken the place of this one');
    page[PAGE] = onReplaced;
    let publish: (io: Io) => void = () => {};
    let fail: (reason: unknown) => void = () => {};
    const glueInstancePromise = new Promise<Io>((resolve, reject) => {
        publish = resolve;
        fail = reject;
    });
    const globals = { glueInstancePromise };
    page.glue42dash = globals;
    return {
        publish: (io) => {
            Object.assign(globals, { glueInstance: io });
            publish(io);
        },
        fail,
    };
}
