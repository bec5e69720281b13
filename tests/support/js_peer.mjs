// A JavaScript peer that a test drives: one JSON object a line comes in, one goes out.
//
//     {"id": 1, "command": "invoke", "arguments": {...}}
//     {"id": 1, "result": ...}    or    {"id": 1, "error": {"message": ...}}
//
// Commands that wait do not hold up the ones after them. A date is {"$date": milliseconds} on
// these lines. After "close" the process may connect anew, as another peer. It ends with its input,
// so that it never outlives the tests.
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import {
    afterRemovals,
    clientLibraries,
    connectClient,
    leaveQuietly,
    methodVisible,
} from '../conformance/clients.mjs';
import { Collected, setDeadline, within } from '../conformance/deadline.mjs';

// Shorter than the deadline of the test, whose text could not say what was missing.
setDeadline(9000);

// Lines are all that may be on stdout.
console.log = console.info = console.debug = console.error;
// The library leaves some behind when it also reports the failure properly.
process.on('unhandledRejection', (error) => console.error('unhandled rejection:', error));

let client = null;
let events = new Collected();
let logins = new Collected();
const calls = new Map();
const streams = new Map();
const subscriptions = new Map();
const contextChanges = new Map();

const nameOf = (definition) => (typeof definition === 'string' ? definition : definition.name);

function callsOf(name) {
    if (!calls.has(name)) {
        calls.set(name, new Collected());
    }
    return calls.get(name);
}

function known(map, key, what) {
    if (!map.has(key)) {
        throw new Error(`there is no ${what} ${key}`);
    }
    return map.get(key);
}

// What the lines carry --------------------------------------------------------------------------

function revive(_key, value) {
    const isDate = value !== null && typeof value === 'object' && '$date' in value;
    return isDate ? new Date(value.$date) : value;
}

// Methods of the library's objects are left out, and lead to circles.
function plain(value) {
    if (value instanceof Date) {
        return { $date: value.getTime() };
    }
    if (Array.isArray(value)) {
        return value.map(plain);
    }
    if (value !== null && typeof value === 'object') {
        const entries = Object.entries(value).filter(([, each]) => typeof each !== 'function');
        return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
    }
    return value;
}

function say(line) {
    process.stdout.write(`${JSON.stringify(plain(line))}\n`);
}

function describedMethod(method) {
    return { ...method, servers: method.getServers().map((server) => ({ ...server })) };
}

function describedSubscription(subscription) {
    const { arguments: args, branchKey, instance } = subscription;
    return { arguments: args, branch: branchKey, instance };
}

// Some rejections of the library are no errors, and some have no message.
function describedError(error) {
    if (error === null || typeof error !== 'object') {
        return { message: String(error) };
    }
    const { message, status, returned, executed_by, all_errors } = error;
    return { message, status, returned, executed_by, all_errors };
}

// Methods ---------------------------------------------------------------------------------------

function counting() {
    let n = 0;
    return () => {
        n += 1;
        return { n };
    };
}

// Holds `args.of` calls and answers them together: by `args.turn`, or the latest first.
function late() {
    let waiting = [];
    return (args) =>
        new Promise((resolve) => {
            waiting.push({ args, resolve });
            if (waiting.length < args.of) {
                return;
            }
            const together = waiting.reverse();
            waiting = [];
            if (args.turn !== undefined) {
                together.sort((a, b) => a.args.turn - b.args.turn);
            }
            for (const call of together) {
                call.resolve(call.args);
            }
        });
}

const behaviours = {
    echo: () => (args) => args,
    sum: () => (args) => ({ sum: args.a + args.b }),
    raise: () => (args) => {
        throw new Error(args.message);
    },
    count: counting,
    late,
    never: () => () => new Promise(() => {}),
};

async function register({ definition, behaviour }) {
    if (!Object.hasOwn(behaviours, behaviour)) {
        throw new Error(`there is no behaviour ${behaviour}`);
    }
    const handled = callsOf(nameOf(definition));
    const answer = behaviours[behaviour]();
    const handler = (args, caller) => {
        handled.add({ args, caller });
        return answer(args);
    };
    await within(client.interop.register(definition, handler), 'registration');
}

