#!/bin/sh
# A subscription to a context hears nothing of its end, and nothing ever after.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A client subscribes to a context, which another one updates, destroys and makes again.
#
# Expected: the subscriber hears that the context is gone, and then of the new one; or is told that
# its subscription has ended.
# Seen: neither. The promise of the subscription was kept, its unsubscribe function is good, and no
# callback ever runs again, while `get` and a new subscription of the same client see each change.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/subscription.mjs" <<'END'
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

const writer = await join('writer');
const subscriber = await join('subscriber');
const heard = [];
const heardAnew = [];

await writer.set('Order', { n: 1 });
await subscriber.subscribe('Order', ({ n }) => heard.push(n));
await writer.update('Order', { n: 2 });
await settled(writer, subscriber);
console.log(`before it is destroyed, the subscription has heard ${heard}`);

await writer.destroy('Order');
await settled(writer, subscriber);
await writer.update('Order', { n: 3 });
await writer.update('Order', { n: 4 });
await settled(writer, subscriber);
console.log(`after that and two updates, ${heard}, and get says ${(await subscriber.get('Order')).n}`);

await subscriber.subscribe('Order', ({ n }) => heardAnew.push(n));
await writer.update('Order', { n: 5 });
await settled(writer, subscriber);
console.log(`a new subscription hears ${heardAnew}, the old one has heard ${heard}`);
process.exit();
END

cat >"$folder/before" <<'END'
before it is destroyed, the subscription has heard 1,2
after that and two updates, 1,2, and get says 4
a new subscription hears 4,5, the old one has heard 1,2
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/subscription.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
