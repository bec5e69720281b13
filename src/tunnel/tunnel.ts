import type { Tunnel } from '../../dash_interop/dash_interop.d.ts';
import type { Endpoint } from './endpoint';

/** What a page's code gets of one end: all that it may do, and none of what connects it. */
export function tunnelOf(id: string, endpoint: Endpoint): Tunnel {
    return {
        id,
        get version() {
            return endpoint.version;
        },
        get stale() {
            return endpoint.stale;
        },
        send_msg: (message: unknown) => endpoint.send(message),
        send_msg_with_version: (version: number, message: unknown) =>
            endpoint.sendWithVersion(version, message),
        on_receive: (listener) => endpoint.onReceive(listener),
        listen: (listener) => endpoint.listen(listener),
        on_request: (handler) => endpoint.onRequest(handler),
        request: (value, options) => endpoint.request(value, options ?? undefined),
    };
}
