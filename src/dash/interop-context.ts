/** How the components below a Glue42 get at its connection. */

import { createContext, useContext } from 'react';
import type { InteropClient } from '../client/interop-client';
import { LatestStatus } from '../client/status';

/** The connection; undefined while there is none yet, or words that say why there will be none. */
export type Interop = InteropClient | string | undefined;

export const NO_ROOT = 'There is no connection: put the component among the children of a Glue42';

export const InteropContext = createContext<Interop>(NO_ROOT);

export function useInterop(): Interop {
    return useContext(InteropContext);
}

/** How the connection is, also while there is none. */
export const StatusContext = createContext(new LatestStatus());

export function useStatus(): LatestStatus {
    return useContext(StatusContext);
}