async function invoke({ definition, args, target, options }) {
    const outcome = await client.interop.invoke(definition, args, target, options);
    const { returned, message, status, executed_by, all_return_values, all_errors } = outcome;
    return { returned, message, status, executed_by, all_return_values, all_errors };
}

function invokeMany({ definition, list, target, options }) {
    return Promise.all(
        list.map((args) =>
            invoke({ definition, args, target, options }).catch((error) => ({
                error: describedError(error),
            })),
        ),
    );
}

async function methodGone({ name }) {
    const gone = () => (client.interop.methods({ name })[0]?.getServers() ?? []).length === 0;
    await afterRemovals(client, gone, `removal of ${name}`);
}

// Streams ---------------------------------------------------------------------------------------

function decider(mode) {
    if (mode.startsWith('reject:')) {
        return (request) => request.reject(mode.slice('reject:'.length));
    }
    const deciders = {
        accept: (request) => request.accept(),
        branch: (request) => request.acceptOnBranch(request.arguments.symbol),
        ignore: () => {},
    };
    if (!Object.hasOwn(deciders, mode)) {
        throw new Error(`there is no mode ${mode}`);
    }
    return deciders[mode];
}

async function createStream({ definition, mode }) {
    const decide = decider(mode);
    const happened = new Collected();
    const note = (event, subject) => happened.add({ event, ...describedSubscription(subject) });
    const created = client.interop.createStream(definition, {
        subscriptionRequestHandler: (request) => {
            note('requested', request);
            decide(request);
        },
        subscriptionAddedHandler: (subscription) => note('added', subscription),
        subscriptionRemovedHandler: (subscription) => note('removed', subscription),
    });
    const stream = await within(created, 'stream');
    streams.set(nameOf(definition), { stream, happened });
}

const streamNamed = (name) => known(streams, name, 'stream').stream;

function pushMany({ name, count }) {
    const stream = streamNamed(name);
    for (let n = 0; n < count; n += 1) {
        stream.push({ n });
    }
}

async function subscribe({ definition, parameters }) {
    const data = new Collected();
    const closings = new Collected();
    const subscription = await client.interop.subscribe(definition, {
        ...parameters,
        // From the start: data that comes with the acceptance would be missed later on.
        onData: data.add,
    });
    subscription.onClosed(closings.add);
    const handle = subscriptions.size + 1;
    subscriptions.set(handle, { subscription, data, closings });
    return handle;
}

const subscriptionOf = (handle) => known(subscriptions, handle, 'subscription');

// Contexts --------------------------------------------------------------------------------------

async function subscribeContext({ name }) {
    const changes = new Collected();
    const handle = contextChanges.size + 1;
    contextChanges.set(handle, changes);
    await client.contexts.subscribe(name, (data, delta, removed, _unsubscribe, extra) =>
        changes.add({ data, delta, removed: removed ?? [], updaterId: extra?.updaterId ?? null }),
    );
    return handle;
}

// Values of JavaScript have prototypes that do not travel.
const same = (one, other) =>
    isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));

async function contextReaches({ handle, data }) {
    const changes = known(contextChanges, handle, 'context subscription');
    const has = (items) => items.length > 0 && same(items.at(-1).data, data);
    await changes.until(has, `value ${JSON.stringify(data)}`);
}

// Returns whether it reads this value in time, and what it reads.
async function contextSettles({ name, data, milliseconds }) {
    const end = Date.now() + milliseconds;
    for (;;) {
        const read = await within(
            client.contexts.get(name),
            `value of ${name}`,
            milliseconds + 500,
        );
        if (same(read, data) || Date.now() > end) {
            return { settles: same(read, data), data: read };
        }
        // Nothing tells when a library has taken up what came.
        await new Promise((resolve) => setImmediate(resolve));
    }
}

