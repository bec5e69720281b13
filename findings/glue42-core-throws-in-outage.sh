#!/bin/sh
# When the connection is lost, the libraries of Glue42 throw at whoever closes a subscription.
#
# Versions: @glue42/core 5.13.0 (a part of @glue42/web 2.24.1), @glue42/gateway-web 3.0.19,
# ws 8.18.3; Node.js 20 or later.
#
# A client that subscribes to a stream loses its connection. In `connection.disconnected` it closes
# the subscription, as it has no use for it until it is back.
#
# Expected: the subscription is closed, and its `onClosed` is called, as in @interopio/core 6.10.4.
# Seen: `close` throws a TypeError, as the library has forgotten the publisher by then; `onClosed` is
# not called. Whatever else the callback would have done is not done, and of the error only a line
# in the log of the library tells.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/close.mjs" <<'END'
import core from '@glue42/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';
import { WebSocketServer } from 'ws';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

const sockets = [];
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
    sockets.push(socket);
    const client = gateway.connect((_client, frame) => socket.send(JSON.stringify(frame)));
    socket.on('message', async (text) => (await client).send(JSON.parse(text)));
});
await new Promise((resolve) => server.once('listening', resolve));

function join(application) {
    return core({
        application,
        auth: { username: 'somebody', password: 'x' },
        gateway: { protocolVersion: 3, ws: `ws://127.0.0.1:${server.address().port}` },
        logger: 'off',
        metrics: false,
    });
}

const publisher = await join('publisher');
await publisher.interop.createStream('Prices');
const subscriber = await join('subscriber');
await subscriber.interop.waitForMethod('Prices');
const subscription = await subscriber.interop.subscribe('Prices');
let closed = 0;
subscription.onClosed(() => (closed += 1));

await new Promise((resolve) => {
    subscriber.connection.disconnected(() => {
        try {
            subscription.close();
            console.log('close returns');
        } catch (error) {
            console.log(`close throws a ${error.name}: ${error.message}`);
        }
        resolve();
    });
    sockets[1].terminate();
});
console.log(`onClosed was called ${closed} times`);
process.exit();
END

cat >"$folder/before" <<'END'
close throws a TypeError: Cannot read properties of undefined (reading 'methods')
onClosed was called 0 times
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @glue42/core@5.13.0 @glue42/gateway-web@3.0.19 ws@8.18.3 || exit 2
node "$folder/close.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
