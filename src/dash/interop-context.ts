/** The connection of a Glue42, for the components below it. */

import { createContext, useContext } from 'react';
import type { InteropClient } from '../client/interop-client';
import { LatestStatus } from '../client/status';

/** The connection; undefined until there is one, or words that say why there will never be one. */
export type Interop = InteropClient | string | undefined;

export const NO_ROOT = 'There is no connection: put the component among the children of a Glue42';

export const InteropContext = createContext<Interop>(NO_ROOT);

export function useInterop(): Interop {
    return useContext(InteropContext);
}

/** The status of the connection, also while there is no connection. */
export const StatusContext = createContext(new LatestStatus());

export function useStatus(): LatestStatus {
    return useContext(StatusContext);
}
