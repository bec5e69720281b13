#!/bin/sh
# Who reads a context later sees another value than those who were there when a path was set in it.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A client sets the second element of a list in a context, by the path list.1. A member of the
# context hears of it; another client reads the context afterwards. Then a key is set to undefined.
#
# Expected: all of them see the same value.
# Seen: writer and members replace the element. The gateway, which tells all who come later, makes
# of the list a map that has nothing but this element. The key that is undefined is gone for the
# writer and null for all others.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/paths.mjs" <<'END'
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

const show = (value) => JSON.stringify(value);

const writer = await join('writer');
const member = await join('member');
let seen;
await writer.set('Basket', { list: ['a', 'b', 'c'], note: 'x' });
await member.subscribe('Basket', (data) => (seen = data));

await writer.setPath('Basket', 'list.1', 'B');
await settled(writer, member);
const later = await join('later');
console.log(`list.1 is set: the writer sees ${show((await writer.get('Basket')).list)}`);
console.log(`  a member ${show(seen.list)}`);
console.log(`  who comes later ${show((await later.get('Basket')).list)}`);

await writer.update('Basket', { note: undefined });
await settled(writer, member);
const last = await join('last');
console.log(`note is undefined: the writer sees ${show((await writer.get('Basket')).note)}`);
console.log(`  a member ${show(seen.note)}`);
console.log(`  who comes later ${show((await last.get('Basket')).note)}`);
process.exit();
END

cat >"$folder/before" <<'END'
list.1 is set: the writer sees ["a","B","c"]
  a member ["a","B","c"]
  who comes later {"1":"B"}
note is undefined: the writer sees undefined
  a member null
  who comes later null
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/paths.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
