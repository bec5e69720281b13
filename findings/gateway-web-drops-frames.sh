#!/bin/sh
# @glue42/gateway-web drops calls in silence when a client makes more than 100 at once.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A client invokes a method 300 times without waiting in between; the handler answers at once.
#
# Expected: 300 answers, or an error for each call that the gateway does not take.
# Seen: about a hundred answers. The gateway queues 100 frames for a client and throws away what
# comes beyond that, so the other callers hear nothing until their own time is up. With a larger
# `clients.buffer_size` all 300 are answered.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/burst.mjs" <<'END'
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const CALLS = 300;
gatewayWeb.configure_logging({ level: 'error' });

async function burst(clients) {
    const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0, ...clients } });
    await gateway.start();
    const [caller, server] = await Promise.all(
        ['caller', 'server'].map((application) =>
            core({
                application,
                auth: { username: 'somebody', password: 'x' },
                gateway: { protocolVersion: 3, inproc: { facade: gateway } },
                logger: 'off',
                metrics: false,
            }),
        ),
    );
    await server.interop.register('Double', ({ n }) => ({ twice: 2 * n }));
    await caller.interop.waitForMethod('Double');
    const calls = Array.from({ length: CALLS }, (_, n) =>
        caller.interop.invoke('Double', { n }, 'best', { methodResponseTimeoutMs: 8000 }),
    );
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    const messages = failed.map(({ reason }) => reason.message.split('(')[0].trim());
    return { answered: outcomes.length - failed.length, messages: [...new Set(messages)] };
}

const usual = await burst({});
console.log(`usual buffer: all answered: ${usual.answered === CALLS}; others: ${usual.messages}`);
console.error(`(${usual.answered} of ${CALLS} answered)`);
const large = await burst({ buffer_size: 10_000 });
console.log(`large buffer: all answered: ${large.answered === CALLS}`);
process.exit();
END

cat >"$folder/before" <<'END'
usual buffer: all answered: false; others: Invocation timeout
large buffer: all answered: true
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/burst.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
