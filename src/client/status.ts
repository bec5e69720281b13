/** Whether a page is connected to its gateway, and why not. */
export interface ConnectionStatus {
    /** `connecting` until the first login; `disconnected` when it failed or was lost. It goes on trying. */
    state: 'connecting' | 'connected' | 'disconnected';
    /** What went wrong last, null when nothing did. */
    error: string | null;
}

export type StatusListener = (status: ConnectionStatus) => void;
