// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, type Host } from '../../../src/client/connect';
import { isDesktop } from '../../../src/client/library';
import type { ConnectionStatus } from '../../../src/client/status';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import { FakeWebSocket } from '../support/fake-websocket';

const core = vi.hoisted(() => ({ factory: undefined as any }));

vi.mock('@interopio/core', () => ({ default: (config: any) => core.factory(config) }));

const LOGIN = { url: 'ws://gateway/', token: 'token', application: 'from the server' };
const INJECTED = [
    'iodesktop',
    'glue42gd',
    'IODesktop',
    'Glue',
    'IOBrowser',
    'GlueWeb',
    'IOBrowserPlatform',
    'GlueWebPlatform',
];

let statuses: ConnectionStatus[];
let page: FakePage;
/** What the page brings along for each kind of library. */
let libSettings: Record<string, any>;
let title: string;
const askLogin = vi.fn();
const publish = vi.fn();
const host: Host = {
    askLogin,
    publish,
    title: () => title,
    librarySettings: (kind) => libSettings[kind] ?? {},
};
const onStatus = (status: ConnectionStatus) => statuses.push(status);

beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('WebSocket', FakeWebSocket);
    askLogin.mockReset().mockImplementation(async () => LOGIN);
    publish.mockReset();
    libSettings = {};
    title = '';
    FakeWebSocket.opened = [];
    statuses = [];
    page = new FakeGateway().connect();
    core.factory = vi.fn(loginOnly);
});

afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    for (const name of INJECTED) {
        delete (window as any)[name];
    }
});

/** Core as far as the transport sees it: says hello, and is ready when it has joined. */
async function loginOnly(config: any): Promise<any> {
    if (!config.gateway.inproc) {
        return page;
    }
    return new Promise((resolve) => {
        let peer: any;
        const receive = (_client: unknown, frame: any) => {
            if (frame.type === 'welcome') {
                peer.send({ type: 'join', domain: 'global', destination: 'agm' });
            } else if (frame.type === 'success') {
                resolve(page);
            }
        };
        config.gateway.inproc.facade.connect(receive).then((connected: any) => {
            peer = connected;
            peer.send({ type: 'hello', identity: { application: config.application } });
        });
    });
}

function latestStatus(): ConnectionStatus {
    return statuses[statuses.length - 1];
}

function flush(afterMs = 0): Promise<unknown> {
    return vi.advanceTimersByTimeAsync(afterMs);
}

function letIn(socket: FakeWebSocket): void {
    socket.welcome();
    socket.deliver({ type: 'success', domain: 'global' });
}

