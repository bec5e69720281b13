/** From the settings of a page to a connected Interop API. */

import { toError } from './errors';
import { GatewayTransport } from './gateway-transport';
import { InteropClient, type Io } from './interop-client';
import { type LibrarySettings, publishInstance } from './page-globals';
import { askSession, type Session } from './session';
import { readSettings, type Settings } from './settings';
import { disconnectedBy, LastingProblem, type StatusListener } from './status';

/** Core gives up after N * (N + 1) attempts: choose N so that it does not within a year. */
const RECONNECT_ATTEMPTS = 10_000;
const READY_TIMEOUT_MS = 15_000;
const FIRST_SESSION_DELAY_MS = 250;
const LONGEST_SESSION_DELAY_MS = 5_000;
/** So many that no two pages ever have the same. */
const INSTANCE_BYTES = 12;

/** Neither metrics (page URLs, titles and clicks) nor traces leave the page. */
const QUIET = { metrics: false, insights: false };

export function isDesktop(): boolean {
    return Boolean(global('iodesktop') ?? global('glue42gd'));
}

/**
 * Connects the page, with what it runs inside of: io.Connect or Glue42 bring their own library;
 * a page that names a gateway or a factory uses that; any other asks its Dash server.
 *
 * @returns null when a factory of the page decided to do without (`skipInit`).
 */
export async function connect(
    given: Settings,
    onStatus: StatusListener,
): Promise<InteropClient | null> {
    onStatus({ state: 'connecting', error: null });
    const settings = readSettings(given);
    const kind = libraryKind(settings);
    const library = window.glue42dash?.libSettings?.[kind] ?? {};
    const config = settings[kind]?.config ?? {};
    const factory = library.factory ?? injectedFactory(kind);
    if (factory) {
        return useFactory(factory, config, library, onStatus);
    }
    if (config.gateway?.ws || isDesktop()) {
        const core = await loadCore();
        const gateway = { reconnectAttempts: RECONNECT_ATTEMPTS, ...config.gateway };
        return useFactory(core, { ...QUIET, ...config, gateway }, library, onStatus);
    }
    if (kind === 'webPlatform') {
        throw new LastingProblem(
            'settings.type "platform" needs the platform library of io.Connect or Glue42',
        );
    }
    return useOwnGateway(config, library, onStatus);
}

type LibraryKind = 'web' | 'webPlatform' | 'desktop';

function libraryKind(settings: Settings): LibraryKind {
    if (isDesktop()) {
        return 'desktop';
    }
    return settings.type === 'platform' ? 'webPlatform' : 'web';
}

const INJECTED: Record<LibraryKind, string[]> = {
    desktop: ['IODesktop', 'Glue'],
    web: ['IOBrowser', 'GlueWeb'],
    webPlatform: ['IOBrowserPlatform', 'GlueWebPlatform'],
};

type Factory = (config: Record<string, any>) => Promise<any>;

function injectedFactory(kind: LibraryKind): Factory | undefined {
    return INJECTED[kind].map(global).find((value) => typeof value === 'function');
}

function global(name: string): any {
    return (window as any)[name];
}

async function useFactory(
    factory: Factory,
    config: Record<string, any>,
    library: LibrarySettings,
    onStatus: StatusListener,
): Promise<InteropClient | null> {
    const libraries = [...(config.libraries ?? []), ...(library.libraries ?? [])];
    const made = await quietly(() => factory({ ...config, libraries }));
    if (made?.skipInit) {
        onStatus({ state: 'disconnected', error: null });
        return null;
    }
    const io = made.io ?? made.glue ?? made;
    io.connection?.disconnected?.(() =>
        onStatus({ state: 'disconnected', error: 'The connection to the gateway was lost' }),
    );
    const client = new InteropClient(io);
    const welcome = () => onStatus({ state: 'connected', error: null, instance: client.instance });
    io.connection?.connected?.(welcome);
    welcome();
    publishInstance(io);
    return client;
}

async function useOwnGateway(
    config: Record<string, any>,
    library: LibrarySettings,
    onStatus: StatusListener,
): Promise<InteropClient> {
    const coreLoading = loadCore();
    let session: Session | undefined = await firstSession(onStatus);
    const { application } = session;
    const own = { ...newIdentity(), ...config.identity };
    const ask = () => {
        const first = session;
        session = undefined;
        return first ? Promise.resolve(first) : askSession();
    };
    const core = await coreLoading;
    for (;;) {
        const transport = new GatewayTransport(ask, onStatus);
        const gateway = { inproc: { facade: transport.facade } };
        // The transport puts the real credentials into each hello.
        const auth = { username: 'page', password: '' };
        const io = await untilLost(
            transport,
            core({
                application,
                ...QUIET,
                contexts: false,
                ...config,
                identity: own,
                gateway,
                auth,
            }),
        );
        if (io) {
            transport.onWelcome = () => {};
            transport.onLost = () => {
                io.connection.reconnect();
            };
            for (const extend of [...(config.libraries ?? []), ...(library.libraries ?? [])]) {
                await extend(io);
            }
            publishInstance(io);
            return new InteropClient(io, (peer, method) => transport.registrationOf(peer, method));
        }
        transport.close();
    }
}

/**
 * What makes this page the same one to others when it comes back from an outage. A gateway that has
 * not noticed yet that the former connection is gone refuses an identity that it knows; the peerId,
 * for which it puts the new one, makes each login's identity another.
 */
function newIdentity(): { instance: string; peerId: string } {
    const bytes = crypto.getRandomValues(new Uint8Array(INSTANCE_BYTES));
    const instance = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { instance, peerId: '?' };
}

/** Asks until the Dash server says where to connect. */
async function firstSession(onStatus: StatusListener): Promise<Session> {
    for (
        let delay = FIRST_SESSION_DELAY_MS;
        ;
        delay = Math.min(2 * delay, LONGEST_SESSION_DELAY_MS)
    ) {
        try {
            return await askSession();
        } catch (error) {
            onStatus(disconnectedBy(error));
            await new Promise((resolve) => setTimeout(resolve, delay));
        }
    }
}

/**
 * The API object, or undefined when the connection broke between login and readiness: core has no
 * timeout for joining a domain and would wait for ever.
 */
function untilLost(transport: GatewayTransport, making: Promise<Io>): Promise<Io | undefined> {
    return new Promise((resolve, reject) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const settle = (io: Io | undefined) => {
            clearTimeout(timer);
            resolve(io);
        };
        transport.onWelcome = () => {
            timer = setTimeout(() => settle(undefined), READY_TIMEOUT_MS);
        };
        transport.onLost = () => settle(undefined);
        making.then(settle, (reason) => {
            clearTimeout(timer);
            transport.close();
            reject(toError(reason));
        });
    });
}

async function loadCore(): Promise<Factory> {
    const module = await import(/* webpackChunkName: "core" */ '@interopio/core');
    return (module.default ?? module) as unknown as Factory;
}

/** A factory of core that fails also leaves a rejection behind that nobody can handle. */
async function quietly<T>(make: () => Promise<T>): Promise<T> {
    let cause: unknown;
    const silence = (event: PromiseRejectionEvent) => {
        if (event.reason?.err !== undefined && event.reason.err === cause) {
            event.preventDefault();
        }
    };
    window.addEventListener('unhandledrejection', silence);
    try {
        return await make();
    } catch (reason: any) {
        cause = reason?.err;
        throw toError(reason);
    } finally {
        // The browser reports such rejections after the current task.
        setTimeout(() => window.removeEventListener('unhandledrejection', silence), 0);
    }
}
