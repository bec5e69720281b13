/**
 * Types of what dash_interop gives to the JavaScript of a page: `window.dash_interop.tunnels` where
 * a Dash app has a `Tunnel` in its layout, and `window.IPyCallback` there and in notebooks that show
 * a `SlowTunnelWidget`.
 *
 * A file of your own sees them with
 * `/// <reference path="<site-packages>/dash_interop/dash_interop.d.ts" />`.
 */

/** What can travel: a text, or another value of JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Gets each message; `message` is what the other side sent. */
export type MessageListener = (version: number, message: any) => void;

/** Answers each request, also by a promise; what it throws reaches the side that asked. */
export type RequestHandler = (value: any, version: number) => unknown;

export interface RequestOptions {
    /** Longest wait for the answer, in milliseconds; 30000 by default. */
    timeoutMs?: number;
    /** Ends the wait: the promise rejects with the reason of the signal. */
    signal?: AbortSignal;
    /**
     * Whether only the newest answer counts, as in a search box: earlier requests that were made with
     * it and have no answer yet reject as `Superseded`, and are not sent if they still wait.
     */
    newestOnly?: boolean;
}

/** Why a message was not taken, or a request has no answer. */
export interface TunnelError extends Error {
    name: 'TunnelError';
    /**
     * `HandlerFailed`: the receiver raised; `exception` names what. `NoResult`: it ended without an
     * answer, or was not run. `InvalidArguments`, `InvalidResult`: what was asked, or answered, does
     * not fit the receiver's type hints. `Timeout`: no answer in time. `Superseded`: a newer request
     * has been made with `newestOnly`. `Overloaded`: too many wait already. `Ended`: the tunnel is
     * gone. `InvalidMessage`: what was given is no value of JSON, or no version.
     */
    type: TunnelErrorType;
    /** Name of the exception that the receiver raised, where it named one. */
    exception?: string;
}

export type TunnelErrorType =
    | 'HandlerFailed'
    | 'NoResult'
    | 'InvalidArguments'
    | 'InvalidResult'
    | 'Timeout'
    | 'Superseded'
    | 'Overloaded'
    | 'TooLarge'
    | 'ServerGone'
    | 'Ended'
    | 'InvalidMessage';

/**
 * One end of a tunnel. What is sent before the other side is there waits for it, 10,000 messages at
 * most; each arrives once, and in order. After the tunnel's end every call throws a `TunnelError`.
 */
export interface Tunnel {
    /** What it is known by. */
    readonly id: string;
    /** The highest version that was sent or received; 0 before the first. */
    readonly version: number;
    /** How many answers were not sent because a newer message had been answered before. */
    readonly stale: number;

    /**
     * Send a message.
     *
     * @returns Its version, the previous one + 1.
     * @throws TunnelError Too many wait, it is no value of JSON, or the tunnel has ended.
     */
    send_msg(message: unknown): number;

    /**
     * Answer the message, or the request, that had this version.
     *
     * @returns False, and nothing is sent, where a message with a higher version was answered before.
     * @throws TunnelError As `send_msg`.
     */
    send_msg_with_version(version: number, message: unknown): boolean;

    /** Have each message handed to a function, in place of the one that was given here before. */
    on_receive(listener: MessageListener): void;

    /**
     * Have each message handed to a function, beside those that get it already. Messages that come
     * while nobody listens wait for the first who does.
     *
     * @returns How to stop.
     */
    listen(listener: MessageListener): () => void;

    /**
     * Have a function answer the requests of the other side, in place of the one before. Without
     * one, requests reach `on_receive` and `listen`, which answer by `send_msg_with_version`. Only
     * notebooks send requests to a page.
     */
    on_request(handler: RequestHandler): void;

    /**
     * Ask the other side. Several requests may be under way; each settles once.
     *
     * @returns What the receiver answers. Rejects with a `TunnelError`, or with the reason of
     *     `signal`.
     */
    request(value: unknown, options?: RequestOptions): Promise<any>;
}

/** The tunnels of a page. */
export interface Tunnels {
    /**
     * The tunnel of a component, whether it is in the layout already or yet to come: the same object
     * until the component leaves the layout.
     *
     * @param id That of the `Tunnel`; a pattern-matching one as an object, or as Dash writes it.
     */
    get(id: string | Record<string, unknown>): Tunnel;

    /** The tunnel of a component, once that is in the layout. */
    when(id: string | Record<string, unknown>): Promise<Tunnel>;
}

declare global {
    interface Window {
        /** There as soon as the bundle of the page is loaded. */
        dash_interop: { tunnels: Tunnels };
        /** As in ipycallback: tunnels by the `tunnel_id` of a widget, or by the id of a component. */
        IPyCallback: { get(id: string): Tunnel };
    }
}
