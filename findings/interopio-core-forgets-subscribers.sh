#!/bin/sh
# A publisher on @interopio/core does not hear of all subscribers that are gone, and sends to nobody.
#
# Versions: @interopio/core 6.10.4, @glue42/gateway-web 3.0.19; Node.js 20 or later.
#
# A page offers a stream whose handlers write down who comes and who goes, and pushes to it.
#
# Expected: whoever was added is told as removed, whatever ended the subscription. Nothing is sent
# to a branch that has no subscribers, and data for an empty list of branches go to none.
# Seen: subscriptions that end with their branch, or with the stream, are not told as removed. One
# whose subscriber left before the decision is added when it is accepted, and stays for ever. What
# is pushed is sent to branches that nobody is on any more, and with an empty list of branches to
# all of them.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/subscribers.mjs" <<'END'
import core from '@interopio/core';
import gatewayWeb from '@glue42/gateway-web/node/gateway-web.js';

const gateway = gatewayWeb.create({ clients: { inactive_seconds: 0 } });
gatewayWeb.configure_logging({ level: 'error' });
await gateway.start();

let published = 0;
// The gateway in this process, and an ear at what the publisher sends.
const listening = {
    connect: async (receive) => {
        const client = await gateway.connect(receive);
        const send = (frame) => {
            published += Number(frame.domain === 'agm' && frame.type === 'publish');
            return client.send(frame);
        };
        return { send, disconnect: () => client.disconnect() };
    },
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

async function until(what, condition) {
    const giveUp = Date.now() + 30_000;
    while (!condition()) {
        if (Date.now() > giveUp) {
            throw new Error(`${what} has not come about`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

const publisher = await join('publisher', listening);
const subscriber = await join('subscriber');

/** A stream with the subscribers that were told, and the requests that wait. */
async function offer(name) {
    const told = { present: 0, requests: [] };
    const stream = await publisher.interop.createStream(name, {
        subscriptionRequestHandler: (request) => told.requests.push(request),
        subscriptionAddedHandler: () => (told.present += 1),
        subscriptionRemovedHandler: () => (told.present -= 1),
    });
    await until(name, () => subscriber.interop.servers({ name }).length > 0);
    return { stream, told };
}

async function subscribe(name, told, branch) {
    const subscribing = subscriber.interop.subscribe(name);
    await until('a request', () => told.requests.length > 0);
    told.requests.pop().acceptOnBranch(branch);
    return subscribing;
}

const { stream, told } = await offer('Prices');
await subscribe('Prices', told, 'A');
const onB = await subscribe('Prices', told, 'B');
stream.push({ n: 1 }, []);
console.log(`pushed to an empty list of branches: ${published} messages`);
onB.close();
await until('the end of B', () => told.present === 1);
published = 0;
stream.push({ n: 2 });
console.log(`pushed to one subscriber, where B is empty: ${published} messages`);
stream.branch('A').close();
console.log(`after the end of the branch A: ${told.present} not told as removed`);

const closing = await offer('News');
await subscribe('News', closing.told, '');
await closing.stream.close();
console.log(`after the end of the stream: ${closing.told.present} not told as removed`);

const leaving = await offer('Notes');
const visitor = await join('visitor');
await until('Notes', () => visitor.interop.servers({ name: 'Notes' }).length > 0);
visitor.interop.subscribe('Notes').catch(() => {});
await until('a request', () => leaving.told.requests.length > 0);
const isThere = () =>
    publisher.interop.servers().some(({ application }) => application === 'visitor');
await visitor.done();
await until('the end of the visitor', () => !isThere());
leaving.told.requests.pop().accept();
console.log(`accepted after it had left: ${leaving.stream.subscriptions().length} subscriber`);
process.exit();
END

cat >"$folder/before" <<'END'
pushed to an empty list of branches: 2 messages
pushed to one subscriber, where B is empty: 2 messages
after the end of the branch A: 1 not told as removed
after the end of the stream: 1 not told as removed
accepted after it had left: 1 subscriber
END

npm install --prefix "$folder" --silent --no-audit --no-fund \
    @interopio/core@6.10.4 @glue42/gateway-web@3.0.19 || exit 2
node "$folder/subscribers.mjs" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
