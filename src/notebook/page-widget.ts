/** The module of a `Page`: the notebook's page as a peer, whose frames the kernel passes on. */

import { connect } from '../client/connect';
import type { Login } from '../client/login';
import type { ConnectionStatus } from '../client/status';
import { connectPage } from './globals';
import { Line, type Model } from './line';
import { RelaySocket } from './relay-socket';

/** Only in texts: the kernel knows where the gateway is, and logs the page in. */
const KERNEL = 'the gateway of the kernel';

export default {
    initialize({ model, signal }: { model: Model; signal: AbortSignal }): void {
        const sockets = new Map<string, RelaySocket>();
        const application = model.get('application');
        let hasLeft = false;
        const askLogin = (): Promise<Login> =>
            hasLeft
                ? // There is nothing to come back to.
                  new Promise(() => {})
                : Promise.resolve({ url: KERNEL, token: '', application });
        const line = new Line(model, {
            onOpen: () => connect({}, host, tell).then(undefined, page.fail),
            onMessage: (message) => {
                sockets.get(message.conversation)?.hear(message);
                if (message.type === 'ended') {
                    sockets.delete(message.conversation);
                }
            },
            onLost: () => leave(),
        });
        const tell = ({ state, error }: ConnectionStatus) => {
            if (!hasLeft) {
                line.send({ type: 'status', state, error });
            }
        };
        const leave = () => {
            hasLeft = true;
            line.close();
            for (const socket of sockets.values()) {
                socket.hear({
                    type: 'ended',
                    why: 'The widget was closed, or its kernel has ended',
                });
            }
            sockets.clear();
        };
        const page = connectPage((why) => {
            line.send({ type: 'end', why });
            leave();
        });
        const host = {
            askLogin,
            librarySettings: () => ({}),
            title: () => '',
            publish: page.publish,
            makeSocket: (_url: string, listener: any) => {
                const socket = new RelaySocket(line, listener);
                sockets.set(socket.id, socket);
                return socket;
            },
        };
        signal.addEventListener('abort', leave);
    },
};