describe('a page that asks whoever serves it', () => {
    async function connected(settings = {}) {
        const connecting = connect(settings, host, onStatus);
        await flush();
        letIn(FakeWebSocket.latest);
        return connecting;
    }

    test('goes to the gateway that the answer names, with its token', async () => {
        await connected();
        expect(askLogin).toHaveBeenCalledTimes(1);
        expect(FakeWebSocket.opened.map(({ url }) => url)).toEqual(['ws://gateway/']);
        expect(FakeWebSocket.latest.sent[0]).toMatchObject({
            type: 'hello',
            authentication: { method: 'access-token', token: 'token' },
        });
        expect(statuses.map(({ state }) => state)).toEqual(['connecting', 'connected']);
    });

    test('gives a client of what core made', async () => {
        const client = await connected();
        expect(client?.io).toBe(page);
    });

    test('is called as the server says, unless its settings do', async () => {
        await connected();
        expect(core.factory.mock.calls[0][0].application).toBe('from the server');
        await connected({ web: { config: { application: 'mine' } } });
        expect(core.factory.mock.calls[1][0].application).toBe('mine');
    });

    test('is the same instance in every login of a page, and another one in each page', async () => {
        connect({}, host, onStatus);
        await flush();
        FakeWebSocket.latest.welcome();
        FakeWebSocket.latest.cut();
        await flush(100);
        letIn(FakeWebSocket.latest);
        await connected();
        const [first, again, other] = core.factory.mock.calls.map(
            ([config]: any) => config.identity,
        );
        expect(first).toEqual({
            instance: expect.stringMatching(/^[0-9a-f]{24}$/),
            // The gateway's to fill: no two logins have one identity, which it would refuse.
            peerId: '?',
        });
        expect(again).toEqual(first);
        expect(other.instance).not.toBe(first.instance);
    });

    test('may have an identity in its settings', async () => {
        await connected({ web: { config: { identity: { instance: 'mine', windowId: 'w' } } } });
        const [{ identity }] = core.factory.mock.calls[0];
        expect(identity).toEqual({ instance: 'mine', windowId: 'w', peerId: '?' });
    });

    test('tells nobody about the page, unless its settings ask for it', async () => {
        await connected();
        expect(core.factory.mock.calls[0][0]).toMatchObject({ metrics: false, insights: false });
        await connected({ web: { config: { metrics: true } } });
        expect(core.factory.mock.calls[1][0]).toMatchObject({ metrics: true, insights: false });
    });

    test('starts core without contexts, and gives the page those of this package', async () => {
        const client = await connected({ web: { config: { contexts: true } } });
        expect(core.factory.mock.calls[0][0].contexts).toBe(false);
        expect(client?.io.contexts.all()).toEqual([]);
        expect(publish.mock.calls[0][0].contexts).toBe(client?.io.contexts);
    });

    test('publishes the API object to the page', async () => {
        await connected();
        expect(publish.mock.calls).toEqual([[page]]);
    });

    test('lets libraries of the page see the API object first', async () => {
        const seen: any[] = [];
        const library = async (io: any) => seen.push([io, publish.mock.calls.length]);
        libSettings = { web: { libraries: [library] } };
        await connected();
        expect(seen).toEqual([[page, 0]]);
    });

    test('asks until there is an answer, ever more slowly, and says why there is none', async () => {
        vi.spyOn(Math, 'random').mockReturnValue(1);
        askLogin.mockRejectedValue(new Error('The server is away'));
        connect({}, host, onStatus);
        await flush();
        expect(latestStatus()).toEqual({
            state: 'disconnected',
            error: 'The server is away',
        });
        const times: number[] = [];
        for (let elapsed = 0; elapsed < 25_000; elapsed += 50) {
            const before = askLogin.mock.calls.length;
            await flush(50);
            if (askLogin.mock.calls.length > before) {
                times.push(elapsed + 50);
            }
        }
        expect(times).toEqual([250, 750, 1750, 3750, 7750, 12_750, 17_750, 22_750]);
        askLogin.mockImplementation(async () => LOGIN);
        await flush(5_000);
        expect(FakeWebSocket.opened).toHaveLength(1);
    });

    test('starts over when the connection is lost before it is ready', async () => {
        const connecting = connect({}, host, onStatus);
        await flush();
        const first = FakeWebSocket.latest;
        first.welcome();
        first.cut();
        await flush(100);
        expect(core.factory).toHaveBeenCalledTimes(2);
        expect(FakeWebSocket.opened).toHaveLength(2);
        letIn(FakeWebSocket.latest);
        expect((await connecting)?.io).toBe(page);
        expect(askLogin).toHaveBeenCalledTimes(2);
    });

    test('gives up with the reason when core itself fails', async () => {
        core.factory = vi.fn(async () => {
            throw { err: new Error('insights should be an object') };
        });
        await expect(connect({}, host, onStatus)).rejects.toThrow('insights should be an object');
        expect(core.factory).toHaveBeenCalledTimes(1);
    });

    test('starts over when it is let in and then not ready in time', async () => {
        const connecting = connect({}, host, onStatus);
        await flush();
        const first = FakeWebSocket.latest;
        first.welcome();
        await flush(14_999);
        expect(first.isClosed).toBe(false);
        await flush(1);
        expect(first.isClosed).toBe(true);
        await flush(100);
        letIn(FakeWebSocket.latest);
        expect((await connecting)?.io).toBe(page);
        expect(FakeWebSocket.opened).toHaveLength(2);
    });

    test('stops that clock once it is ready, and starts it no more', async () => {
        await connected();
        // The one that looks for jumps of the clock.
        expect(vi.getTimerCount()).toBe(1);
        FakeWebSocket.latest.cut();
        const { facade } = core.factory.mock.calls[0][0].gateway.inproc;
        (await facade.connect(() => {})).send({ type: 'hello' });
        await flush(100);
        FakeWebSocket.latest.welcome();
        expect(FakeWebSocket.opened).toHaveLength(2);
        expect(vi.getTimerCount()).toBe(1);
    });

    test('makes core log in again when the connection is lost later', async () => {
        await connected();
        FakeWebSocket.latest.cut();
        expect(page.connection.reconnects).toBe(1);
        expect(latestStatus()).toEqual({
            state: 'disconnected',
            error: 'The connection to the gateway was lost',
        });
        expect(core.factory).toHaveBeenCalledTimes(1);
    });

    test('hears from the gateway who registered first', async () => {
        const gateway = new FakeGateway();
        page = gateway.connect({ application: 'own' });
        for (const application of ['first connected', 'first registered']) {
            const other = gateway.connect({ application });
            await other.interop.register({ name: 'Sum' }, () => ({}));
        }
        const client = await connected();
        const added = (server_id: string, registration: number) => ({
            type: 'methods-added',
            server_id,
            methods: [{ id: '0', registration }],
        });
        FakeWebSocket.latest.deliver(added('peer-2', 2));
        FakeWebSocket.latest.deliver(added('peer-3', 1));
        const result = await client?.invoke('Sum', {});
        expect(result?.executed_by).toMatchObject({ application: 'first registered' });
    });
});

