#!/bin/sh
# Two clients that write to a context at the same time see different values for ever after.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# Two members of a context update the same key at the same time, and a third client reads it.
#
# Expected: all see the value that was written last.
# Seen: each writer takes its own value when it is acknowledged, which is after it has heard of the
# other one's. One of them keeps what nobody else has.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/writers.mjs" <<'END'
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

async function join(application) {
    const { contexts } = await core({
        application,
        auth: { username: 'somebody', password: 'x' },
        gateway: { protocolVersion: 3, inproc: { facade: gateway } },
        logger: 'off',
        metrics: false,
    });
    return contexts;
}

let asked = 0;
/** Each of them has heard what was sent to it before, as it has an answer now. */
async function settled(...clients) {
    for (const client of clients) {
        await client.set(`asked ${(asked += 1)}`, { asked });
    }
}

const first = await join('first');
const second = await join('second');

await first.set('Price', { last: 0 });
await first.subscribe('Price', () => {});
await second.subscribe('Price', () => {});
await Promise.all([first.update('Price', { last: 1 }), second.update('Price', { last: 2 })]);
await settled(first, second);
const reader = await join('reader');
for (const [name, client] of Object.entries({ first, second, reader })) {
    console.log(`${name} sees ${(await client.get('Price')).last}`);
}
process.exit();
END

cat >"$folder/before" <<'END'
first sees 1
second sees 2
reader sees 2
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/writers.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
