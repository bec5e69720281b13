"""The subscriber's end of streams: a subscription, and taking its data."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..errors import InteropError, SubscriptionClosed, SubscriptionError, SubscriptionTimeout
from ..peer.agm import Agm
from ..peer.directory import Instance
from ..peer.requests import ServerRequest
from ..peer.subscribing import StreamData, SubscriptionLine
from .engine import Engine
from .listeners import LONGEST_QUEUE, Listener, Stop
from .requests import check_time_limit

__all__ = ["Subscription", "SubscriptionBase"]


class SubscriptionBase:
    """
    A subscription of this process, whether its client is the one for asyncio or for ordinary code.
    Take its data with ``on_data``, or one after the other with ``get`` and by iterating over it;
    what comes before is kept. After an outage it is made again by itself; what was pushed meanwhile
    comes first then, where the publisher keeps a history, and is missed where it does not.

    It is an iterator: each datum is told once, however many loops over it there are, and what one
    of them leaves is for the next.

    Attributes:
        stream: The stream, as it was named.
        request_arguments: What it was made with, a dict.
    """

    def __init__(self, engine: Engine, request: ServerRequest) -> None:
        self._engine = engine
        self._request = request
        self.stream = request.method
        self.request_arguments: dict[str, Any] = request.arguments
        self._line: SubscriptionLine | None = None
        self._listeners = engine.make_listeners(self._overflow)
        self._kept: deque[StreamData] = deque()
        """Data that no listener and no iteration has taken yet."""
        self._end: SubscriptionError | None = None
        self._more = asyncio.Event()

    @property
    def state(self) -> str:
        """
        ``"open"``, ``"waiting"`` while the publisher or the connection is away, ``"closed"``.
        """
        return "closed" if self._end else self._opened().state

    @property
    def servers(self) -> list[Instance]:
        """The instances that publish to it now."""
        line = self._opened()
        return self._engine.perform(lambda: line.servers)

    @property
    def recovered(self) -> bool | None:
        """
        Whether it misses nothing of what was pushed before its publisher last accepted it: since
        its last datum, or, where it has had none, since the stream was created. What the publisher
        has kept of that comes first in any case. ``None`` where the publisher keeps nothing, and
        before it has accepted. With several publishers, ``False`` when something of one is missed.
        """
        return self._opened().recovered

    @property
    def server_instance(self) -> Instance | None:
        """The first of ``servers``."""
        return next(iter(self.servers), None)

    def on_data(self, listener: Listener) -> Stop:
        """Call ``listener(stream_data)`` for all that is pushed, and what was kept so far."""

        def add() -> Stop:
            stop = self._listeners.add("data", listener, self._take_kept())
            # A wait for data ends with an error, as the listener gets them all from now on.
            self._more.set()
            return stop

        return self._engine.perform(add)

    def on_connected(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when a publisher has accepted, again after an outage, too."""
        return self._engine.perform(lambda: self._listeners.add("connected", listener))

    def on_recovered(self, listener: Listener) -> Stop:
        """
        Call ``listener(recovered, instance)`` when a publisher that keeps a history has accepted,
        again after an outage, too, before the data that it has kept: ``recovered`` is ``True`` when
        nothing is missed once these have come, as ``Subscription.recovered`` says.
        """
        return self._engine.perform(lambda: self._listeners.add("recovered", listener))

    def on_waiting(self, listener: Listener) -> Stop:
        """
        Call ``listener()`` when its last publisher is away and it waits: in an outage, and for the
        publisher that it follows.
        """
        return self._engine.perform(lambda: self._listeners.add("waiting", listener))

    def on_closed(self, listener: Listener) -> Stop:
        """Call ``listener()`` when the publisher has closed the subscription, or has left."""
        return self._engine.perform(lambda: self._listeners.add("closed", listener))

    def on_failed(self, listener: Listener) -> Stop:
        """Call ``listener(error)`` when it ends by a failure, such as a refusal after an outage."""
        return self._engine.perform(lambda: self._listeners.add("failed", listener))

    def close(self) -> None:
        """Unsubscribe. Data that has arrived already may still be told."""
        if not self._end:
            self._engine.perform(self._close)

    async def open(self, *, follow: bool) -> None:
        """
        Subscribe, until it is closed or the client ends.

        Raises:
            SubscriptionError: Nobody offers it, or accepted in time; or why it was rejected.
        """
        self._engine.adopt(self)

        def ask(token: Any) -> None:
            agm = self._engine.session.domain(Agm)
            self._line = agm.subscribe(token, self, self._request, follows=follow)

        try:
            await self._engine.request(ask)
        except BaseException:
            if self._line is not None:
                self._engine.perform(self._line.close)
            self._finish(self._closed())
            raise

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed, and with it this subscription; no listener is told."""
        self._finish(self._closed())
        await self._listeners.cancel(closer)

    def listen(self, event: str, listener: Listener | None) -> None:
        if listener is not None:
            self._listeners.add(event, listener)

    def emit(self, event: str, *arguments: Any) -> None:
        """An event of the subscription, from the session."""
        if event == "data" and not self._listeners.has("data"):
            self._keep(arguments[0])
            return
        self._listeners.tell(event, *arguments)
        if event == "closed":
            self._finish(self._closed())
        elif event == "failed":
            self._finish(arguments[0])

    def take(self) -> StreamData | None:
        """
        The next datum that is kept, from any thread; ``None`` while there is not one.

        Only this takes it, so a wait for data may be interrupted in any way.

        Raises:
            SubscriptionClosed: The subscription was closed, and all its data was taken.
            SubscriptionError: It ended by a failure, and all its data was taken.
        """
        # This is looked at first: what arrived before the end is kept by now.
        end = self._end
        try:
            return self._kept.popleft()
        except IndexError:
            if end is not None:
                raise end from None
            return None

    def deadline(self, timeout: float | None) -> float | None:
        """
        Raises:
            ValueError: ``timeout`` is not a usable number of seconds.
        """
        check_time_limit(timeout)
        return None if timeout is None else self._engine.now() + timeout

    async def until_there_is(self, deadline: float | None) -> None:
        """
        Wait until there is a datum to take, or the subscription has ended.

        Raises:
            SubscriptionTimeout: No datum came by the ``deadline``.
            InteropError: A listener takes it all.
        """
        self._engine.check_loop()
        while not self._kept and self._end is None:
            if self._listeners.has("data"):
                raise InteropError(
                    f"The data of {self.stream.name} goes to the listener of on_data: stop that "
                    "one first, or subscribe a second time"
                )
            remaining = None if deadline is None else deadline - self._engine.now()
            if remaining is not None and remaining <= 0:
                away = "" if self.state == "open" else ", as its publisher is away"
                raise SubscriptionTimeout(f"Nothing of {self.stream.name} came in time{away}")
            self._more.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._more.wait(), remaining)

    def _take_kept(self) -> Iterator[tuple[StreamData]]:
        # Another thread may take some at the same time.
        with contextlib.suppress(IndexError):
            while True:
                yield (self._kept.popleft(),)

    def _keep(self, data: StreamData) -> None:
        if len(self._kept) >= LONGEST_QUEUE:
            self._overflow()
            return
        self._kept.append(data)
        self._more.set()

    def _overflow(self) -> None:
        if not self._end:
            self._opened().close()
            reason = f"{LONGEST_QUEUE} data of {self.stream.name} wait for their listeners"
            error = SubscriptionError(reason)
            self._listeners.tell_last("failed", error)
            self._finish(error)

    def _close(self) -> None:
        if not self._end:
            self._opened().close()
            self._finish(self._closed())

    def _closed(self) -> SubscriptionClosed:
        return SubscriptionClosed(f"The subscription to {self.stream.name} is closed")

    def _finish(self, end: SubscriptionError) -> None:
        if self._end is None:
            self._end = end
            self._more.set()
            self._engine.release(self)

    def _opened(self) -> SubscriptionLine:
        assert self._line is not None
        return self._line


class Subscription(SubscriptionBase):
    """A subscription of this process; ``InteropClient.subscribe`` makes it."""

    def __aiter__(self) -> Subscription:
        """
        All that is pushed, until the subscription is closed by either side.

        Raises:
            SubscriptionError: It ended by a failure.
        """
        return self

    async def __anext__(self) -> StreamData:
        try:
            return await self.get()
        except SubscriptionClosed:
            raise StopAsyncIteration from None

    async def get(self, timeout: float | None = None) -> StreamData:
        """
        Wait for one datum, which is taken by the return alone: a wait that ends by its time limit,
        or is cancelled, loses nothing.

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
            await self.until_there_is(deadline)
        return data