describe('a page that names a gateway', () => {
    const config = {
        application: 'mine',
        gateway: { ws: 'ws://theirs/', protocolVersion: 3 },
        auth: { username: 'ann', password: 'secret' },
    };

    test('goes there through core, with its own credentials', async () => {
        const client = await connect({ web: { config } }, host, onStatus);
        expect(core.factory).toHaveBeenCalledWith({
            ...config,
            gateway: { ...config.gateway, reconnectAttempts: 10_000 },
            metrics: false,
            insights: false,
            libraries: [],
        });
        expect(client?.io).toBe(page);
        expect(askLogin).not.toHaveBeenCalled();
        expect(FakeWebSocket.opened).toEqual([]);
    });

    test('decides itself how often to try and what to tell', async () => {
        const gateway = { ...config.gateway, reconnectAttempts: 3 };
        await connect({ web: { config: { ...config, gateway, metrics: true } } }, host, onStatus);
        expect(core.factory.mock.calls[0][0]).toMatchObject({ gateway, metrics: true });
    });

    test('hears of lost and restored connections', async () => {
        await connect({ web: { config } }, host, onStatus);
        page.connection.goAway();
        page.connection.comeBack();
        expect(statuses.map(({ state }) => state)).toEqual([
            'connecting',
            'connected',
            'connected',
            'disconnected',
            'connected',
        ]);
        expect(statuses[3].error).toBe('The connection to the gateway was lost');
        expect(statuses[4].error).toBeNull();
    });

    test('hears who it is, anew with each login', async () => {
        await connect({ web: { config } }, host, onStatus);
        page.connection.goAway();
        page.interop.instance.peerId = 'peer-9';
        page.connection.comeBack();
        const instance = { application: 'app', instance: 'instance of peer-1', peerId: 'peer-1' };
        expect(statuses.map((status) => status.instance)).toEqual([
            undefined,
            instance,
            instance,
            undefined,
            { ...instance, peerId: 'peer-9' },
        ]);
    });
});

