"""
The client for ordinary code: the one of ``aio`` on a loop in a thread of its own. Names, arguments,
results and errors are the same; what there is awaited, blocks here. Everything may be called from
any thread, except from an ``async def`` function that was given to the client, which would wait
for itself.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ..errors import ConnectionLost, InteropError, Overloaded, SubscriptionClosed
from ..peer.directory import Instance
from ..peer.results import InvocationResult
from ..peer.subscribing import StreamData
from ..peer.targets import Target
from ..transport.loop import new_event_loop
from ..transport.threads import Thread, is_patched, result_of
from ..wire.definitions import Definition, Method, MethodDefinition, read_definition
from . import aio, streams
from .access import TokenSource
from .aio import CONNECT_TIMEOUT, DEFAULT_TIMEOUT, Filter
from .engine import Engine, is_running_here
from .listeners import CLOSE_TIMEOUT, Listener, Stop
from .requests import wanted_stream
from .running import HandlerFunction
from .validation import Mode

__all__ = ["InteropClient", "Stream", "Subscription", "connect"]

T = TypeVar("T")


class _Portal:
    """The thread that the loop runs in."""

    def __init__(self) -> None:
        # Not uvloop's, after whose name look-ups a forked child crashes when it exits; but gevent
        # has patched what asyncio's own is made of.
        self._loop = new_event_loop() if is_patched() else asyncio.new_event_loop()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._is_stopping = False
        self._thread = Thread(self._loop.run_forever, "dash-interop-client")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        Run a coroutine over there and wait for it here.

        Raises:
            InteropError: This thread, or this process, cannot wait for it.
        """
        if self._process != os.getpid():
            coroutine.close()
            raise InteropError("The client belongs to the process that made it: connect anew")
        with self._lock:
            try:
                if not self.is_running:
                    raise ConnectionLost("The client was closed")
                self.check_thread()
            except InteropError:
                coroutine.close()
                raise
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return result_of(future)
        except CancelledError:
            raise ConnectionLost("The client was closed") from None
        except BaseException:
            # Such as Ctrl-C: nobody waits any more.
            future.cancel()
            raise

    def stop(self) -> None:
        """End all that was asked for, and the thread; nothing can be asked for from now on."""
        with self._lock:
            if not self.is_running:
                return
            self._is_stopping = True
            ending = asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop)
        result_of(ending)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def is_running(self) -> bool:
        return self._process == os.getpid() and self._thread.is_alive() and not self._is_stopping

    def check_thread(self) -> None:
        """
        Raises:
            InteropError: Called on the loop.
        """
        if is_running_here(self._loop):
            raise InteropError(
                "An async function that was given to the client would wait for itself: make it a "
                "plain one, or use the client of dash_interop.client.aio"
            )