async function contextWrites({ name, writes }) {
    const { contexts } = client;
    const ends = writes.map(({ kind, data, path }) => {
        const write = {
            update: () => contexts.update(name, data),
            set: () => contexts.set(name, data),
            setPath: () => contexts.setPath(name, path, data),
            destroy: () => contexts.destroy(name),
        }[kind];
        // Of what was under way when the connection broke, the library says nothing.
        return within(Promise.resolve().then(write), kind, 1000).then(
            () => null,
            (error) => wordsOf(error),
        );
    });
    return Promise.all(ends);
}

// What a library rejects with may be an error, a text, or a refusal of the gateway.
function wordsOf(error) {
    const words = error?.message ?? error?.reason ?? error?.err?.reason;
    return words ?? (typeof error === 'string' ? error : JSON.stringify(error));
}

// Lists that can be read at once, or when they have reached a length -----------------------------

const lists = {
    events: () => [events, (item) => item],
    logins: () => [logins, (item) => item],
    handled: (name) => [callsOf(name), ({ args }) => args],
    callers: (name) => [callsOf(name), ({ caller }) => caller],
    stream_events: (name) => [known(streams, name, 'stream').happened, (item) => item],
    received: (handle) => [subscriptionOf(handle).data, ({ data }) => data],
    closings: (handle) => [subscriptionOf(handle).closings, ({ message }) => ({ message })],
    context_changes: (handle) => [
        known(contextChanges, handle, 'context subscription'),
        (change) => change,
    ],
};

async function read({ list, key, count }) {
    const [collected, shown] = lists[list](key);
    await collected.count(count);
    return collected.items.map(shown);
}

// The connection --------------------------------------------------------------------------------

function watch({ interop, connection }) {
    // Those of the next peer are none of this one's.
    const seen = events;
    const seenLogins = logins;
    connection.connected((url) => seenLogins.add(url));
    for (const event of ['methodAdded', 'methodRemoved']) {
        interop[event]((method) => seen.add({ event, method: method.name }));
    }
    for (const event of ['serverAdded', 'serverRemoved']) {
        interop[event]((server) => seen.add({ event, server: { ...server } }));
    }
    for (const event of ['serverMethodAdded', 'serverMethodRemoved']) {
        interop[event](({ method, server }) =>
            seen.add({ event, method: method.name, server: { ...server } }),
        );
    }
}

async function connect({ url, user, application, token, library }) {
    const auth = token === null ? undefined : { token };
    const chosen = clientLibraries.find(({ name }) => name === library);
    try {
        client = await connectClient(chosen, { url, user, application, auth });
    } catch (failure) {
        // The library wraps the error of a refused login.
        throw failure.err ?? failure;
    }
    watch(client);
    return client.interop.instance;
}

async function close() {
    await leaveQuietly(client).catch(() => {});
    client = null;
    events = new Collected();
    logins = new Collected();
    for (const each of [calls, streams, subscriptions, contextChanges]) {
        each.clear();
    }
}

const commands = {
    connect,
    register,
    unregister: ({ definition }) => client.interop.unregister(definition),
    invoke,
    invoke_many: invokeMany,
    methods: ({ filter }) => client.interop.methods(filter ?? undefined).map(describedMethod),
    servers: () => client.interop.servers().map((server) => ({ ...server })),
    method_visible: ({ name, servers }) => methodVisible(client, name, servers),
    method_gone: methodGone,
    create_stream: createStream,
    push: ({ name, data, branch }) => streamNamed(name).push(data, branch ?? undefined),
    push_many: pushMany,
    close_stream: ({ name }) => streamNamed(name).close(),
    subscriptions: ({ name }) => streamNamed(name).subscriptions().map(describedSubscription),
    subscribe,
    unsubscribe: ({ handle }) => subscriptionOf(handle).subscription.close(),
    contexts: () => client.contexts.all(),
    context: ({ name }) => client.contexts.get(name),
    context_writes: contextWrites,
    context_subscribe: subscribeContext,
    context_reaches: contextReaches,
    context_settles: contextSettles,
    read,
    close,
};

async function obey({ id, command, arguments: args }) {
    try {
        const result = await commands[command](args);
        say({ id, result: result ?? null });
    } catch (error) {
        say({ id, error: describedError(error) });
    }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => obey(JSON.parse(line, revive)));
lines.on('close', () => process.exit(0));