describe('a page that brings a factory', () => {
    test('is served by it, and nobody is asked', async () => {
        const factory = vi.fn(async (_config: any) => page);
        const library = () => {};
        libSettings = { web: { factory, libraries: [library] } };
        const config = { application: 'mine', libraries: ['theirs'] };
        const client = await connect({ web: { config } }, host, onStatus);
        expect(factory).toHaveBeenCalledWith({
            application: 'mine',
            libraries: ['theirs', library],
        });
        expect(client?.io).toBe(page);
        expect(publish.mock.calls).toEqual([[page]]);
        expect(askLogin).not.toHaveBeenCalled();
        expect(core.factory).not.toHaveBeenCalled();
    });

    test.each(['io', 'glue'])('may give the API object as %s', async (name) => {
        libSettings = {
            web: { factory: async () => ({ [name]: page }) },
        };
        expect((await connect({}, host, onStatus))?.io).toBe(page);
    });

    test('may decide to do without', async () => {
        const factory = async () => ({ skipInit: true });
        libSettings = { web: { factory } };
        expect(await connect({}, host, onStatus)).toBeNull();
        expect(publish).not.toHaveBeenCalled();
        expect(statuses.map(({ state }) => state)).toEqual(['connecting', 'disconnected']);
        expect(latestStatus().error).toBeNull();
    });

    test('may give an object that knows nothing of connections', async () => {
        const io = { interop: page.interop };
        libSettings = { web: { factory: async () => io } };
        expect((await connect({}, host, onStatus))?.io).toBe(io);
        expect(latestStatus().state).toBe('connected');
    });

    test('has a place for each kind of library', async () => {
        const factories = {
            web: { factory: async () => ({ io: { interop: 'web' } }) },
            webPlatform: { factory: async () => ({ io: { interop: 'platform' } }) },
            desktop: { factory: async () => ({ io: { interop: 'desktop' } }) },
        };
        libSettings = factories;
        expect((await connect({}, host, onStatus))?.io.interop).toBe('web');
        expect((await connect({ type: 'client' }, host, onStatus))?.io.interop).toBe('web');
        expect((await connect({ type: 'platform' }, host, onStatus))?.io.interop).toBe('platform');
        (window as any).glue42gd = {};
        expect((await connect({ type: 'platform' }, host, onStatus))?.io.interop).toBe('desktop');
    });
});

describe('a factory that fails', () => {
    /** What the browser reports when nobody handles a rejection; whether it was silenced. */
    function reportRejection(reason: unknown): boolean {
        const event = Object.assign(new Event('unhandledrejection', { cancelable: true }), {
            reason,
        });
        window.dispatchEvent(event);
        return event.defaultPrevented;
    }

    function failWith(reason: unknown) {
        const factory = () => Promise.reject(reason);
        libSettings = { web: { factory } };
        return connect({}, host, onStatus).catch((error) => error);
    }

    test.each([
        ['an Error', new Error('no licence'), 'no licence'],
        ['what core wraps it in', { err: new Error('no gateway'), libs: {} }, 'no gateway'],
        ['an object in that', { err: { message: 'refused' } }, 'refused'],
        ['a string', 'nothing works', 'nothing works'],
    ])('with %s gives one Error', async (_what, reason, told) => {
        const error = await failWith(reason);
        expect(error).toBeInstanceOf(Error);
        expect(error.message).toBe(told);
    });

    test('leaves no unhandled rejection behind', async () => {
        const err = new Error('no gateway');
        await failWith({ err, libs: {} });
        expect(reportRejection({ err })).toBe(true);
    });

    test('silences no other rejection, and none afterwards', async () => {
        const err = new Error('no gateway');
        await failWith({ err });
        expect(reportRejection({ err: new Error('no gateway') })).toBe(false);
        expect(reportRejection(undefined)).toBe(false);
        await flush();
        expect(reportRejection({ err })).toBe(false);
    });

    test('a rejection without a cause silences nothing', async () => {
        await failWith('nothing works');
        expect(reportRejection('nothing works')).toBe(false);
        expect(reportRejection({})).toBe(false);
    });
});

