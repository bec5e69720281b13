/**
 * The part of the Interop API that the components use, with the faults of @interopio/core healed:
 * targets are chosen here (the server that registered first is best; patterns work), one server
 * that times out does not take the results of the others with it, nothing is registered twice in
 * an outage, a publisher hears of every subscriber that goes, and nothing waits for ever.
 */

import type { Cancellation } from './cancellations';
import { Changes } from './changes';
import type { Channels } from './channels';
import { channelsOf } from './channels-of';
import type { Contexts } from './contexts';
import { Directory, type RegistrationOf } from './directory';
import { Discovering, type Discovery, type DiscoveryListener } from './discovering';
import { Finding } from './finding';
import type { HistoryFrames } from './history-frames';
import type { Instance } from './instance';
import type { InvocationFrames } from './invocation-frames';
import { type InvokeOptions, Invoking } from './invoking';
import type { Io } from './io';
import { LibraryContexts } from './library-contexts';
import type { Notifications } from './notifications';
import { Outage } from './outage';
import { PageNotifications } from './page-notifications';
import { PageWindows } from './page-windows';
import { PlatformNotifications } from './platform-notifications';
import { PlatformWindows } from './platform-windows';
import {
    type PublishedStream,
    Publishing,
    type StreamHandlers,
    type StreamOptions,
} from './publishing';
import type { InvocationResult } from './results';
import { type Handler, type RegisterOptions, Serving } from './serving';
import { Subscribing, type Subscription, type SubscriptionOptions } from './subscribing';
import type { Windows } from './windows';

export class InteropClient {
    readonly io: Io;
    /** Named dicts that all peers of a user share. */
    readonly contexts: Contexts;
    /** Which channels the page is on, and what is on them. */
    readonly channels: Channels;
    /** What this page tells its user. */
    readonly notifications: Notifications;
    private openedWindows: Windows | undefined;
    private readonly directory: Directory;
    private readonly discovering: Discovering;
    private readonly finding: Finding;
    private readonly invoking: Invoking;
    private readonly subscribing: Subscribing;
    private readonly serving: Serving;
    private readonly publishing: Publishing;

    /**
     * @param registrationOf What the gateway says of the order of registrations.
     * @param cancellation Why the subscription that core ends at this moment has ended; undefined
     *     where the gateway does not say.
     * @param histories What travels of histories; undefined where it cannot be seen.
     * @param contexts Those of the gateway, where the page speaks to it itself.
     * @param invocations What travels of cancels and progress; undefined where it cannot be seen.
     */
    constructor(
        io: Io,
        registrationOf: RegistrationOf = () => undefined,
        cancellation: () => Cancellation | undefined = () => undefined,
        histories?: HistoryFrames,
        contexts: Contexts = new LibraryContexts(io),
        invocations?: InvocationFrames,
    ) {
        const outage = new Outage(io.connection);
        const changes = new Changes();
        this.io = io;
        this.contexts = contexts;
        this.channels = channelsOf(io, contexts);
        this.directory = new Directory(io.interop, registrationOf);
        this.discovering = new Discovering(io.interop, registrationOf);
        this.finding = new Finding(this.directory, outage);
        const { directory, finding } = this;
        const { interop } = io;
        this.invoking = new Invoking(interop, finding, invocations);
        this.serving = new Serving({ interop, directory, outage, changes, invocations });
        const line = { interop, cancellation, histories };
        this.subscribing = new Subscribing({ ...line, directory, finding, outage });
        this.publishing = new Publishing({ interop, directory, outage, changes, histories });
        this.notifications = this.notificationsOf(io);
    }

    /**
     * The browser windows that this page opens, and its own. From the first time on that somebody
     * asks for them, the page listens to what they tell.
     */
    get windows(): Windows {
        const { windows } = this.io;
        this.openedWindows ??= windows
            ? new PlatformWindows(windows)
            : new PageWindows(this.contexts);
        return this.openedWindows;
    }

    private notificationsOf({ notifications }: Io): Notifications {
        const page = new PageNotifications((method, args, target) =>
            this.invoke(method, args, target),
        );
        return notifications ? new PlatformNotifications(notifications, page) : page;
    }

    /** This page as every other one sees it. */
    get instance(): Instance {
        return this.directory.instance;
    }

    /**
     * Calls `listener` with what happens to the methods and servers that the discovery has been
     * told to see; what is there then is told at once.
     */
    discover(listener: DiscoveryListener): Discovery {
        return this.discovering.discover(listener);
    }

    /**
     * Calls a method at the servers that `target` chooses.
     *
     * @returns What the servers returned, in the order in which they registered the method.
     * @throws InvocationError when no server is found or none of them returned a result.
     */
    invoke(
        definition: unknown,
        args: unknown,
        target?: unknown,
        options: InvokeOptions = {},
    ): Promise<InvocationResult> {
        return this.invoking.invoke(definition, args, target, options);
    }

    /**
     * Why an invocation would have to wait for a server now, and what its author can do; undefined
     * where there is a server.
     */
    whyWaiting(definition: unknown, target: unknown): string | undefined {
        return this.finding.whyWaiting(definition, target);
    }

    /**
     * Subscribes to a stream, now or as soon as somebody offers it, and again when the connection
     * or the publisher was away.
     *
     * @throws InvocationError that says what is wrong with what the author wrote.
     */
    subscribe(definition: unknown, options: SubscriptionOptions): Subscription {
        return this.subscribing.subscribe(definition, options);
    }

    /**
     * Offers a method. Resolves when others can call it, rejects with an Error that says why not.
     */
    register(definition: unknown, handler: Handler, options: RegisterOptions = {}): Promise<void> {
        return this.serving.register(definition, handler, options);
    }

    /**
     * Withdraws a method, after all changes to it that were asked for before; with a handler only
     * if it is the one that was registered.
     */
    unregister(definition: unknown, handler?: Handler): Promise<void> {
        return this.serving.unregister(definition, handler);
    }

    /**
     * Offers a stream, for as long as the page is there; `offered` of what it returns says when
     * others can subscribe, or why they cannot.
     *
     * @throws Error where the definition or an option cannot be used.
     */
    createStream(
        definition: unknown,
        handlers: StreamHandlers = {},
        options: StreamOptions = {},
    ): PublishedStream {
        return this.publishing.create(definition, handlers, options);
    }
}