async def _end_tasks() -> None:
    """Let what was interrupted, such as an attempt to connect, come to its end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)


class Stream(streams.StreamBase):
    """A stream of ours; ``InteropClient.create_stream`` makes it."""

    def __init__(self, portal: _Portal, engine: Engine, definition: MethodDefinition) -> None:
        super().__init__(engine, definition)
        self._portal = portal

    def _post(self, send: Callable[[], None], size: int) -> None:
        while True:
            try:
                return super()._post(send, size)
            except Overloaded:
                self.flush()

    def push(self, data: Any, branch: streams.Branch = None) -> None:
        """
        Send data to the subscribers. Returns at once, unless 16 MiB wait to be sent: then it waits
        for the gateway.

        Args:
            data: A dict, or something that JSON has an object for.
            branch: Key of the branch, or several; without it all branches get the data.

        Raises:
            TypeError: ``data`` is no dict.
            ValueError: ``data`` holds something that cannot travel as JSON.
            MessageTooLarge: ``data`` is more than the gateway takes.
        """
        super().push(data, branch)

    def close(self) -> None:
        """Withdraw the stream; its subscribers hear that it was closed."""
        self._portal.run(self.withdraw())

    def flush(self) -> None:
        """Wait until the gateway has read all that was pushed so far."""
        self._portal.run(self._engine.flush())


class Subscription(streams.SubscriptionBase):
    """A subscription of ours; ``InteropClient.subscribe`` makes it."""

    def __init__(
        self,
        portal: _Portal,
        engine: Engine,
        stream: MethodDefinition,
        arguments: Mapping[str, Any] | None,
    ) -> None:
        super().__init__(engine, stream, arguments)
        self._portal = portal

    def __iter__(self) -> Subscription:
        """
        All that is pushed, until the subscription is closed by either side.

        Raises:
            SubscriptionError: It ended by a failure.
        """
        return self

    def __next__(self) -> StreamData:
        try:
            return self.get()
        except SubscriptionClosed:
            raise StopIteration from None

    def get(self, timeout: float | None = None) -> StreamData:
        """
        Wait for one datum, which is taken by the return alone: a wait that ends by its time limit,
        or is interrupted, loses nothing.

        Args:
            timeout: Longest wait, in seconds; 0 does not wait. ``None``: as long as it takes.

        Raises:
            SubscriptionTimeout: Nothing came in time. The subscription goes on.
            SubscriptionClosed: It was closed by either side, and all its data was taken.
            SubscriptionError: It ended by a failure.
            InteropError: A listener of ``on_data`` takes it all.
        """
        deadline = self.deadline(timeout)
        while (data := self.take()) is None:
            self._portal.run(self.until_there_is(deadline))
        return data


class InteropClient:
    """
    A peer at a gateway: offers and invokes methods, publishes and subscribes. ``connect`` makes it.

    It is the client of ``dash_interop.client.aio`` for code that does not await; there is what each
    method does, takes, returns and raises.
    """

    def __init__(self, portal: _Portal, engine: Engine) -> None:
        self._portal = portal
        self._engine = engine
        self._client = aio.InteropClient(engine)
        self._close_lock = threading.Lock()
        atexit.register(self.close)

    def __enter__(self) -> InteropClient:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called, so that it cannot be used any more."""
        return not self._portal.is_running

    @property
    def state(self) -> str:
        """``"connected"``, ``"connecting"`` or ``"disconnected"``."""
        return self._client.state

    @property
    def connection_error(self) -> str | None:
        """What went wrong with the connection last, in words; ``None`` while all is well."""
        return self._client.connection_error

    @property
    def gateway_version(self) -> str | None:
        """Version of the gateway, if it is one of ours; ``None`` before the first login."""
        return self._client.gateway_version

    @property
    def instance(self) -> Instance:
        """This peer as others see it; ``get_methods`` and ``get_streams`` say what it offers."""
        return self._client.instance

    def close(self) -> None:
        """Leave. What is in flight ends with an error; running handlers are cancelled."""
        # Not from the loop, which who has the lock waits for.
        if self._portal.is_running:
            self._portal.check_thread()
        with self._close_lock:
            if self._portal.is_running:
                self._portal.run(self._client.close())
                self._portal.stop()
        atexit.unregister(self.close)

    def wait_closed(self) -> None:
        """Wait until the client is closed, such as a script that offers methods until Ctrl-C."""
        if not self.is_closed:
            self._portal.run(self._client.wait_closed())

    def on_state_changed(self, listener: Listener) -> Stop:
        """Call ``listener(state)`` when the connection is lost, or back."""
        return self._client.on_state_changed(listener)

    def register(
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
        """Offer a method until ``unregister``, also after outages."""
        self._portal.run(
            self._client.register(
                definition,
                handler,
                response_timeout=response_timeout,
                concurrency=concurrency,
                max_queue=max_queue,
                validate=validate,
                timeout=timeout,
                replace=replace,
            )
        )

    def unregister(self, definition: Definition) -> None:
        """Withdraw a method; what was accepted is still answered."""
        self._portal.run(self._client.unregister(definition))

    def invoke(
        self,
        method: Definition,
        args: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
    ) -> InvocationResult:
        """Invoke a method of one server or several, and wait for what they return."""
        return self._portal.run(
            self._client.invoke(
                method,
                args,
                target,
                wait_timeout=wait_timeout,
                response_timeout=response_timeout,
            )
        )

    def call(self, method: str, /, **arguments: Any) -> Any:
        """
        Invoke a method and get the value itself: ``interop.call("Sum", a=37, b=5)``. For a target
        or other times, write ``interop.invoke(method, args, target, response_timeout=5).value``.
        """
        return self.invoke(method, arguments).value

    def peers(self) -> list[Instance]:
        """The other peers that this one sees, whether they offer something or not."""
        return self._client.peers()

    def methods(self, wanted: Filter = None) -> list[Method]:
        """The methods and streams on offer, each once, those of this client included."""
        return self._client.methods(wanted)

    def servers(self, wanted: Filter = None) -> list[Instance]:
        """The instances that offer something; with ``wanted`` just that."""
        return self._client.servers(wanted)

    def methods_for_instance(self, instance: Mapping[str, Any]) -> list[Method]:
        """What an instance offers, or all those that match ``{"application": "Trades"}``."""
        return self._client.methods_for_instance(instance)

    def wait_for_method(self, wanted: Filter, timeout: float = DEFAULT_TIMEOUT) -> Method:
        """The first method that matches, as soon as somebody offers it."""
        return self._portal.run(self._client.wait_for_method(wanted, timeout))

    def on_method_added(self, listener: Listener) -> Stop:
        """Call ``listener(method)`` when the first server offers it; now for those there are."""
        return self._client.on_method_added(listener)

    def on_method_removed(self, listener: Listener) -> Stop:
        """Call ``listener(method)`` when its last server has withdrawn it or left."""
        return self._client.on_method_removed(listener)

    def on_server_added(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when it offers its first method; now for those there are."""
        return self._client.on_server_added(listener)

    def on_server_removed(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when it has withdrawn its last method or left."""
        return self._client.on_server_removed(listener)

    def on_server_method_added(self, listener: Listener) -> Stop:
        """Call ``listener(instance, method)`` for each method of each server, now and later."""
        return self._client.on_server_method_added(listener)

    def on_server_method_removed(self, listener: Listener) -> Stop:
        """Call ``listener(instance, method)`` when a server has withdrawn a method or left."""
        return self._client.on_server_method_removed(listener)

    def create_stream(
        self,
        definition: Definition,
        *,
        subscription_request_handler: Listener | None = None,
        subscription_added_handler: Listener | None = None,
        subscription_removed_handler: Listener | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Stream:
        """Offer a stream until its ``close``, also after outages."""
        stream = Stream(self._portal, self._engine, read_definition(definition))
        stream.listen("requested", subscription_request_handler)
        stream.listen("added", subscription_added_handler)
        stream.listen("removed", subscription_removed_handler)
        self._portal.run(self._engine.open_stream(stream, timeout))
        return stream

    def subscribe(
        self,
        stream: Definition,
        arguments: Mapping[str, Any] | None = None,
        target: Target = None,
        *,
        on_data: Listener | None = None,
        on_connected: Listener | None = None,
        on_waiting: Listener | None = None,
        on_closed: Listener | None = None,
        on_failed: Listener | None = None,
        follow: bool = False,
        wait_timeout: float = DEFAULT_TIMEOUT,
        response_timeout: float = DEFAULT_TIMEOUT,
    ) -> Subscription:
        """Subscribe to a stream, and wait until a publisher has accepted, or is waited for."""
        wanted = wanted_stream(stream)
        subscription = Subscription(self._portal, self._engine, wanted, arguments)
        subscription.listen("data", on_data)
        subscription.listen("connected", on_connected)
        subscription.listen("waiting", on_waiting)
        subscription.listen("closed", on_closed)
        subscription.listen("failed", on_failed)
        self._portal.run(
            self._engine.open_subscription(
                subscription, target, follow, wait_timeout, response_timeout
            )
        )
        return subscription


def connect(
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
) -> InteropClient:
    """
    Connect to a gateway as a peer, for code that does not await.

    ``with connect() as interop`` leaves at the end; ``interop = connect()`` stays until
    ``interop.close()`` or the end of the process. Arguments and errors are those of
    ``dash_interop.client.connect``.

    Example:
        ::

            with connect(application="Calculator") as interop:
                print(interop.invoke("Sum", {"a": 37, "b": 5}).returned["sum"])
    """
    connecting = aio.connect(
        url,
        application=application,
        user=user,
        token=token,
        secret_file=secret_file,
        login=login,
        secret=secret,
        identity=identity,
        timeout=timeout,
        in_background=in_background,
    )
    portal = _Portal()
    try:
        engine = portal.run(connecting.start_engine())
    except BaseException:
        portal.stop()
        raise
    return InteropClient(portal, engine)
