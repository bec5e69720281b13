#!/bin/sh
# @interopio/core subscribes again, twice, to what the publisher has closed, and forgets the first.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A publisher closes a subscription, and its subscriber hears of it. Within ten seconds the
# subscriber's connection is made anew.
#
# Expected: nothing more is asked of the publisher; what it has closed stays closed.
# Seen: the publisher is asked twice more, although nobody at the subscriber wants it. The closing of
# the one subscription object that there is ends one of the two that were accepted; the other one
# stays with the publisher, and nothing at the subscriber can end it.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/again.mjs" <<'END'
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

async function until(condition) {
    const deadline = Date.now() + 10_000;
    while (!condition() && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

let asked = 0;
let isClosed = false;
const publisher = await join('publisher');
const subscriber = await join('subscriber');
const stream = await publisher.interop.createStream('Prices', {
    subscriptionRequestHandler: (request) => {
        asked += 1;
        request.accept();
    },
});
await subscriber.interop.waitForMethod('Prices');
const subscription = await subscriber.interop.subscribe('Prices');
subscription.onClosed(() => {
    isClosed = true;
});
const say = (when) =>
    console.log(`${when}: asked ${asked} times, ${stream.subscriptions().length} subscribed`);
say('subscribed');
stream.subscriptions()[0].close();
await until(() => isClosed && stream.subscriptions().length === 0);
say('closed by the publisher');
await subscriber.connection.reconnect();
await until(() => asked === 3 && stream.subscriptions().length === 2);
say('after a reconnect');
subscription.close();
await until(() => stream.subscriptions().length === 1);
say('closed by the subscriber, too');
process.exit();
END

cat >"$folder/before" <<'END'
subscribed: asked 1 times, 1 subscribed
closed by the publisher: asked 1 times, 0 subscribed
after a reconnect: asked 3 times, 2 subscribed
closed by the subscriber, too: asked 3 times, 1 subscribed
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/again.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
