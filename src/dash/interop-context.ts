/** How the components below a Glue42 get at its connection. */

import { createContext, useContext } from 'react';
import type { InteropClient } from '../client/interop';

export const InteropContext = createContext<InteropClient | null>(null);

/** The connection; null above any Glue42 and where a page does without. */
export function useInterop(): InteropClient | null {
    return useContext(InteropContext);
}
