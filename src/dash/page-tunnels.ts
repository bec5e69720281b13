/** `window.dash_interop.tunnels`: where a page's own JavaScript finds the tunnels of its components. */

import type { Tunnels } from '../../dash_interop/dash_interop.d.ts';
import { TunnelRegistry } from '../tunnel/registry';

/** Components connect their tunnels here. */
export const pageTunnels = new TunnelRegistry({
    absence: (id) => `no Tunnel with the id ${JSON.stringify(id)} is in the layout`,
    // As if nobody had caught it: the console has it, and whatever else the page does with errors.
    failed: (error) => reportError(error),
});

export const tunnels: Tunnels = {
    get: (id) => pageTunnels.get(textOf(id)),
    when: (id) => pageTunnels.when(textOf(id)),
};

/** Code that was written for ipycallback finds them, too, unless the page has that itself. */
export function publishTunnels(): void {
    window.IPyCallback ??= { get: (id) => tunnels.get(id) };
}

/** As Dash writes an id that is a pattern: its renderer may not be loaded yet. */
function textOf(id: unknown): string {
    if (typeof id === 'string') {
        return id;
    }
    if (id === null || typeof id !== 'object') {
        throw new TypeError(`The id of a Tunnel is a text or an object, not ${String(id)}`);
    }
    const parts = Object.entries(id).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(Object.fromEntries(parts));
}
