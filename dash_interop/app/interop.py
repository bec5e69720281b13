"""One Dash app: who its users are, which gateway its pages use, and what its server offers."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

from dash import Dash

from ..client.aio import DEFAULT_TIMEOUT
from ..client.listeners import Listener
from ..client.running import OFFERED, Handler
from ..client.sync import Channels, Contexts, InteropClient, Invocation, connect
from ..client.twins import method_like
from ..client.validation import Mode, Validation
from ..errors import ConfigError
from ..gateway.auth import TokenAuthority, read_secret, runtime_secret
from ..gateway.embedded import shared_gateway
from ..peer.queue import QueueSettings
from ..peer.results import InvocationResult
from ..peer.targets import BestOf, Target
from ..settings import LOCAL_USER, gateway_url, internal_gateway_url, secret_file_of
from ..wire.definitions import Definition, read_definition
from ..wire.history import History, read_history
from .page_origins import PageOrigins
from .routes import request_here
from .server_peer import HostedStream, ServerPeer
from .server_start import when_serving

__all__ = ["Interop"]

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
UserOf: TypeAlias = Callable[[Any], "str | None"]


class Interop:
    """
    Settings for ``Dash(plugins=[Interop(...)])``, and the app's server as a peer.

    An app without an ``Interop`` gets the defaults. But where an ``Interop`` with ``user``, or with
    something to offer, was given to no app, the pages of an app without one cannot connect, and the
    log says why.

    Args:
        user: Says who is logged in. Called with the request (it has ``headers``, ``cookies`` and
            ``url`` on Flask, FastAPI and Quart) each time a page connects; returns a non-empty
            name, or ``None`` when nobody is logged in, and then the page may not connect. Pages
            of different users never see each other. By default all are the user ``"local"``.
        application: Name under which the pages of this app appear to others, whatever the page
            says. By default the app's title, or the name of its module, which
            ``Glue42(settings=...)`` may override.
        gateway: URL of the gateway as the pages reach it, ``ws://`` or ``wss://``. By default
            ``DASH_INTEROP_GATEWAY`` from the environment, else the gateway that the processes of
            this machine share.
        internal_gateway: URL of the gateway as this process itself reaches it, where that is not as
            the pages do, such as behind a proxy. By default ``DASH_INTEROP_INTERNAL_GATEWAY`` from
            the environment, else ``gateway``.
        secret_file: File with the secret that a named gateway was started with. By default
            ``DASH_INTEROP_SECRET_FILE`` from the environment, else the secret that this user's
            processes share on this machine.
        origins: The origins whose pages this app lets log in, such as
            ``["https://app.example.com"]``, each as the browser shows it; ``"loopback"`` stands for
            all of this machine. By default those of the app's own address, as far as the request
            shows it, and of this machine. Say it behind a proxy that keeps that address from the
            app, and wherever the app can be reached by a name that others may give it, as in a
            network without a proxy.

    Raises:
        ConfigError: A URL, a file or an origin cannot be used.

    Example:
        ::

            app = Dash(plugins=[Interop(user=lambda request: request.headers["X-User"])])
    """

    def __init__(
        self,
        *,
        user: UserOf | None = None,
        application: str | None = None,
        gateway: str | None = None,
        internal_gateway: str | None = None,
        secret_file: str | Path | None = None,
        origins: Sequence[str] | None = None,
    ) -> None:
        if user is not None and not callable(user):
            raise ConfigError(
                "user has to be a function that is given the request and returns a name, "
                f"not {user!r}"
            )
        if inspect.iscoroutinefunction(user):
            raise ConfigError("user has to be a plain function, not an async one")
        self.application = application
        self._user = user
        self._gateway = gateway_url(gateway)
        self._internal_gateway = internal_gateway_url(internal_gateway, self._gateway)
        self._secret_file = secret_file_of(self._gateway, secret_file)
        self._secret = None if self._secret_file is None else read_secret(self._secret_file)
        self._authority: TokenAuthority | None = None
        self.origins = PageOrigins(origins)
        self._peer = ServerPeer(self._connect)
        self._peer_name: str | None = None
        _known.add(self)

    def plug(self, app: Dash) -> None:
        """Called by Dash, for ``plugins``; call it yourself for an app that is there already."""
        _plugged[app] = self
        if self.application is None:
            self._peer_name = application_name(app)
        when_serving(app, self.begin)

    # The process itself as a peer

    def method(
        self,
        definition: Definition,
        *,
        response_timeout: float = DEFAULT_TIMEOUT,
        concurrency: int = 1,
        max_queue: int = 10_000,
        validate: Mode = "off",
    ) -> Callable[[Function], Function]:
        """
        Make a function a method that the server process offers, with or without an open page.

        Each process that serves the app offers it; one that only imports the app, such as a task
        queue's worker, does not. The peers of all users may invoke it: ``caller["user"]`` says who
        does.

        Args:
            definition: Name of the method, or a dict, as for ``InteropClient.register``; so are the
                other arguments, and what the function gets and may return.
            response_timeout: Longest time from the arrival of an invocation to its answer, in
                seconds.
            concurrency: How many invocations run at a time.
            max_queue: How many may wait for their turn.
            validate: ``"off"``, ``"warn"`` or ``"strict"``.

        Returns:
            A decorator that returns the function unchanged.

        Raises:
            RegistrationError: The definition, a signature or the function cannot be used, or the
                name is taken.

        Example:
            ::

                interop = Interop()
                app = Dash(__name__, plugins=[interop])

                @interop.method("Sum")
                def add(a: float, b: float) -> float:
                    return a + b
        """
        read = read_definition(definition)

        def decorate(function: Function) -> Function:
            # Checked here, not when it is offered, so that the traceback leads to the mistake.
            Handler(read, function, validate, offered=OFFERED)
            QueueSettings(response_timeout, concurrency, max_queue)
            self._peer.declare(
                read.name,
                lambda client: client.register(
                    read,
                    function,
                    response_timeout=response_timeout,
                    concurrency=concurrency,
                    max_queue=max_queue,
                    validate=validate,
                    timeout=0,
                ),
            )
            return function

        return decorate

    def stream(
        self,
        definition: Definition,
        *,
        subscription_request_handler: Listener | None = None,
        subscription_added_handler: Listener | None = None,
        subscription_removed_handler: Listener | None = None,
        history: History = None,
    ) -> HostedStream:
        """
        Declare a stream that the server process publishes; push to it from anywhere, any thread.

        Args:
            definition: Its name, or a dict, as for ``InteropClient.create_stream``; so are the
                handlers and ``history``. Each process keeps what is pushed in it.

        Raises:
            RegistrationError: The definition, a signature or ``history`` cannot be used, or the
                name is taken.

        Example:
            ::

                prices = interop.stream("Prices")

                prices.push({"symbol": "VOD", "price": 71.4})
        """
        read = read_definition(definition)
        Validation(read)
        read_history(history)
        handlers = (
            subscription_request_handler,
            subscription_added_handler,
            subscription_removed_handler,
        )
        for handler in handlers:
            if handler is not None and not callable(handler):
                raise TypeError(f"a listener has to be a function, not {handler!r}")
        stream = HostedStream(
            self._peer,
            read.name,
            lambda client: client.create_stream(
                read,
                subscription_request_handler=subscription_request_handler,
                subscription_added_handler=subscription_added_handler,
                subscription_removed_handler=subscription_removed_handler,
                history=history,
                timeout=0,
            ),
        )
        self._peer.declare(read.name, lambda _: stream.offer())
        return stream

    def invoke(
        self,
        method: Definition,
        args: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
        on_progress: Listener | None = None,
        user: str | None = None,
    ) -> InvocationResult:
        """
        Invoke a method from a callback, a thread, a background callback or a task queue's worker,
        and wait for the result.

        The server sees the pages of all users. By default, in a callback of somebody who is logged
        in, it invokes what that user would: a method of this user's pages, or one that a server
        offers to all. Elsewhere, and in a ``websocket=True`` callback, nobody knows for whom it
        is; where other users than ``"local"`` alone offer the method, ``user`` has to say so.

        To reach one tab, give the ``instance`` of its ``Glue42`` as ``target``; all tabs,
        ``"all"``, or with ``user`` those of a user.

        On FastAPI and Quart, which run plain callbacks on the server's loop, make the callback an
        ``async`` one and use ``await asyncio.to_thread(interop.invoke, ...)``: as long as the loop
        is held up, no page can answer.

        Args:
            method: As for ``InteropClient.invoke``; so are the other arguments and the result.
            user: For whom it is. With another target than ``"best"``, only servers of this user are
                meant.

        Raises:
            InvocationError: As there; an ``InvalidInvoke``, too, where ``user`` is needed.
        """
        _warn_of_a_loop("invoke")
        return self.client.invoke(
            method,
            args,
            self._for_user(target, user),
            wait_timeout=wait_timeout,
            response_timeout=response_timeout,
            on_progress=on_progress,
        )

    def invocation(
        self,
        method: Definition,
        args: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
        user: str | None = None,
    ) -> Invocation:
        """
        Invoke a method, and follow its progress meanwhile. Where, and for whom, is as for
        ``invoke``.

        It begins with its block. Leaving the block cancels it, if it has not ended by then.

        Args:
            method: As for ``invoke``; so are the other arguments, and the errors of ``result``.
        """
        return self.client.invocation(
            method,
            args,
            self._for_user(target, user),
            wait_timeout=wait_timeout,
            response_timeout=response_timeout,
        )

    @method_like(InteropClient.call)
    def call(self, method: str, /, **arguments: Any) -> Any:
        """
        Invoke a method and get the value itself: ``interop.call("Sum", a=37, b=5)``. Where, when,
        for whom and with what errors is as for ``invoke``; for a target or other times, write
        ``interop.invoke(method, args, target, response_timeout=5).value``.
        """
        _warn_of_a_loop("call")
        return self.client.invoke(method, arguments, self._for_user(None, None)).value

    def _for_user(self, target: Target, user: str | None) -> Target:
        if target in (None, "best"):
            user = self._user_of_callback() if user is None else user
            return target if user is None else BestOf((user, LOCAL_USER))
        if user is None:
            return target
        if target in ("all", "skipMine"):
            return {"user": user}
        if isinstance(target, Mapping):
            return {**target, "user": user}
        if isinstance(target, list | tuple):
            entries = cast("Sequence[Mapping[str, Any]]", target)
            return [{**entry, "user": user} for entry in entries]
        return target

    def _user_of_callback(self) -> str | None:
        """Who is logged in where this is called; ``None`` where that cannot be known."""
        if self._user is None:
            return None
        request = request_here([app for app, settings in _plugged.items() if settings is self])
        if request is None:
            return None
        try:
            return self._user(request) or None
        except Exception:
            logger.exception("the user of a callback cannot be told")
            return None

    @property
    def contexts(self) -> Contexts:
        """
        The contexts that the pages of an app without users share, for callbacks and threads of this
        process; as those of the client.

        Raises:
            ConfigError: The app has users, each of whom has contexts of their own.
        """
        self._check_no_users("contexts")
        return self.client.contexts

    @property
    def channels(self) -> Channels:
        """
        The channels that the pages of an app without users share. What is joined is joined by this
        process, not by a page.

        Raises:
            ConfigError: The app has users, each of whom has channels of their own.
        """
        self._check_no_users("channels")
        return self.client.channels

    def _check_no_users(self, what: str) -> None:
        if self._user is not None:
            raise ConfigError(
                f"Interop.{what} cannot be used with user=, as each user has {what} of their own: "
                f"use connect(user=name).{what} of dash_interop.client.sync"
            )

    @property
    def client(self) -> InteropClient:
        """
        This process as a peer, for all else: to discover, to listen, to subscribe. Connected when
        it is first asked for, as ``application``, and seen by the peers of all users.
        """
        return self._peer.client

    def start(self) -> None:
        """
        Offer what ``method`` and ``stream`` declared; returns at once.

        It happens by itself when the server of Dash, FastAPI or Quart starts, and with the first
        request under a WSGI server such as gunicorn, whose workers may call it when they start.
        """
        self._peer.start()

    def stop(self) -> None:
        """Withdraw all of it and disconnect; ``start`` connects and offers it again."""
        self._peer.stop()

    def begin(self) -> None:
        """This process serves the app: ``start``, if there is something to offer."""
        self._peer.begin()

    def _connect(self) -> InteropClient:
        return connect(
            self._internal_gateway,
            application=self.application or self._peer_name,
            secret_file=self._secret_file,
            in_background=True,
        )

    # What pages need

    @property
    def tells_users_apart(self) -> bool:
        """Whether the author says who is logged in."""
        return self._user is not None

    @property
    def waiting_to_be_offered(self) -> list[str]:
        """Names of what was declared, until ``start``."""
        return self._peer.waiting

    @property
    def is_embedded(self) -> bool:
        """Whether the pages use the gateway that this machine's processes share."""
        return self._gateway is None

    def user_of(self, request: Any) -> str | None:
        """Who is logged in, as the author's callable says; ``None`` when nobody is."""
        return LOCAL_USER if self._user is None else self._user(request)

    def gateway_url(self) -> str:
        """
        Where the pages connect; starts the shared gateway when it does not run.

        Raises:
            ConfigError: No gateway was found, and none could be started.
        """
        return shared_gateway().ensure() if self._gateway is None else self._gateway

    def authority(self) -> TokenAuthority:
        """
        Makes the tokens of this app's pages.

        Raises:
            ConfigError: The secret cannot be read.
        """
        if self._gateway is None:
            return shared_gateway().authority
        if self._authority is None:
            self._authority = TokenAuthority(self._secret or runtime_secret())
        return self._authority


