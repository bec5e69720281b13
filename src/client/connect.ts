/** From the settings of a page to a connected Interop API. */

import { delays } from './backoff';
import { contextsApi } from './contexts-api';
import { toError } from './errors';
import { GatewayTransport } from './gateway-transport';
import { InteropClient } from './interop-client';
import type { Io } from './io';
import {
    type Factory,
    injectedFactory,
    isDesktop,
    type LibraryKind,
    type LibrarySettings,
    libraryKind,
    loadCore,
    makeApi,
} from './library';
import type { AskLogin, Login } from './login';
import { notificationsApi } from './notifications-api';
import { readSettings, type Settings } from './settings';
import type { MakeSocket } from './socket';
import { disconnectedBy, LastingProblem, type StatusListener } from './status';
import { windowsApi } from './windows-api';

/** Core gives up after N * (N + 1) attempts; with this N, not within a year. */
const RECONNECT_ATTEMPTS = 10_000;
const READY_TIMEOUT_MS = 15_000;
const FIRST_LOGIN_DELAY_MS = 250;
/** With so many random bytes no two pages ever have the same instance. */
const INSTANCE_BYTES = 12;

/** Core sends neither metrics (page URLs, titles and clicks) nor traces. */
const QUIET = { metrics: false, insights: false };

/** What the client needs of whoever serves the page, and of the page itself. */
export interface Host {
    askLogin: AskLogin;
    /** What the page brings along for a library of that kind. */
    librarySettings: (kind: LibraryKind) => LibrarySettings;
    /** The title that the page came with; empty where it has none. */
    title: () => string;
    /** Gives the API object to other scripts of the page. */
    publish: (io: Io) => void;
    /** What speaks to the gateway where the page itself cannot; a WebSocket by default. */
    makeSocket?: MakeSocket;
}

/**
 * Connects the page. Inside of io.Connect or Glue42 it uses the library that they bring along; a
 * page that names a gateway or a factory uses that; any other page asks whoever serves it.
 *
 * @returns null when a factory of the page decided against a connection (`skipInit`).
 */
export async function connect(
    given: Settings,
    host: Host,
    onStatus: StatusListener,
): Promise<InteropClient | null> {
    onStatus({ state: 'connecting', error: null });
    const settings = readSettings(given);
    const kind = libraryKind(settings);
    const config = settings[kind]?.config ?? {};
    const { factory = injectedFactory(kind), libraries = [] } = host.librarySettings(kind);
    const inUse = { host, onStatus, libraries: [...(config.libraries ?? []), ...libraries] };
    const named = { ...nameOf(kind, host), ...config };
    if (factory) {
        return useFactory(factory, named, inUse);
    }
    if (config.gateway?.ws || isDesktop()) {
        const core = await loadCore();
        const gateway = { reconnectAttempts: RECONNECT_ATTEMPTS, ...config.gateway };
        return useFactory(core, { ...QUIET, ...named, gateway }, inUse);
    }
    if (kind === 'webPlatform') {
        throw new LastingProblem(
            'settings.type "platform" needs the platform library of io.Connect or Glue42',
        );
    }
    return useOwnGateway(config, inUse);
}

/**
 * How others see the page where its settings do not say. A library would take the present title,
 * which Dash changes while callbacks run, and a random number: nobody could call the page by that.
 * A platform and the desktop have names of their own.
 */
function nameOf(kind: LibraryKind, host: Host): { application?: string } {
    const title = host.title();
    return kind === 'web' && title ? { application: title } : {};
}

/** What a connection needs, whichever library makes it. */
interface Surroundings {
    host: Host;
    onStatus: StatusListener;
    /** Functions that get the API object before anybody else does. */
    libraries: ((io: Io) => unknown)[];
}

async function useFactory(
    factory: Factory,
    config: Record<string, any>,
    { host, onStatus, libraries }: Surroundings,
): Promise<InteropClient | null> {
    const io = await makeApi(factory, { ...config, libraries });
    if (io === null) {
        onStatus({ state: 'disconnected', error: null });
        return null;
    }
    io.connection?.disconnected?.(() =>
        onStatus({ state: 'disconnected', error: 'The connection to the gateway was lost' }),
    );
    const client = new InteropClient(io);
    const welcome = () => onStatus({ state: 'connected', error: null, instance: client.instance });
    io.connection?.connected?.(welcome);
    welcome();
    complete(io, client);
    host.publish(io);
    return client;
}

async function useOwnGateway(
    config: Record<string, any>,
    { host, onStatus, libraries }: Surroundings,
): Promise<InteropClient> {
    const coreLoading = loadCore();
    let login: Login | undefined = await firstLogin(host.askLogin, onStatus);
    const { application } = login;
    const identity = { ...newIdentity(), ...config.identity };
    const ask = () => {
        const first = login;
        login = undefined;
        return first ? Promise.resolve(first) : host.askLogin();
    };
    const core = await coreLoading;
    // The page speaks of contexts itself.
    const shared = { application, ...QUIET, ...config, contexts: false, identity };
    for (;;) {
        const transport = new GatewayTransport(ask, onStatus, host.makeSocket);
        const gateway = { inproc: { facade: transport.facade } };
        // The transport puts the real credentials into each hello.
        const auth = { username: 'page', password: '' };
        const io = await untilLost(transport, core({ ...shared, gateway, auth }));
        if (io) {
            transport.onWelcome = () => {};
            transport.onLost = () => io.connection.reconnect();
            const { registrations, cancellations, histories, contexts, invocations } = transport;
            io.contexts = contextsApi(contexts);
            const client = new InteropClient(
                io,
                (peer, method) => registrations.of(peer, method),
                () => cancellations.present,
                histories,
                contexts,
                invocations,
            );
            complete(io, client);
            for (const extend of libraries) {
                await extend(io);
            }
            host.publish(io);
            return client;
        }
        transport.close();
    }
}

/** Gives other scripts of the page what its library does not have. */
function complete(io: Io, { notifications, windows, contexts }: InteropClient): void {
    if (Object.isExtensible(io)) {
        io.notifications ??= notificationsApi(notifications);
        io.windows ??= windowsApi(windows, contexts);
    }
}

/**
 * The identity by which others know this page again when it comes back from an outage. A gateway
 * that has not noticed yet that the former connection is gone refuses an identity that it knows. So
 * there is a peerId in it, for which the gateway puts that of the login: no two logins have one
 * identity.
 */
function newIdentity(): { instance: string; peerId: string } {
    const bytes = crypto.getRandomValues(new Uint8Array(INSTANCE_BYTES));
    const instance = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { instance, peerId: '?' };
}

/** Asks until there is an answer. */
async function firstLogin(askLogin: AskLogin, onStatus: StatusListener): Promise<Login> {
    const waits = delays(FIRST_LOGIN_DELAY_MS);
    for (;;) {
        try {
            return await askLogin();
        } catch (error) {
            onStatus(disconnectedBy(error));
            const { value } = waits.next();
            await new Promise((resolve) => setTimeout(resolve, value));
        }
    }
}

/**
 * The API object, or undefined when the connection broke between login and readiness: core joins
 * domains without a timeout and would wait for ever.
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