describe('a page inside io.Connect or Glue42', () => {
    test.each([
        ['IOBrowser', 'web', {}],
        ['GlueWeb', 'web', {}],
        ['IOBrowserPlatform', 'webPlatform', { type: 'platform' }],
        ['GlueWebPlatform', 'webPlatform', { type: 'platform' }],
    ])('uses the injected %s with the configuration for %s', async (name, kind, settings) => {
        const injected = vi.fn(async (_config: any) => page);
        (window as any)[name] = injected;
        const config = { application: kind };
        const client = await connect({ ...settings, [kind]: { config } } as any, host, onStatus);
        expect(injected).toHaveBeenCalledWith({ application: kind, libraries: [] });
        expect(client?.io).toBe(page);
        expect(askLogin).not.toHaveBeenCalled();
        expect(core.factory).not.toHaveBeenCalled();
    });

    test.each([
        ['iodesktop', 'IODesktop'],
        ['glue42gd', 'Glue'],
    ])('knows the desktop by %s and uses the injected %s', async (sign, name) => {
        (window as any)[sign] = {};
        const injected = vi.fn(async (_config: any) => page);
        (window as any)[name] = injected;
        (window as any).IOBrowser = vi.fn();
        await connect({ desktop: { config: { application: 'mine' } } }, host, onStatus);
        expect(injected).toHaveBeenCalledWith({ application: 'mine', libraries: [] });
        expect((window as any).IOBrowser).not.toHaveBeenCalled();
        expect(isDesktop()).toBe(true);
    });

    test('uses core where the desktop injects no library', async () => {
        (window as any).glue42gd = { gwURL: 'ws://desktop/' };
        await connect({}, host, onStatus);
        expect(core.factory).toHaveBeenCalledTimes(1);
        expect(core.factory.mock.calls[0][0].gateway.inproc).toBeUndefined();
        expect(askLogin).not.toHaveBeenCalled();
    });

    test('is called by its title there, unless its settings say otherwise', async () => {
        title = 'Clients';
        const factory = vi.fn(async (_config: any) => page);
        libSettings = { web: { factory }, webPlatform: { factory } };
        await connect({}, host, onStatus);
        await connect({ web: { config: { application: 'mine' } } }, host, onStatus);
        await connect({ type: 'platform' }, host, onStatus);
        const names = factory.mock.calls.map(([config]) => config.application);
        expect(names).toEqual(['Clients', 'mine', undefined]);
    });

    test('is called by its title at a gateway that its settings name', async () => {
        title = 'Clients';
        await connect({ web: { config: { gateway: { ws: 'ws://mine/' } } } }, host, onStatus);
        expect(core.factory.mock.calls[0][0].application).toBe('Clients');
    });

    test('a factory of the page comes before an injected one', async () => {
        (window as any).IOBrowser = vi.fn();
        libSettings = { web: { factory: async () => page } };
        await connect({}, host, onStatus);
        expect((window as any).IOBrowser).not.toHaveBeenCalled();
    });

    test('what is no function is no library', async () => {
        (window as any).IOBrowser = {};
        connect({}, host, onStatus);
        await flush();
        expect(askLogin).toHaveBeenCalledTimes(1);
        expect(isDesktop()).toBe(false);
    });

    test('a platform without its library is an error', async () => {
        await expect(connect({ type: 'platform' }, host, onStatus)).rejects.toThrow(
            'settings.type "platform" needs the platform library of io.Connect or Glue42',
        );
        expect(askLogin).not.toHaveBeenCalled();
    });
});
