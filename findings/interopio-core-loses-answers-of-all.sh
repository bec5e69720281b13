#!/bin/sh
# When @interopio/core invokes all servers of a method and one is late, the answers of the others
# are lost.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# Two servers offer a method, and a caller invokes it with the target 'all'.
#
# Expected: the answers of those who answered are in `all_return_values`, and what went wrong at the
# others in `all_errors`, for any kind of failure.
# Seen: so it is where one server's handler fails. Where it does not answer in time, the whole call
# rejects, with an object that is no Error and has no trace of the answer that did arrive.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/all.mjs" <<'END'
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

const [caller, quick, other] = await Promise.all(
    ['caller', 'quick', 'other'].map((application) =>
        core({
            application,
            auth: { username: 'somebody', password: 'x' },
            gateway: { protocolVersion: 3, inproc: { facade: gateway } },
            logger: 'off',
            metrics: false,
        }),
    ),
);

async function bothOffer(name) {
    const giveUp = Date.now() + 30_000;
    while (caller.interop.servers({ name }).length < 2) {
        if (Date.now() > giveUp) {
            throw new Error(`${name} has not arrived`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

const HANDLERS = {
    fails: (_args, _caller, _succeed, fail) => fail('no'),
    'is late': () => {},
};
for (const [deed, handler] of Object.entries(HANDLERS)) {
    await quick.interop.registerAsync(deed, (_args, _caller, succeed) => succeed({ quick: true }));
    await other.interop.registerAsync(deed, handler);
    await bothOffer(deed);
    const outcome = await caller.interop
        .invoke(deed, {}, 'all', { methodResponseTimeoutMs: 3000 })
        .then(
            (result) => ({ how: 'resolves', result }),
            (result) => ({ how: 'rejects', result }),
        );
    const { how, result } = outcome;
    console.log(`the other server ${deed}: the call ${how}`);
    console.log(`  an Error: ${result instanceof Error}`);
    console.log(`  answers: ${JSON.stringify(result.all_return_values?.map((one) => one.returned))}`);
    console.log(`  errors: ${JSON.stringify(result.all_errors?.length)}`);
}
process.exit();
END

cat >"$folder/before" <<'END'
the other server fails: the call resolves
  an Error: false
  answers: [{"quick":true}]
  errors: 1
the other server is late: the call rejects
  an Error: false
  answers: undefined
  errors: undefined
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/all.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
