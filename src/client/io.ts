/** What core's `io` object offers that is used here; injected factories offer the same. */
export interface Io {
    interop: any;
    connection?: any;
    contexts?: any;
    channels?: any;
    notifications?: any;
    windows?: any;
}
