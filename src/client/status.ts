/** Whether a page is connected to its gateway, as whom, and why not. */

import type { Instance } from './targets';

export interface ConnectionStatus {
    /** `connecting` until the first login; `disconnected` when it failed or was lost. It goes on trying. */
    state: 'connecting' | 'connected' | 'disconnected';
    /** What went wrong last, null when nothing did. */
    error: string | null;
    /** This page as others see it; told with each login, which changes its peerId. */
    instance?: Instance;
}

export type StatusListener = (status: ConnectionStatus) => void;
