#!/bin/sh
# @interopio/core says that a context was written when the gateway has dropped the data.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# Two clients update a context that does not exist yet, at the same time. Each sends the data with
# the request to make it. The gateway makes it for the first one, and answers the second one with the
# value that is there.
#
# Expected: the second one sends its data as an update then, or rejects.
# Seen: its update resolves, and the data is nowhere.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/creation.mjs" <<'END'
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

function join(application) {
    return core({
        application,
        auth: { username: 'somebody', password: 'x' },
        gateway: { protocolVersion: 3, inproc: { facade: gateway } },
        logger: 'off',
        metrics: false,
    });
}

const clients = [await join('first'), await join('second')];
const ends = await Promise.allSettled(
    clients.map(({ contexts }, index) => contexts.update('Market', { [`key-${index}`]: index })),
);
console.log(`the updates are ${ends.map(({ status }) => status).join(' and ')}`);
const reader = await join('reader');
console.log(`a reader sees ${JSON.stringify(await reader.contexts.get('Market'))}`);
process.exit();
END

cat >"$folder/before" <<'END'
the updates are fulfilled and fulfilled
a reader sees {"key-0":0}
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/creation.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
