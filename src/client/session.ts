/** The question a page asks its own Dash server before each login. */

import { askDashServer } from './dash-server';

export interface Session {
    /** WebSocket URL of the gateway. */
    url: string;
    /** Short-lived proof of who the user is. */
    token: string;
    /** What this page is called, unless its settings say otherwise. */
    application: string;
}

export function askSession(): Promise<Session> {
    return askDashServer('_dash-interop/session');
}
