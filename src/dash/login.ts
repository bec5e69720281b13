/** The question a page asks its own Dash server before each login. */

import type { Login } from '../client/login';
import { askDashServer } from './dash-server';

export function askLogin(): Promise<Login> {
    return askDashServer('_dash-interop/session');
}