def _warn_of_a_loop(name: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    logger.warning(
        "Interop.%s holds up the event loop it was called on, and no page of this server can "
        "answer meanwhile: make the callback async, with await asyncio.to_thread(interop.%s, ...)",
        name,
        name,
    )


_known: WeakSet[Interop] = WeakSet()
_plugged: WeakKeyDictionary[Dash, Interop] = WeakKeyDictionary()
_defaults: WeakKeyDictionary[Dash, Interop] = WeakKeyDictionary()


def settings_of(app: Dash) -> Interop:
    """The settings an app was made with, or the defaults."""
    settings = _plugged.get(app) or _defaults.get(app)
    if settings is None:
        settings = _defaults[app] = Interop()
    return settings


def known_settings() -> list[Interop]:
    """All that were made in this process and not collected yet."""
    return list(_known)


def plugged_settings() -> dict[Dash, Interop]:
    """The settings that an app was made with, by app."""
    return dict(_plugged)


def application_name(app: Dash) -> str:
    """What the pages of an app are called when nobody says otherwise."""
    title = str(app.title or "")
    if title and title != "Dash":
        return title
    config: Any = app.config
    name = str(config.name)
    if name == "__main__":
        main = getattr(sys.modules["__main__"], "__file__", None)
        return Path(main).stem if main else "dash"
    return name
