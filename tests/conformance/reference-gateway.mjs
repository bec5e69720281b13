// The published web build of the reference gateway behind a WebSocket server.
//
//     node reference-gateway.mjs [--host 127.0.0.1] [--port 0] [--buffer-size 100000]
//
// Prints `gateway listening on ws://HOST:PORT` once it is ready.
// --buffer-size is the number of frames the reference queues per client before it drops
// frames silently; its own default of 100 is far too small for bursts.
import { parseArgs } from 'node:util';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';
import { WebSocketServer } from 'ws';

const { values: options } = parseArgs({
    options: {
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '0' },
        'buffer-size': { type: 'string', default: '100000' },
    },
});

// The web build leaves the parsing to the code that embeds it; null and arrays would be
// taken for empty messages.
function parseFrame(text) {
    try {
        const frame = JSON.parse(text);
        return frame !== null && typeof frame === 'object' && !Array.isArray(frame) ? frame : null;
    } catch {
        return null;
    }
}

function serve(gateway, socket) {
    let client = null;
    let closed = false;
    const early = [];

    socket.on('message', (data) => {
        const frame = parseFrame(data);
        if (frame === null) {
            socket.close(1007, 'not a JSON object');
        } else if (client === null) {
            early.push(frame);
        } else {
            client.send(frame);
        }
    });
    socket.on('close', () => {
        closed = true;
        client?.disconnect();
    });
    // A socket that fails is closed as well, and 'close' does the work.
    socket.on('error', () => {});

    gateway
        .connect((_client, frame) => {
            if (socket.readyState === socket.OPEN) {
                socket.send(JSON.stringify(frame));
            }
        })
        .then((connected) => {
            client = connected;
            for (const frame of early) {
                client.send(frame);
            }
            if (closed) {
                client.disconnect();
            }
        });
}

gatewayWeb.configure_logging({ level: 'error' });
const gateway = gatewayWeb.create({
    clients: { buffer_size: Number(options['buffer-size']), inactive_seconds: 0 },
});
await gateway.start();

const server = new WebSocketServer({
    host: options.host,
    port: Number(options.port),
    perMessageDeflate: false,
    clientTracking: true,
});
server.on('connection', (socket) => serve(gateway, socket));
server.on('listening', () => {
    console.log(`gateway listening on ws://${options.host}:${server.address().port}`);
});

process.on('SIGTERM', () => process.exit(0));
