#!/bin/sh
# @interopio/core does not tell the caller of a method the reason code of a failure.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A gateway answers a call that fails with an error frame: `reason_uri` is a code for programs,
# `reason` a text for people.
#
# Expected: what `invoke` rejects with holds the code somewhere, so that a caller can tell a handler
# that refused from a server that left in the middle of the call.
# Seen: the code arrives at the client and is nowhere in what `invoke` rejects with, nor is any other
# code. That `executed_by` is set where a handler answered is the only hint, and it does not tell the
# gateway's own reasons apart. (Core writes the frame to the console, as here to the standard error.)
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/reasons.mjs" <<'END'
import { inspect } from 'node:util';
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

const reasons = [];
// The gateway in this process, and an ear at what it sends to a client.
const listening = {
    connect: (receive) =>
        gateway.connect((client, frame) => {
            const { type, reason_uri } = typeof frame === 'string' ? JSON.parse(frame) : frame;
            if (type === 'error') {
                reasons.push(reason_uri);
            }
            receive(client, frame);
        }),
};

function join(application, facade = gateway) {
    return core({
        application,
        auth: { username: 'somebody', password: 'x' },
        gateway: { protocolVersion: 3, inproc: { facade } },
        logger: 'off',
        metrics: false,
    });
}

const TEXT = 'Peer has left while waiting for result';
const caller = await join('caller', listening);
const server = await join('server');
await server.interop.registerAsync('Refuse', (_args, _caller, _succeed, fail) => fail(TEXT));
await server.interop.registerAsync('Leave', () => server.done());

for (const name of ['Refuse', 'Leave']) {
    await caller.interop.waitForMethod(name);
    const error = await caller.interop.invoke(name).catch((reason) => reason);
    const whole = inspect(error, { depth: null, showHidden: true });
    console.log(`${name}: the gateway says ${reasons.at(-1)}`);
    console.log(`  the caller hears "${error.message}", status ${error.status}`);
    console.log(`  somewhere in it is the code: ${whole.includes('agm.errors')}`);
}
process.exit();
END

cat >"$folder/before" <<'END'
Refuse: the gateway says agm.errors.client_error
  the caller hears "Peer has left while waiting for result", status 1
  somewhere in it is the code: false
Leave: the gateway says agm.errors.invocation.failure
  the caller hears "Peer has left while waiting for result", status 1
  somewhere in it is the code: false
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/reasons.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
