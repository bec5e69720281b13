/** How the components below a Glue42 get at its connection. */

import { createContext, useContext } from 'react';
import type { InteropClient } from '../client/interop';

/** The connection; undefined while there is none yet, or words that say why there will be none. */
export type Interop = InteropClient | string | undefined;

export const InteropContext = createContext<Interop>(
    'There is no connection: the component has to be below a Glue42',
);

export function useInterop(): Interop {
    return useContext(InteropContext);
}
