// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GatewayTransport } from '../../../src/client/gateway-transport';
import type { Login } from '../../../src/client/login';
import type { ConnectionStatus } from '../../../src/client/status';
import { FakeWebSocket } from '../support/fake-websocket';
import { outcome } from '../support/promises';

const HELLO = { type: 'hello', domain: 'global', identity: { application: 'app' } };
const LONGEST_DELAY_MS = 5_000;

/** The page, as vitest gives it to tests. */
declare const jsdom: { reconfigure: (settings: { url: string }) => void };

let statuses: ConnectionStatus[];
let received: any[];
let asked: number;
let answer: () => Promise<Login>;
let transport: GatewayTransport;
let core: { send: (frame: any) => void; disconnect: () => void };

beforeEach(async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    vi.stubGlobal('WebSocket', FakeWebSocket);
    FakeWebSocket.opened = [];
    statuses = [];
    received = [];
    asked = 0;
    answer = async () => ({ url: 'ws://gateway/', token: `token-${asked}`, application: 'app' });
    transport = new GatewayTransport(
        () => {
            asked += 1;
            return answer();
        },
        (status) => statuses.push(status),
    );
    core = await transport.facade.connect((_client, frame) => received.push(frame));
});

afterEach(() => {
    transport.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

function flush(): Promise<unknown> {
    return vi.advanceTimersByTimeAsync(0);
}

async function sayHello(): Promise<FakeWebSocket> {
    core.send({ ...HELLO });
    await flush();
    return FakeWebSocket.latest;
}

async function logIn(): Promise<FakeWebSocket> {
    const socket = await sayHello();
    socket.welcome();
    return socket;
}

describe('logging in', () => {
    test('nothing is asked before core says hello', async () => {
        await flush();
        expect(asked).toBe(0);
    });

    test("the hello carries the token of the login instead of core's credentials", async () => {
        core.send({ ...HELLO, authentication: { method: 'secret', login: 'page', secret: '' } });
        await flush();
        const socket = FakeWebSocket.latest;
        expect(socket.url).toBe('ws://gateway/');
        expect(socket.sent).toEqual([]);
        socket.accept();
        expect(socket.sent).toEqual([
            {
                ...HELLO,
                authentication: { method: 'access-token', token: 'token-1' },
                instance_key: expect.stringMatching(/^[0-9a-f-]{32,36}$/),
            },
        ]);
    });

    test('each hello of a page has the same key', async () => {
        const first = await sayHello();
        first.accept();
        first.cut();
        await vi.advanceTimersByTimeAsync(1000);
        const second = FakeWebSocket.latest;
        second.accept();
        const keys = [first, second].map(({ sent }) => sent[0].instance_key);
        expect(second).not.toBe(first);
        expect(keys[0]).toBe(keys[1]);
    });

    test('the welcome goes to core, becomes the status and is told', async () => {
        const welcomed = vi.fn();
        transport.onWelcome = welcomed;
        const socket = await sayHello();
        socket.accept();
        expect(welcomed).not.toHaveBeenCalled();
        const welcome = {
            type: 'welcome',
            peer_id: 'p1',
            resolved_identity: { instance: 'i1', application: 'app', user: 'ann' },
        };
        socket.deliver(welcome);
        expect(received).toEqual([welcome]);
        const instance = { ...welcome.resolved_identity, peerId: 'p1' };
        expect(statuses).toEqual([{ state: 'connected', error: null, instance }]);
        expect(welcomed).toHaveBeenCalledTimes(1);
    });

    test('a refused hello is tried again with a new token', async () => {
        const socket = await sayHello();
        socket.accept();
        socket.deliver({ type: 'error', reason: 'the token has expired' });
        await flush();
        expect(socket.isClosed).toBe(true);
        expect(received).toEqual([]);
        expect(statuses).toEqual([
            {
                state: 'disconnected',
                error: 'The gateway refused this page: the token has expired',
            },
        ]);
        await vi.advanceTimersByTimeAsync(100);
        const second = FakeWebSocket.latest;
        expect(second).not.toBe(socket);
        second.accept();
        expect(second.sent[0].authentication.token).toBe('token-2');
    });

    test('no welcome in time is an error, and tried again', async () => {
        const socket = await sayHello();
        socket.accept();
        await vi.advanceTimersByTimeAsync(9_999);
        expect(statuses).toEqual([]);
        expect(socket.isClosed).toBe(false);
        await vi.advanceTimersByTimeAsync(1);
        expect(socket.isClosed).toBe(true);
        expect(statuses).toEqual([
            {
                state: 'disconnected',
                error: 'The gateway at ws://gateway/ did not let this page in within 10000 ms',
            },
        ]);
        await vi.advanceTimersByTimeAsync(100);
        expect(asked).toBe(2);
    });

    test('a welcome stops the clock', async () => {
        const socket = await logIn();
        await vi.advanceTimersByTimeAsync(60_000);
        expect(socket.isClosed).toBe(false);
        expect(statuses.map(({ state }) => state)).toEqual(['connected']);
    });

    test('a gateway that is not there is named', async () => {
        const socket = await sayHello();
        socket.cut();
        expect(statuses).toEqual([
            {
                state: 'disconnected',
                error: `No gateway answers at ws://gateway/, or it does not admit pages of ${location.origin}: then start it with --allow-origin ${location.origin}`,
            },
        ]);
    });

    test.each([
        ['an Error', new Error('The Dash server answered 503'), 'The Dash server answered 503'],
        ['anything else', 'offline', 'offline'],
    ])('a login that is refused with %s becomes the status', async (_what, reason, told) => {
        answer = () => Promise.reject(reason);
        core.send({ ...HELLO });
        await flush();
        expect(statuses).toEqual([{ state: 'disconnected', error: told }]);
        expect(FakeWebSocket.opened).toEqual([]);
    });

    test('an address that is not valid becomes the status, and is asked again', async () => {
        answer = async () => ({ url: 'nowhere', token: '', application: 'app' });
        core.send({ ...HELLO });
        await flush();
        expect(statuses[0]).toMatchObject({ state: 'disconnected' });
        expect(statuses[0].error).toContain('nowhere');
        await vi.advanceTimersByTimeAsync(100);
        expect(asked).toBe(2);
    });
});

describe('trying again', () => {
    /** The time until the login is asked for the next time, in steps of the clock. */
    async function timeToNextAttempt(): Promise<number> {
        const before = asked;
        let waited = 0;
        while (asked === before) {
            await vi.advanceTimersByTimeAsync(5);
            waited += 5;
        }
        return waited;
    }

    async function delays(count: number): Promise<number[]> {
        answer = () => Promise.reject(new Error('away'));
        core.send({ ...HELLO });
        await flush();
        const found: number[] = [];
        for (let i = 0; i < count; i += 1) {
            found.push(await timeToNextAttempt());
        }
        return found;
    }

    test('the delays double up to a longest one', async () => {
        expect(await delays(9)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    });

    test('it never gives up', async () => {
        answer = () => Promise.reject(new Error('away'));
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(24 * 3_600_000);
        const before = asked;
        expect(before).toBeGreaterThan(17_000);
        await vi.advanceTimersByTimeAsync(LONGEST_DELAY_MS);
        expect(asked).toBe(before + 1);
    });

    test('a login starts the delays anew', async () => {
        await delays(6);
        answer = async () => ({ url: 'ws://gateway/', token: 't', application: 'app' });
        await timeToNextAttempt();
        FakeWebSocket.latest.welcome();
        FakeWebSocket.latest.cut();
        core.send({ ...HELLO });
        expect(await timeToNextAttempt()).toBe(100);
    });

    test('it retries at once when the browser is online again', async () => {
        await delays(7);
        const before = asked;
        window.dispatchEvent(new Event('online'));
        await flush();
        expect(asked).toBe(before + 1);
    });

    test('online retries replace the one that waits', async () => {
        await delays(2);
        const before = asked;
        answer = () => new Promise(() => {});
        window.dispatchEvent(new Event('online'));
        window.dispatchEvent(new Event('online'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(before + 1);
    });

    test('online changes nothing while logged in', async () => {
        await logIn();
        window.dispatchEvent(new Event('online'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(1);
        expect(FakeWebSocket.opened).toHaveLength(1);
    });
});

describe('a lost connection', () => {
    test('is told after the status has changed, with the reason of the gateway', async () => {
        const socket = await logIn();
        const lost = vi.fn(() => statuses.length);
        transport.onLost = lost;
        socket.cut('the gateway is restarted');
        expect(statuses[1]).toEqual({ state: 'disconnected', error: 'the gateway is restarted' });
        expect(lost).toHaveBeenCalledTimes(1);
        expect(lost).toHaveReturnedWith(2);
    });

    test('without a reason is told in words', async () => {
        (await logIn()).cut();
        expect(statuses[1].error).toBe('The connection to the gateway was lost');
    });

    test('waits for core to say hello again, then asks for a new login', async () => {
        (await logIn()).cut();
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(1);
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(99);
        expect(asked).toBe(1);
        await vi.advanceTimersByTimeAsync(1);
        const second = FakeWebSocket.latest;
        second.welcome('p2');
        expect(second.sent[0].authentication.token).toBe('token-2');
        expect(received.map(({ peer_id }) => peer_id)).toEqual(['peer-1', 'p2']);
        expect(statuses.map(({ state }) => state)).toEqual([
            'connected',
            'disconnected',
            'connected',
        ]);
    });

    test('an end before the login is no loss', async () => {
        const lost = vi.fn();
        transport.onLost = lost;
        (await sayHello()).cut();
        expect(lost).not.toHaveBeenCalled();
    });
});

describe('frames', () => {
    test('go both ways while logged in, with dates', async () => {
        const socket = await logIn();
        core.send({ type: 'call', domain: 'agm', at: new Date(7) });
        expect(socket.sent[1]).toEqual({ type: 'call', domain: 'agm', at: '#T42_DATE#7' });
        socket.deliver({ type: 'result', domain: 'agm', at: '#T42_DATE#9' });
        expect(received[1]).toEqual({ type: 'result', domain: 'agm', at: new Date(9) });
    });

    test('an error while logged in goes to core and ends nothing', async () => {
        const socket = await logIn();
        socket.deliver({ type: 'error', domain: 'agm', reason: 'no such method' });
        await flush();
        expect(received[1]).toMatchObject({ type: 'error', reason: 'no such method' });
        expect(socket.isClosed).toBe(false);
    });

    test.each([
        ['agm.errors.invocation.failure', 'ServerGone'],
        ['agm.errors.failure', 'ServerGone'],
        ['global.errors.limits_exceeded', 'Overloaded'],
    ])('of the error %s say %s where core looks', async (reason_uri, interopType) => {
        const socket = await logIn();
        const error = { type: 'error', domain: 'agm', request_id: 'r', reason: 'No', reason_uri };
        socket.deliver(error);
        const context = { message: 'No', interopType };
        expect(received[1]).toEqual({ ...error, context });
    });

    test('of an error say whether the server got the call, as the gateway does', async () => {
        const socket = await logIn();
        const reason_uri = 'agm.errors.invocation.failure';
        const error = { type: 'error', domain: 'agm', request_id: 'r', reason: 'Left', reason_uri };
        socket.deliver({ ...error, context: { delivered: 'no' } });
        const context = { delivered: 'no', message: 'Left', interopType: 'ServerGone' };
        expect(received[1]).toEqual({ ...error, context });
    });

    test('of cancels and progress go past core, both ways', async () => {
        const socket = await sayHello();
        const extensions = ['batches', 'cancel', 'progress', 'delivered'];
        socket.welcome('p', { available_domains: [{ uri: 'agm', extensions }] });
        core.send({ type: 'join', domain: 'global', destination: 'agm' });
        const heard: unknown[] = [];
        const terms = { timeoutMs: 500, onProgress: (value: unknown) => heard.push(value) };
        const call = { type: 'call', domain: 'agm', request_id: 'r', peer_id: 'p' };
        const sent = transport.invocations.call(terms, () => core.send(call));
        socket.deliver({ type: 'progress', domain: 'agm', request_id: 'r', value: 1 });
        sent.cancel('cancelled');
        const about = { domain: 'agm', request_id: 'r', peer_id: 'p' };
        expect(socket.sent.slice(1)).toEqual([
            { type: 'join', domain: 'global', destination: 'agm', extensions },
            { ...call, timeout_ms: 500, progress: true },
            { ...about, type: 'cancel-call', reason: 'cancelled' },
        ]);
        expect(heard).toEqual([1]);
        expect(received.slice(1)).toEqual([{ ...about, type: 'result', result: {} }]);
    });

    test('of a call that is too large leave nothing to be cancelled', async () => {
        const socket = await sayHello();
        const extensions = ['cancel'];
        socket.welcome('p', { available_domains: [{ uri: 'agm', extensions }], max_size: 100 });
        const call = { type: 'call', domain: 'agm', request_id: 'r', text: 'x'.repeat(100) };
        const sent = transport.invocations.call({ timeoutMs: 500 }, () => core.send(call));
        await flush();
        sent.cancel('timeout');
        expect(socket.sent).toHaveLength(1);
        expect(received.slice(1)).toMatchObject([{ type: 'error', request_id: 'r' }]);
    });

    test('of progress that is too large are refused where it is told', async () => {
        const socket = await sayHello();
        socket.welcome('p', { max_size: 200 });
        const invoke = { type: 'invoke', domain: 'agm', invocation_id: 'i', progress: true };
        let invoked: any;
        await transport.facade.connect(() => {
            invoked = transport.invocations.invoked;
        });
        socket.deliver(invoke);
        expect(() => invoked.progress('x'.repeat(300))).toThrow('The data is not sent');
        invoked.progress('short');
        expect(socket.sent[1]).toMatchObject({ type: 'progress', value: 'short' });
    });

    test.each([['agm.errors.client_error'], ['somebody.elses.uri']])(
        'of the error %s are what the other end said',
        async (reason_uri) => {
            const socket = await logIn();
            const context = { message: 'No', type: 'KeyError' };
            const error = { type: 'error', domain: 'agm', request_id: 'r', reason_uri, context };
            socket.deliver(error);
            expect(received[1]).toEqual(error);
        },
    );

    test('sent while away are dropped, not kept for later', async () => {
        const socket = await logIn();
        socket.cut();
        core.send({ type: 'yield', domain: 'agm' });
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(100);
        core.send({ type: 'publish', domain: 'agm' });
        const second = FakeWebSocket.latest;
        second.welcome();
        core.send({ type: 'call', domain: 'agm' });
        expect(socket.sent.map(({ type }) => type)).toEqual(['hello']);
        expect(second.sent.map(({ type }) => type)).toEqual(['hello', 'call']);
    });
});

describe('frames that are too large', () => {
    const LIMIT = 400;
    const head = { domain: 'agm', peer_id: 'p1' };

    async function logInWithLimit(): Promise<FakeWebSocket> {
        const socket = await sayHello();
        socket.welcome('p1', { max_size: LIMIT });
        return socket;
    }

    /** A frame of exactly so many bytes. */
    function sized(frame: Record<string, any>, field: string, size: number) {
        const empty = JSON.stringify({ ...frame, [field]: '' }).length;
        return { ...frame, [field]: 'x'.repeat(size - empty) };
    }

    function words(size: number): string {
        return `the message has ${size} bytes as JSON, and the gateway takes ${LIMIT} at most`;
    }

    test.each(['call', 'subscribe', 'register'])('fail as one %s, later', async (type) => {
        const socket = await logInWithLimit();
        core.send(sized({ ...head, type, request_id: 'r1' }, 'arguments_kv', LIMIT + 1));
        expect(received).toHaveLength(1);
        await flush();
        const reason = `It is not sent: ${words(LIMIT + 1)}`;
        expect(received[1]).toEqual({
            ...head,
            type: 'error',
            request_id: 'r1',
            reason_uri: 'agm.errors.client_error',
            reason,
            context: { message: reason, interopType: 'TooLarge' },
        });
        core.send({ ...head, type: 'call', request_id: 'r2' });
        expect(socket.sent.map(({ type }) => type)).toEqual(['hello', 'call']);
        expect(socket.isClosed).toBe(false);
    });

    test('are sent up to the last byte', async () => {
        const socket = await logInWithLimit();
        const frame = sized({ ...head, type: 'call', request_id: 'r1' }, 'arguments_kv', LIMIT);
        core.send(frame);
        await flush();
        expect(socket.sent[1]).toEqual(frame);
        expect(received).toHaveLength(1);
    });

    test('are measured in bytes', async () => {
        const socket = await logInWithLimit();
        const frame = sized({ ...head, type: 'call', request_id: 'r1' }, 'text', LIMIT - 3);
        core.send({ ...frame, text: `${frame.text}\u20ac` });
        core.send({ ...frame, text: `${frame.text}x\u20ac` });
        await flush();
        expect(socket.sent).toHaveLength(2);
        expect(received[1].reason).toContain(words(LIMIT + 1));
    });

    test('become an error for the caller where they are results', async () => {
        const socket = await logInWithLimit();
        const told = vi.spyOn(console, 'error').mockImplementation(() => {});
        const result = { ...head, type: 'yield', invocation_id: 'i1', request_id: 'r1' };
        core.send(sized(result, 'result', 1000));
        await flush();
        const reason = `What the handler returned is not sent: ${words(1000)}`;
        expect(socket.sent[1]).toEqual({
            ...head,
            type: 'error',
            request_id: 'i1',
            reason_uri: 'agm.errors.client_error',
            reason,
            context: { message: reason, interopType: 'TooLarge' },
        });
        expect(received).toHaveLength(1);
        expect(told).toHaveBeenCalledWith(`dash_interop: ${reason}`);
    });

    test.each([
        ['y', `${'y'.repeat(200)}... (the message has `],
        // JSON writes it with six letters, and it leaves no room.
        ['\0', 'the message has '],
    ])('are cut where they are errors of handlers: %j', async (letter, begins) => {
        const socket = await sayHello();
        socket.welcome('p1', { max_size: 1024 });
        const reason = letter.repeat(5_000);
        const context = { message: reason, type: 'ValueError' };
        core.send({ ...head, type: 'error', request_id: 'i1', reason, context });
        const sent = socket.sent[1];
        expect(sent).toMatchObject({ ...head, type: 'error', request_id: 'i1' });
        expect(sent.reason.startsWith(begins)).toBe(true);
        expect(sent.context).toEqual({ message: sent.reason, type: 'ValueError' });
    });

    test.each(['publish', 'post'])('are thrown at who pushes them: %s', async (type) => {
        const socket = await logInWithLimit();
        const push = () => core.send(sized({ ...head, type }, 'data', 1000));
        expect(push).toThrow(`The data is not sent: ${words(1000)}`);
        expect(socket.sent).toHaveLength(1);
    });

    test('are sent where the gateway does not say what it takes', async () => {
        const first = await logInWithLimit();
        first.cut();
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(100);
        FakeWebSocket.latest.welcome();
        core.send(sized({ ...head, type: 'call', request_id: 'r1' }, 'arguments_kv', 1000));
        expect(FakeWebSocket.latest.sent.map(({ type }) => type)).toEqual(['hello', 'call']);
    });
});

describe('registrations', () => {
    const added = {
        type: 'methods-added',
        server_id: 's1',
        methods: [
            { id: '0', registration: 41 },
            { id: '1', registration: 42 },
        ],
    };

    test('are remembered by peer and method, and the frame goes on to core', async () => {
        const socket = await logIn();
        socket.deliver(added);
        expect(transport.registrations.of('s1', '0')).toBe(41);
        expect(transport.registrations.of('s1', '1')).toBe(42);
        expect(transport.registrations.of('s2', '0')).toBeUndefined();
        expect(received[1]).toEqual(added);
    });

    test('are forgotten with their methods', async () => {
        const socket = await logIn();
        const removed = { type: 'methods-removed', server_id: 's1', methods: ['0'] };
        socket.deliver(added);
        socket.deliver(removed);
        expect(transport.registrations.of('s1', '0')).toBeUndefined();
        expect(transport.registrations.of('s1', '1')).toBe(42);
        expect(received[2]).toEqual(removed);
    });

    test('under an id that is known come after its withdrawal, as core takes no notice else', async () => {
        const socket = await logIn();
        socket.deliver(added);
        const again = { ...added, methods: [{ id: '1', registration: 43 }, { id: '2' }] };
        socket.deliver(again);
        expect(received.slice(2)).toEqual([
            { type: 'methods-removed', server_id: 's1', methods: ['1'] },
            again,
        ]);
        expect(transport.registrations.of('s1', '1')).toBe(43);
    });

    test('are forgotten when the connection is lost', async () => {
        const socket = await logIn();
        socket.deliver(added);
        socket.cut();
        expect(transport.registrations.of('s1', '1')).toBeUndefined();
    });
});

describe('a socket that the browser itself refuses', () => {
    function violate(event: object): void {
        const violation = { disposition: 'enforce', effectiveDirective: 'connect-src', ...event };
        document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), violation));
    }

    const FORBIDDEN =
        'The content security policy of this page forbids a connection to the gateway: add ws://gateway to its connect-src';

    test.each([
        ['its address', 'ws://gateway/'],
        ['its origin', 'ws://gateway'],
        ['its scheme', 'ws'],
    ])('for a policy is told as that, when the browser names %s', async (_what, blockedURI) => {
        const socket = await sayHello();
        socket.refuse();
        expect(statuses).toEqual([]);
        violate({ blockedURI });
        await flush();
        expect(statuses).toEqual([{ state: 'disconnected', error: FORBIDDEN, isLasting: true }]);
        await vi.advanceTimersByTimeAsync(100);
        expect(asked).toBe(2);
    });

    test('for a policy, in a browser that throws', async () => {
        vi.stubGlobal(
            'WebSocket',
            class {
                constructor() {
                    throw new DOMException('The operation is insecure.', 'SecurityError');
                }
            },
        );
        core.send({ ...HELLO });
        await flush();
        expect(statuses).toEqual([]);
        violate({ blockedURI: 'ws://gateway/' });
        await flush();
        expect(statuses.map(({ error }) => error)).toEqual([FORBIDDEN]);
        await vi.advanceTimersByTimeAsync(100);
        expect(asked).toBe(2);
    });

    test('for a policy that is named before the socket fails', async () => {
        const socket = await sayHello();
        violate({ blockedURI: 'ws://gateway/' });
        socket.refuse();
        await flush();
        expect(statuses.map(({ error }) => error)).toEqual([FORBIDDEN]);
    });

    test.each([
        ['another address', { blockedURI: 'ws://elsewhere/' }],
        ['another directive', { blockedURI: 'ws://gateway/', effectiveDirective: 'img-src' }],
        ['a policy that only reports', { blockedURI: 'ws://gateway/', disposition: 'report' }],
    ])('says nothing of %s', async (_what, violation) => {
        const socket = await sayHello();
        violate(violation);
        socket.refuse();
        await vi.advanceTimersByTimeAsync(100);
        expect(statuses.map(({ error }) => error)).toEqual([
            `No gateway answers at ws://gateway/, or it does not admit pages of ${location.origin}: then start it with --allow-origin ${location.origin}`,
        ]);
        expect(statuses[0].isLasting).toBeUndefined();
    });

    test('on a page that came by https is told what it needs', async () => {
        const url = location.href;
        jsdom.reconfigure({ url: 'https://app/' });
        (await sayHello()).refuse();
        await vi.advanceTimersByTimeAsync(100);
        jsdom.reconfigure({ url });
        expect(statuses).toEqual([
            {
                state: 'disconnected',
                error: 'The browser refuses ws://gateway/ to a page that came by https: the gateway needs TLS and a wss: address',
                isLasting: true,
            },
        ]);
    });
});

describe('a page that the browser puts aside', () => {
    const away = [
        ['pagehide', () => window.dispatchEvent(new Event('pagehide'))],
        ['freeze', () => document.dispatchEvent(new Event('freeze'))],
    ] as const;
    const back = [
        ['pageshow', () => window.dispatchEvent(new Event('pageshow'))],
        ['resume', () => document.dispatchEvent(new Event('resume'))],
    ] as const;

    test.each(away)('leaves the gateway on %s, without a word', async (_what, leave) => {
        const socket = await logIn();
        const lost = vi.fn();
        transport.onLost = lost;
        leave();
        expect(socket.isClosed).toBe(true);
        core.send({ type: 'error', reason_uri: 'agm.errors.client_error', request_id: 'i' });
        await vi.advanceTimersByTimeAsync(60_000);
        expect(socket.sent).toHaveLength(1);
        expect(lost).not.toHaveBeenCalled();
        expect(asked).toBe(1);
        expect(statuses).toHaveLength(1);
    });

    test.each(back)(
        'has lost its connection on %s, and logs in at once',
        async (_what, comeBack) => {
            await logIn();
            window.dispatchEvent(new Event('pagehide'));
            const lost = vi.fn(() => core.send({ ...HELLO }));
            transport.onLost = lost;
            comeBack();
            expect(lost).toHaveBeenCalledTimes(1);
            expect(statuses[1]).toEqual({
                state: 'disconnected',
                error: 'The browser had put this page aside',
            });
            await vi.advanceTimersByTimeAsync(100);
            FakeWebSocket.latest.welcome();
            expect(statuses[2].state).toBe('connected');
            back.forEach(([, again]) => {
                again();
            });
            expect(lost).toHaveBeenCalledTimes(1);
        },
    );

    test('gives up an attempt, and makes it when it is back', async () => {
        const socket = await sayHello();
        window.dispatchEvent(new Event('pagehide'));
        document.dispatchEvent(new Event('freeze'));
        expect(socket.isClosed).toBe(true);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(1);
        document.dispatchEvent(new Event('resume'));
        await flush();
        FakeWebSocket.latest.welcome();
        expect(statuses.map(({ state }) => state)).toEqual(['connected']);
        expect(asked).toBe(2);
    });

    test('has no use for a login that it asked for before', async () => {
        let give: (login: Login) => void = () => {};
        const before = answer;
        answer = () => new Promise((resolve) => (give = resolve));
        core.send({ ...HELLO });
        window.dispatchEvent(new Event('pagehide'));
        answer = before;
        window.dispatchEvent(new Event('pageshow'));
        give({ url: 'ws://former/', token: 't', application: 'app' });
        await flush();
        expect(FakeWebSocket.opened.map(({ url }) => url)).toEqual(['ws://gateway/']);
    });

    test('does not begin to connect while it is away', async () => {
        window.dispatchEvent(new Event('pagehide'));
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(0);
        window.dispatchEvent(new Event('pageshow'));
        await flush();
        expect(asked).toBe(1);
    });

    test('pageshow of a page that was not away changes nothing', async () => {
        await logIn();
        window.dispatchEvent(new Event('pageshow'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(statuses).toHaveLength(1);
        expect(asked).toBe(1);
    });
});

test('the reason for which a subscription is rejected is sent without the words of core', async () => {
    const socket = await logIn();
    const head = { domain: 'agm', type: 'error', request_id: 's1' };
    const said = 'Subscription rejected by user. ';
    const rejected = 'com.tick42.agm.errors.subscription.failure';
    core.send({ ...head, reason_uri: rejected, reason: `${said}not you` });
    core.send({ ...head, reason_uri: rejected, reason: 'No method with id 5 on this server.' });
    core.send({ ...head, reason_uri: 'agm.errors.client_error', reason: `${said}not you` });
    expect(socket.sent.slice(1).map(({ reason }) => reason)).toEqual([
        'not you',
        'No method with id 5 on this server.',
        `${said}not you`,
    ]);
});

describe('a page that may be unloading', () => {
    const failure = { type: 'error', reason_uri: 'agm.errors.client_error', request_id: 'i' };
    const others = [
        { type: 'yield', invocation_id: 'i' },
        { type: 'error', reason_uri: 'agm.errors.subscription.failure', request_id: 's' },
    ];
    const beginUnloading = () => window.dispatchEvent(new Event('beforeunload'));

    test('does not say that its handlers failed', async () => {
        const socket = await logIn();
        beginUnloading();
        core.send({ ...failure });
        others.forEach(core.send);
        expect(socket.sent.slice(1)).toEqual(others);
        await vi.advanceTimersByTimeAsync(4_999);
        window.dispatchEvent(new Event('pagehide'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(socket.sent.slice(1)).toEqual(others);
    });

    test('says it later when its user stays', async () => {
        const socket = await logIn();
        beginUnloading();
        core.send({ ...failure });
        await vi.advanceTimersByTimeAsync(5_000);
        expect(socket.sent.slice(1)).toEqual([failure]);
        core.send({ ...failure, request_id: 'j' });
        expect(socket.sent).toHaveLength(3);
    });

    test('says nothing to the next connection of what failed in the one before', async () => {
        const socket = await logIn();
        transport.onLost = () => core.send({ ...HELLO });
        beginUnloading();
        core.send({ ...failure });
        socket.cut();
        await vi.advanceTimersByTimeAsync(100);
        FakeWebSocket.latest.welcome();
        await vi.advanceTimersByTimeAsync(60_000);
        expect(FakeWebSocket.latest.sent).toHaveLength(1);
    });
});

describe('a connection that may be dead', () => {
    const QUESTION = {
        domain: 'agm',
        type: 'unregister',
        methods: [],
        peer_id: 'peer-1',
        request_id: 'still-there',
    };
    const ANSWER = { domain: 'agm', type: 'success', request_id: 'still-there' };

    function sleepFor(ms: number): Promise<unknown> {
        vi.setSystemTime(Date.now() + ms);
        return vi.advanceTimersByTimeAsync(5_000);
    }

    function signs(): [string, () => unknown][] {
        return [
            ['the machine has slept', () => sleepFor(3_600_000)],
            ['the network is back', () => window.dispatchEvent(new Event('online'))],
            [
                'somebody looks at the page',
                () => document.dispatchEvent(new Event('visibilitychange')),
            ],
        ];
    }

    test.each(signs())('is asked when %s', async (_what, happens) => {
        const socket = await logIn();
        await happens();
        expect(socket.sent.slice(1)).toEqual([QUESTION]);
        socket.deliver(ANSWER);
        await vi.advanceTimersByTimeAsync(4_999);
        expect(received.map(({ type }) => type)).toEqual(['welcome']);
        expect(statuses).toHaveLength(1);
    });

    test.each(signs())('is lost when nothing comes after %s', async (_what, happens) => {
        const socket = await logIn();
        const lost = vi.fn(() => core.send({ ...HELLO }));
        transport.onLost = lost;
        await happens();
        await vi.advanceTimersByTimeAsync(3_000);
        expect(socket.isClosed).toBe(true);
        expect(lost).toHaveBeenCalledTimes(1);
        expect(statuses[1].error).toBe('The gateway no longer answers');
        await vi.advanceTimersByTimeAsync(100);
        FakeWebSocket.latest.welcome();
        expect(statuses[2].state).toBe('connected');
    });

    test('lives when anything comes', async () => {
        const socket = await logIn();
        window.dispatchEvent(new Event('online'));
        socket.deliver({ type: 'invoke', domain: 'agm' });
        await vi.advanceTimersByTimeAsync(60_000);
        expect(statuses).toHaveLength(1);
    });

    test('is asked once at a time', async () => {
        const socket = await logIn();
        window.dispatchEvent(new Event('online'));
        window.dispatchEvent(new Event('online'));
        expect(socket.sent).toHaveLength(2);
    });

    test('has time while the question is still to be sent', async () => {
        const socket = await logIn();
        socket.bufferedAmount = 1;
        window.dispatchEvent(new Event('online'));
        await vi.advanceTimersByTimeAsync(30_000);
        expect(statuses).toHaveLength(1);
        socket.bufferedAmount = 0;
        await vi.advanceTimersByTimeAsync(6_000);
        expect(statuses[1].error).toBe('The gateway no longer answers');
    });

    test('is asked again by a page that was held up itself', async () => {
        const socket = await logIn();
        window.dispatchEvent(new Event('online'));
        vi.setSystemTime(Date.now() + 5_000);
        await vi.advanceTimersByTimeAsync(3_000);
        expect(socket.sent.slice(1)).toEqual([QUESTION, QUESTION]);
        expect(statuses).toHaveLength(1);
    });

    test('timers that are a little late are no sign', async () => {
        const socket = await logIn();
        await sleepFor(14_000);
        expect(socket.sent).toHaveLength(1);
    });

    test('an attempt that waits is made at once', async () => {
        answer = () => Promise.reject(new Error('away'));
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(10_000);
        for (const [, happens] of signs().slice(1)) {
            const before = asked;
            happens();
            await flush();
            expect(asked).toBe(before + 1);
        }
    });
});

describe('close', () => {
    test('closes the socket and reports nothing more', async () => {
        const socket = await logIn();
        const lost = vi.fn();
        transport.onLost = lost;
        core.disconnect();
        await flush();
        expect(socket.isClosed).toBe(true);
        expect(lost).not.toHaveBeenCalled();
        expect(statuses).toHaveLength(1);
    });

    test('ends the retries', async () => {
        answer = () => Promise.reject(new Error('away'));
        core.send({ ...HELLO });
        await flush();
        transport.close();
        window.dispatchEvent(new Event('online'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(1);
        expect(vi.getTimerCount()).toBe(0);
    });

    test('a login that comes after it is not used', async () => {
        let give: (login: Login) => void = () => {};
        answer = () => new Promise((resolve) => (give = resolve));
        core.send({ ...HELLO });
        transport.close();
        give({ url: 'ws://gateway/', token: 't', application: 'app' });
        await vi.advanceTimersByTimeAsync(60_000);
        expect(FakeWebSocket.opened).toEqual([]);
        expect(statuses).toEqual([]);
    });

    test('a login that is refused after it is not asked for again', async () => {
        let fail: (reason: Error) => void = () => {};
        answer = () => new Promise((_resolve, reject) => (fail = reject));
        core.send({ ...HELLO });
        transport.close();
        fail(new Error('late'));
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked).toBe(1);
        expect(statuses).toEqual([]);
    });

    test('stops the clock of a login', async () => {
        await sayHello();
        transport.close();
        await flush();
        expect(vi.getTimerCount()).toBe(0);
        expect(statuses).toEqual([]);
    });
});

describe('the end of a subscription', () => {
    test.each([
        ['agm.peer-removed', 'Peer has been removed', true, 'The publisher left'],
        ['agm.method-removed', 'x', true, 'The publisher withdrew the stream'],
        [null, 'enough', false, 'enough'],
        [null, '', false, undefined],
    ])('has a reason while core hears of it: %s %j', async (reason_uri, reason, isAway, said) => {
        const socket = await logIn();
        const seen: unknown[] = [];
        vi.spyOn(received, 'push').mockImplementation(() =>
            seen.push(transport.cancellations.present),
        );
        const frame = { type: 'subscription-cancelled', domain: 'agm', subscription_id: 's1' };
        socket.deliver({ ...frame, reason_uri, reason });
        socket.deliver({ type: 'event', domain: 'agm', subscription_id: 's2' });
        expect(seen).toEqual([{ isAway, reason: said }, undefined]);
        expect(transport.cancellations.present).toBeUndefined();
    });
});

describe('contexts', () => {
    const ADDED = { type: 'context-added', domain: 'global', context_id: 'c1', name: 'Market' };

    async function logInAndJoin(more: object = {}): Promise<FakeWebSocket> {
        const socket = await sayHello();
        socket.welcome('p1', more);
        socket.deliver(ADDED);
        socket.deliver({ type: 'success', domain: 'agm', request_id: '1' });
        return socket;
    }

    test('are no business of core', async () => {
        const socket = await logInAndJoin();
        const reading = transport.contexts.get('Market');
        const [asked] = socket.sent.slice(-1);
        expect(asked).toMatchObject({ type: 'subscribe-context', context_id: 'c1', peer_id: 'p1' });
        const { request_id } = asked;
        const about = { domain: 'global', context_id: 'c1' };
        socket.deliver({ type: 'subscribed-context', ...about, request_id, data: { px: 1 } });
        expect(await reading).toEqual({ px: 1 });
        socket.deliver({ type: 'context-updated', ...about, delta: { reset: { px: 2 } } });
        socket.deliver({ type: 'context-destroyed', ...about });
        expect(received.map(({ type }) => type)).toEqual(['welcome', 'success']);
        expect(transport.contexts.all()).toEqual([]);
    });

    test('that are too large to be sent are refused with the size', async () => {
        await logInAndJoin({ max_size: 1024 });
        const { error } = await outcome(
            transport.contexts.update('Market', { text: 'x'.repeat(1024) }),
        );
        expect(error.message).toMatch(
            /^The context Market was not written: It is not sent: the message has \d+ bytes/,
        );
    });

    test('that are too large to be restored do not pass for all that there is', async () => {
        const socket = await logInAndJoin();
        const heard: object[] = [];
        transport.contexts.subscribe('Market', ({ data, isDestroyed }) => {
            heard.push([Object.keys(data), isDestroyed]);
        });
        const { request_id } = socket.sent[socket.sent.length - 1];
        const data = { text: 'x'.repeat(2048) };
        const version = 5;
        const about = { domain: 'global', context_id: 'c1', restorable: true };
        socket.deliver({ type: 'subscribed-context', ...about, request_id, data, version });
        const warning = vi.spyOn(console, 'warn').mockImplementation(() => {});
        socket.cut();
        core.send({ ...HELLO });
        await vi.advanceTimersByTimeAsync(LONGEST_DELAY_MS);
        const next = FakeWebSocket.latest;
        next.welcome('p2', { max_size: 1024, options: { node: 'another' } });
        await flush();
        expect(transport.contexts.all()).toEqual(['Market']);
        expect(warning.mock.calls[0][0]).toContain('The context Market is not restored');
        next.deliver({ type: 'success', domain: 'agm', request_id: '2' });
        expect(transport.contexts.all()).toEqual([]);
        expect(heard).toEqual([
            [['text'], false],
            [[], true],
        ]);
    });

    test('of a lost connection are asked for anew', async () => {
        const socket = await logInAndJoin();
        const writing = transport.contexts.update('Market', { px: 1 });
        writing.catch(() => {});
        socket.cut();
        const { error } = await outcome(writing);
        expect(error.message).toContain('The connection was lost while the context Market');
    });
});
