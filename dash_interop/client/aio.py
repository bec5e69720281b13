"""The client for asyncio."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError, InvalidInvoke, RegistrationError
from ..peer.agm import Agm
from ..peer.contexts import Contexts as ContextsDomain
from ..peer.deadlines import time_problem
from ..peer.queue import QueueSettings
from ..peer.requests import ServerRequest
from ..peer.results import InvocationResult
from ..peer.targets import Target
from ..wire.definitions import (
    Definition,
    Filter,
    Method,
    MethodDefinition,
    read_definition,
    read_filter,
)
from ..wire.history import History, HistorySettings, read_history
from .access import Access, TokenSource
from .base import ClientBase
from .channels import Channels
from .contexts import Contexts
from .engine import Engine
from .invocation import Invocation
from .listeners import Listener
from .publishing import Stream
from .requests import check_registration_timeout, check_wait, method_request, stream_request
from .running import OFFERED, Handler, HandlerFunction, Running
from .socket import OpenConnection, open_socket
from .subscribing import Subscription
from .validation import Mode

__all__ = ["InteropClient", "connect"]

DEFAULT_TIMEOUT = 30.0
"""Seconds; the default of each wait for the gateway or another peer."""

CONNECT_TIMEOUT = 10.0


class InteropClient(ClientBase):
    """
    A peer at a gateway: offers and invokes methods, publishes and subscribes. ``connect`` makes it.

    Everything it offers, publishes, subscribes and listens to outlives the connection: after an
    outage it is there again by itself. What is asked for during an outage waits for the gateway, up
    to its own timeout. An invocation in flight when the connection breaks ends with
    ``ConnectionLost``.

    Functions that are given to it run on the loop when they are ``async def``, and in a thread when
    they are plain, so none of them holds up the connection.

    Attributes:
        contexts: The named dicts that the peers of its user share.
        channels: The channels of its user, and those that it has joined.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.contexts = Contexts(engine)
        self.channels = Channels(engine, self.contexts)

    async def __aenter__(self) -> InteropClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # The connection

    async def close(self) -> None:
        """Leave. What is in flight ends with an error; running handlers are cancelled."""
        await self._engine.close()

    async def wait_closed(self) -> None:
        """Wait until the client is closed, such as a script that offers methods until Ctrl-C."""
        await self._engine.wait_closed()

    # Methods

    async def register(
        self,
        definition: Definition,
        handler: HandlerFunction,
        *,
        response_timeout: float = DEFAULT_TIMEOUT,
        concurrency: int = 1,
        max_queue: int = 10_000,
        validate: Mode = "off",
        timeout: float = DEFAULT_TIMEOUT,
        replace: bool = False,
    ) -> None:
        """
        Offer a method until ``unregister``, also after outages.

        Invocations reach the handler one by one, first in, first out. What it returns is the
        result; a value that is not a dict reaches the caller as ``{"_value": value}``, ``None``
        as ``{}``. What it raises reaches the caller as an error with the exception's type and
        message; the traceback goes to the log only.

        When nobody waits for a result any longer, as its caller has cancelled, does not wait any
        longer or has left, an invocation that waits is not run, and an ``async def`` that runs is
        cancelled. A thread cannot be; it may ask ``caller.cancelled``. What it returns is dropped.

        Args:
            definition: Name of the method, or a dict with ``name`` and optionally ``accepts``,
                ``returns``, ``displayName``, ``description``, ``objectTypes`` (list of strings),
                ``version`` (number) and ``flags`` (dict). Signatures that it lacks are taken from
                the handler's type hints, where these say enough.
            handler: ``async def``, which runs on the loop, or ``def``, which runs in a thread. A
                parameter named ``args`` gets the dict of all arguments, one named ``caller`` the
                instance that invokes, and ``cancelled`` what a thread may ask: ``is_set()`` says
                whether nobody waits for the result any longer, ``wait(timeout)`` waits for it.
                One named ``progress`` is a function that tells the caller how far it is, with any
                value that can travel. Any other gets the argument of its name.
            response_timeout: Longest time from the arrival of an invocation to its answer, the wait
                for its turn included, in seconds. Then the caller gets an error; an ``async def``
                handler is cancelled, a thread cannot be: what it returns late is dropped.
            concurrency: How many invocations the handler runs at a time.
            max_queue: How many may wait for their turn; the caller of another one hears at once
                that the method is overloaded.
            validate: What becomes of arguments and results that do not fit the signatures:
                ``"off"``: nothing; ``"warn"``: a line in the log; ``"strict"``: the caller gets an
                error that names the field, and the handler does not run.
            timeout: Longest wait for the gateway's confirmation, in seconds. 0 does not wait: it is
                offered as soon as there is a connection, and a refusal goes to the log.
            replace: Take the place of the method of that name, if this client offers one, such as
                in the cell of a notebook that is run again. Callers notice nothing: what waits for
                its turn gets the new handler, what runs goes on with the former one. Should it be
                refused, the former one stays.

        Raises:
            RegistrationError: The definition or the handler cannot be used, a signature is
                malformed (the text says where), this client offers that name already, or there was
                no confirmation in time.
        """
        bound = Handler(read_definition(definition), handler, validate, offered=OFFERED)
        settings = QueueSettings(response_timeout, concurrency, max_queue)
        check_registration_timeout(timeout)
        await self._engine.request(
            lambda token: self._agm.serving.register(
                token, bound.definition, bound, settings, timeout=timeout, replace=replace
            ),
            self._agm.serving.take_back,
        )

    async def unregister(self, definition: Definition) -> None:
        """
        Withdraw a method; what was accepted is still answered.

        Raises:
            RegistrationError: This client offers no such method.
        """
        offering = self._agm.serving.find(definition)
        if offering is None or offering.handler is None:
            raise RegistrationError(f"{read_definition(definition).name} is not registered here")
        await self._engine.request(lambda token: self._agm.serving.unregister(token, offering))

    async def invoke(
        self,
        method: Definition,
        args: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
        on_progress: Listener | None = None,
    ) -> InvocationResult:
        """
        Invoke a method of one server or several, and wait for what they return.

        When this is cancelled, or its time is over, the handler hears of it: see ``register``.

        Args:
            method: Name of the method, or a definition that it has to match in all given fields.
            args: The arguments, a dict whose values can travel as JSON.
            target: ``"best"`` (default): the server of the own user that registered it first, or
                else the first one, which to a service has to be of its own user, too; ``"all"``;
                ``"skipMine"``: all but this client; an instance, or part of one such as
                ``{"application": "Trades"}``, whose values may be patterns (``re.compile(...)``):
                all that match; or a list of these.
            wait_timeout: Longest wait for a server to offer it, in seconds; 0 does not wait.
            response_timeout: Longest wait for the answers, in seconds. Progress does not make it
                longer.
            on_progress: Called with each value that a handler tells on the way, in order and before
                this returns: ``async def`` or, in a thread, ``def``. At most 100,000 values may
                wait for it.

        Returns:
            What was returned: by the first server as ``returned``, by each as
            ``all_return_values``, and the ``all_errors`` of those that failed.

        Raises:
            InvalidInvoke: ``method``, ``target`` or a time cannot be used, or it is a stream.
            NotConnected: There was no connection within ``wait_timeout``; nothing was sent.
            MethodNotFound: No server offers it, or no server that the target means.
            InvalidArguments: ``args`` is not a dict, holds a value that cannot travel, or does not
                fit, as the server says.
            HandlerFailed: The handler raised; ``exception`` and ``message`` say what.
            InvalidResult: What the handler returned does not fit what the method promises.
            NoResult: The handler of a page ended without a result; ``message`` says why.
            InvocationTimeout: No answer in time. The handler may still run, where it cannot be
                stopped.
            Overloaded: Too many invocations wait at the server already; or too many values wait
                for ``on_progress``, and the invocation was cancelled.
            MessageTooLarge: The arguments, or what the handler returned, are more than the gateway
                takes. Such arguments are not sent; such a result is lost, as its handler did run.
            ServerGone: The server left before it answered; ``delivered`` says whether the handler
                has got the invocation.
            ConnectionLost: The connection broke before the answer came; so does its ``delivered``.
            InvocationError: Base of them all; with several servers the first one's error, and
                ``all_errors`` has all.
        """
        request = method_request(
            method, args, target, wait_timeout=wait_timeout, response_timeout=response_timeout
        )
        if on_progress is not None:
            invocation = Invocation(self._engine, request)
            invocation.listen("progress", on_progress)
            async with invocation:
                return await invocation.result()
        return await self._engine.request(
            lambda token: self._agm.invoke(token, request), lambda _, invoking: invoking.cancel()
        )

    def invocation(
        self,
        method: Definition,
        args: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
    ) -> Invocation:
        """
        Invoke a method, and follow its progress meanwhile.

        It begins with its block. Leaving the block cancels it, if it has not ended by then. At most
        100,000 values of progress may wait to be taken; beyond that it is cancelled, and ends with
        ``Overloaded``.

        Args:
            method: As for ``invoke``; so are the other arguments, and the errors of ``result``.

        Raises:
            InvocationError: What was given cannot be used.

        Example:
            ::

                async with interop.invocation("Report", {"year": 2026}) as invocation:
                    async for value in invocation:
                        print(value)
                    print((await invocation.result()).returned)
        """
        return self._new_invocation(
            method_request(
                method, args, target, wait_timeout=wait_timeout, response_timeout=response_timeout
            )
        )

    async def call(self, method: str, /, **arguments: Any) -> Any:
        """
        Invoke a method and get the value itself: what the handler returned, ``None`` for nothing.

        It goes to the best server and waits as ``invoke`` does by default. Every keyword is an
        argument of the method; for a target or other times, write
        ``(await interop.invoke(method, args, target, response_timeout=5)).value``.

        Args:
            method: Name of the method.
            arguments: The arguments by name.

        Raises:
            InvocationError: As ``invoke``.

        Example:
            ::

                total = await interop.call("Sum", a=37, b=5)
        """
        return (await self.invoke(method, arguments)).value

    async def wait_for_method(self, wanted: Filter, timeout: float = DEFAULT_TIMEOUT) -> Method:
        """
        The first method that matches, as soon as somebody offers it.

        Raises:
            MethodNotFound: Nobody did within ``timeout`` seconds.
            NotConnected: There was no connection to the gateway at the end of that time.
            InvalidInvoke: ``wanted`` is ``None``, or ``timeout`` is not a valid number of seconds.
        """
        filter = read_filter(wanted)
        if filter is None:
            raise InvalidInvoke("Say which method to wait for")
        check_wait("timeout", timeout)
        return await self._engine.request(
            lambda token: self._agm.wait_for_method(token, filter, timeout=timeout),
            lambda _, wait: wait and self._session.link.end_wait(wait),
        )

    # Streams

    async def create_stream(
        self,
        definition: Definition,
        *,
        subscription_request_handler: Listener | None = None,
        subscription_added_handler: Listener | None = None,
        subscription_removed_handler: Listener | None = None,
        history: History = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Stream:
        """
        Offer a stream until its ``close``, also after outages.

        Args:
            definition: Its name, or a dict as for ``register``.
            subscription_request_handler: Called with each ``SubscriptionRequest``, which it has to
                accept or reject; what it raises rejects it. Without it all are accepted.
            subscription_added_handler: Called with each ``StreamSubscription`` that was accepted.
            subscription_removed_handler: Called with each ``StreamSubscription`` that has ended.
            history: What is kept of each branch, for subscribers that come or come back: a number
                of data, up to 50,000, or a dict such as ``{"size": 1000, "key": "symbol"}``: the
                newest datum of each value of that field, of at most so many values. No more than 4
                MiB of a branch are kept. Clients of this library get it before what comes live; to
                others it is an ordinary stream.
            timeout: Longest wait for the gateway's confirmation, in seconds. 0 does not wait: it is
                offered as soon as there is a connection, and a refusal goes to the log.

        Raises:
            RegistrationError: As for ``register``; or ``history`` cannot be used.
        """
        stream = self._new_stream(read_definition(definition), read_history(history))
        stream.listen("requested", subscription_request_handler)
        stream.listen("added", subscription_added_handler)
        stream.listen("removed", subscription_removed_handler)
        await stream.create(timeout)
        return stream

    async def subscribe(
        self,
        stream: Definition,
        arguments: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        on_data: Listener | None = None,
        on_connected: Listener | None = None,
        on_recovered: Listener | None = None,
        on_waiting: Listener | None = None,
        on_closed: Listener | None = None,
        on_failed: Listener | None = None,
        follow: bool = False,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
    ) -> Subscription:
        """
        Subscribe to a stream, and wait until a publisher has accepted.

        It ends when its publisher leaves or withdraws the stream. With ``follow`` it waits for the
        publisher instead, as long as it takes, and goes on when there is one.

        What was pushed before, or while the subscription was away, comes first where the publisher
        keeps it: ``Subscription.recovered`` says whether all of it does.

        Args:
            stream: Name of the stream, or a definition that it has to match.
            arguments: What the publisher gets to decide with, a dict.
            target: Which publishers; as for ``invoke``.
            on_data: A listener, as for ``Subscription.on_data``; so are the other five.
            follow: Whether it outlives its publisher, and need not find one at once. A refusal, and
                a publisher that closes this very subscription, end it all the same.
            wait_timeout: Longest wait for a publisher to offer it, in seconds; 0 does not wait.
                With ``follow`` the subscription is returned then, and goes on waiting.
            response_timeout: Longest wait for its answer, in seconds.

        Raises:
            SubscriptionError: Nobody offers the stream or accepted in time, or it was rejected;
                the text says which.
            InvalidArguments: ``arguments`` is not a dict, or holds a value that cannot travel.
            InvalidInvoke: ``target`` or a time cannot be used.
        """
        request = stream_request(
            stream, arguments, target, wait_timeout=wait_timeout, response_timeout=response_timeout
        )
        subscription = self._new_subscription(request)
        subscription.listen("data", on_data)
        subscription.listen("connected", on_connected)
        subscription.listen("recovered", on_recovered)
        subscription.listen("waiting", on_waiting)
        subscription.listen("closed", on_closed)
        subscription.listen("failed", on_failed)
        await subscription.open(follow=follow)
        return subscription

    def _new_stream(self, definition: MethodDefinition, history: HistorySettings | None) -> Stream:
        return Stream(self._engine, definition, history)

    def _new_invocation(self, request: ServerRequest) -> Invocation:
        return Invocation(self._engine, request)

    def _new_subscription(self, request: ServerRequest) -> Subscription:
        return Subscription(self._engine, request)


class connect:
    """
    Connect to a gateway as a peer.

    ``async with connect() as interop`` leaves at the end; ``interop = await connect()`` stays until
    ``await interop.close()``.

    Args:
        url: URL of the gateway, ``ws://`` or ``wss://``. By default ``DASH_INTEROP_GATEWAY`` from
            the environment, else the gateway that the processes of this machine share, which this
            process hosts if no other one does.
        application: Name under which others see this peer; by default that of the script.
        user: Act as this user, who sees their own peers only. By default a *service*, which sees
            the peers of all users and is seen by them, as the server of a Dash app is.
        token: A token from elsewhere, or a function that returns a fresh one for each login, in
            place of one that is made from the secret.
        secret_file: File with the gateway's secret. By default ``DASH_INTEROP_SECRET_FILE`` from
            the environment, else the secret that this user's processes share on this machine.
        login: Name to log in with at other gateways than ours, or ours with ``--no-auth``.
        secret: The secret for ``login``.
        identity: A dict of further fields that others see of this peer.
        timeout: Longest wait for the first connection, in seconds.
        in_background: Do not wait for the first connection, and never give it up; problems go to
            the log. What is asked for meanwhile waits, up to its own timeout.

    Raises:
        ConfigError: A setting cannot be used.
        AuthenticationFailed: The gateway refused the login.
        ConnectionFailed: No connection in time.

    Example:
        ::

            async with connect(application="Calculator") as interop:
                result = await interop.invoke("Sum", {"a": 37, "b": 5})
                print(result.returned["sum"])
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        application: str | None = None,
        user: str | None = None,
        token: TokenSource | None = None,
        secret_file: str | Path | None = None,
        login: str | None = None,
        secret: str | None = None,
        identity: Mapping[str, Any] | None = None,
        timeout: float = CONNECT_TIMEOUT,
        in_background: bool = False,
    ) -> None:
        self._access = Access(
            url, user=user, token=token, secret_file=secret_file, login=login, secret=secret
        )
        problem = time_problem("timeout", timeout, or_zero=True)
        if problem is not None:
            raise ConfigError(problem)
        name = application or _script_name()
        self._identity = {
            "application": name,
            "applicationName": name,
            "process": os.getpid(),
            **(identity or {}),
        }
        self._timeout = None if in_background else timeout
        self._client: InteropClient | None = None

    def __await__(self) -> Generator[Any, None, InteropClient]:
        return self.open().__await__()

    async def __aenter__(self) -> InteropClient:
        self._client = await self.open()
        return self._client

    async def open(self) -> InteropClient:
        """Connect; ``await connect(...)`` is short for it."""
        return InteropClient(await self.start_engine())

    async def start_engine(
        self, open_connection: OpenConnection = open_socket, *, is_narrow: bool = False
    ) -> Engine:
        """
        What runs a client, connected.

        Args:
            is_narrow: Whether it knows of others what it was asked for only.
        """
        engine = Engine(self._access, self._identity, [Agm, ContextsDomain], open_connection)
        agm = engine.session.domain(Agm)
        agm.directory.defer()
        if is_narrow:
            agm.interest.narrow()
        Running(engine).begin()
        try:
            await engine.open(self._timeout)
        except BaseException:
            await engine.close()
            raise
        return engine

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()


def _script_name() -> str:
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main).stem if main else "python"
