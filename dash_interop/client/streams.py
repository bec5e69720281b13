"""Streams as their publishers and subscribers have them in hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Raw

from ..errors import (
    InteropError,
    RegistrationError,
    SubscriptionClosed,
    SubscriptionError,
    SubscriptionTimeout,
)
from ..peer.directory import Instance
from ..peer.publishing import Publication, StreamInterest
from ..peer.subscribing import StreamData, SubscriptionLine
from ..peer.targets import Target
from ..wire.definitions import MethodDefinition
from ..wire.payloads import encode_payload
from .functions import is_async
from .listeners import LONGEST_QUEUE, Listener, Stop
from .requests import check_time_limit, encode_arguments

if TYPE_CHECKING:
    from .engine import Engine

__all__ = [
    "Stream",
    "StreamBase",
    "StreamBranch",
    "StreamSubscription",
    "Subscription",
    "SubscriptionBase",
    "SubscriptionRequest",
]

logger = logging.getLogger(__name__)

Branch: TypeAlias = "str | Sequence[str] | None"
"""The key of a branch, several, or ``None`` for all of them."""


class SubscriptionRequest:
    """
    Somebody wants to subscribe. Answer once, now or later, from any thread; who gets no answer
    hears so when its own time is up.

    Attributes:
        arguments: What it subscribes with, a dict.
        instance: Who it is.
    """

    def __init__(self, engine: Engine, interest: StreamInterest) -> None:
        self._engine = engine
        self._interest = interest
        self.arguments = interest.arguments
        self.instance: Instance = interest.instance

    def accept(self) -> None:
        """
        Let it have what is pushed to the stream.

        Raises:
            SubscriptionError: The request was answered already.
        """
        self.accept_on_branch("")

    def accept_on_branch(self, key: str) -> None:
        """
        Let it have what is pushed to one branch, which is there from its first subscriber on.

        Raises:
            SubscriptionError: The request was answered already.
        """
        publishing = self._engine.session.publishing
        self._engine.perform(lambda: publishing.accept(self._interest, key))

    def reject(self, reason: str = "") -> None:
        """
        Refuse it; the subscriber gets the reason.

        Raises:
            SubscriptionError: The request was answered already.
        """
        publishing = self._engine.session.publishing
        self._engine.perform(lambda: publishing.reject(self._interest, reason))


class StreamSubscription:
    """
    One subscriber of a stream of ours.

    Attributes:
        stream: The stream.
        arguments: What it subscribed with, a dict.
        instance: Who it is.
        branch_key: The branch it was accepted on; ``""`` when none was named.
    """

    def __init__(self, stream: StreamBase, interest: StreamInterest) -> None:
        self._interest = interest
        self.stream = stream
        self.arguments = interest.arguments
        self.instance: Instance = interest.instance
        self.branch_key = interest.branch_key or ""

    def push(self, data: Any) -> None:
        """
        Send data to this subscriber alone. Nothing happens when it is gone.

        Raises:
            As ``Stream.push``.
        """
        self.stream._push_to(self._interest, data)  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        """End it; the subscriber hears that the publisher has closed it."""
        self.stream._close([self._interest])  # pyright: ignore[reportPrivateUsage]


class StreamBranch:
    """
    The subscribers of a stream that were accepted with one key.

    Attributes:
        key: The key.
    """

    def __init__(self, stream: StreamBase, key: str) -> None:
        self._stream = stream
        self.key = key

    def push(self, data: Any) -> None:
        """
        Send data to all its subscribers, in one message to the gateway.

        Raises:
            As ``Stream.push``.
        """
        self._stream.push(data, self.key)

    def subscriptions(self) -> list[StreamSubscription]:
        """Its subscribers now."""
        return [each for each in self._stream.subscriptions() if each.branch_key == self.key]

    def close(self) -> None:
        """End all its subscriptions, and with them the branch."""
        self._stream._close_branch(self.key)  # pyright: ignore[reportPrivateUsage]


class StreamBase:
    """
    A stream of ours, whether its client is the one for asyncio or for ordinary code. Everything
    here may be called from any thread.

    Attributes:
        definition: What it was created with.
    """

    def __init__(self, engine: Engine, definition: MethodDefinition) -> None:
        self._engine = engine
        self.definition = definition
        self._publication: Publication | None = None
        self._is_closed = False
        self._listeners = engine.make_listeners(self._overflow)

    @property
    def name(self) -> str:
        """As the definition says."""
        return self.definition.name

    def push(self, data: Any, branch: Branch = None) -> None:
        """
        Send data to the subscribers; returns at once.

        Args:
            data: A dict, or something that JSON has an object for.
            branch: Key of the branch, or several; without it all branches get the data.

        Raises:
            TypeError: ``data`` is no dict.
            ValueError: ``data`` holds something that cannot travel as JSON.
            MessageTooLarge: ``data`` is more than the gateway takes.
            RegistrationError: The stream was closed.
            Overloaded: 16 MiB wait to be sent: ``await flush()`` now and then.
        """
        if self._is_closed:
            raise RegistrationError(f"The stream {self.name} was closed")
        encoded = _encoded(data)
        keys = [branch] if isinstance(branch, str) else branch
        publication = self._created()
        publishing = self._engine.session.publishing
        self._post(lambda: publishing.push(publication, encoded, keys), len(bytes(encoded)))

    def subscriptions(self) -> list[StreamSubscription]:
        """The subscribers now, of all branches."""
        publication = self._created()
        interests = self._engine.perform(lambda: list(publication.interests.values()))
        return [
            StreamSubscription(self, interest)
            for interest in interests
            if interest.branch_key is not None
        ]

    def branches(self) -> list[StreamBranch]:
        """The branches that have subscribers now."""
        publication = self._created()
        keys = self._engine.perform(lambda: list(publication.branches))
        return [StreamBranch(self, key) for key in keys]

    def branch(self, key: str) -> StreamBranch | None:
        """The branch of that key; ``None`` while nobody is on it."""
        return next((branch for branch in self.branches() if branch.key == key), None)

    async def create(self, timeout: float, on_end: Callable[[], Any]) -> None:
        """Offer it; ``on_end`` is called when it is closed."""
        self._on_end = on_end
        session = self._engine.session

        def ask(token: Any) -> Publication:
            self._publication = session.create_stream(
                token,
                self.definition,
                self,
                decides=self._listeners.has("requested"),
                timeout=timeout,
                now=self._engine.now(),
            )
            return self._publication

        def undo(token: Any, publication: Publication) -> None:
            session.close_stream(token, publication, self._engine.now())

        try:
            await self._engine.request(ask, undo)
        except BaseException:
            on_end()
            raise

    async def withdraw(self) -> None:
        """Offer it no longer."""
        session = self._engine.session
        if self._is_closed:
            return
        publication = self._created()
        self._is_closed = True
        await self._engine.request(
            lambda token: session.close_stream(token, publication, self._engine.now())
        )
        self._on_end()

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed: tell nobody any more."""
        await self._listeners.cancel(closer)

    def listen(self, event: str, listener: Listener | None) -> None:
        if listener is not None:
            guarded = _rejecting(listener) if event == "requested" else listener
            self._listeners.add(event, guarded)

    def emit(self, event: str, interest: StreamInterest) -> None:
        """What the session tells of it."""
        if event == "requested":
            self._listeners.tell(event, SubscriptionRequest(self._engine, interest))
        else:
            self._listeners.tell(event, StreamSubscription(self, interest))

    def _created(self) -> Publication:
        assert self._publication is not None
        return self._publication

    def _overflow(self) -> None:
        logger.error("%s: a notice of its subscribers is lost: too many wait", self.name)

    def _push_to(self, interest: StreamInterest, data: Any) -> None:
        encoded = _encoded(data)
        publishing = self._engine.session.publishing
        self._post(lambda: publishing.push_to(interest, encoded), len(bytes(encoded)))

    def _post(self, send: Callable[[], None], size: int) -> None:
        self._engine.post(send, size)

    def _close(self, interests: list[StreamInterest]) -> None:
        publishing = self._engine.session.publishing
        self._engine.post(lambda: publishing.close(interests))

    def _close_branch(self, key: str) -> None:
        publication = self._created()
        publishing = self._engine.session.publishing
        self._engine.post(
            lambda: publishing.close(list(publication.branches.get(key, {}).values()))
        )


class Stream(StreamBase):
    """A stream of ours; ``InteropClient.create_stream`` makes it."""

    async def close(self) -> None:
        """Withdraw the stream; its subscribers hear that it was closed."""
        await self.withdraw()

    async def flush(self) -> None:
        """Wait until the gateway has read all that was pushed so far."""
        await self._engine.flush()


class SubscriptionBase:
    """
    A subscription of ours, whether its client is the one for asyncio or for ordinary code. Take its
    data with ``on_data``, or one after the other with ``get`` and by iterating over it; what comes
    before is kept. After an outage it is made again by itself; what was pushed meanwhile is missed.

    It is an iterator: each datum is told once, however many loops over it there are, and what one
    of them leaves is for the next.

    Attributes:
        stream: The stream, as it was named.
        request_arguments: What it was made with, a dict.
    """

    def __init__(
        self, engine: Engine, stream: MethodDefinition, arguments: Mapping[str, Any] | None
    ) -> None:
        self._engine = engine
        self.stream = stream
        self._encoded = encode_arguments(arguments)
        self.request_arguments = dict(arguments or {})
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
    def server_instance(self) -> Instance | None:
        """The first of ``servers``."""
        return next(iter(self.servers), None)

    def on_data(self, listener: Listener) -> Stop:
        """Call ``listener(stream_data)`` for all that is pushed, and what was kept so far."""

        def add() -> Stop:
            stop = self._listeners.add("data", listener, self._take_kept())
            # Who waits for data hears that it will get none.
            self._more.set()
            return stop

        return self._engine.perform(add)

    def on_connected(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when a publisher has accepted, again after an outage, too."""
        return self._engine.perform(lambda: self._listeners.add("connected", listener))

    def on_waiting(self, listener: Listener) -> Stop:
        """
        Call ``listener()`` when nobody publishes to it any more and it waits: in an outage, and for
        the publisher that it follows.
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

    async def open(
        self,
        target: Target,
        follow: bool,
        wait_timeout: float,
        response_timeout: float,
        on_end: Callable[[], Any],
    ) -> None:
        """Subscribe; ``on_end`` is called when it is over."""
        self._on_end = on_end

        def ask(token: Any) -> None:
            self._line = self._engine.session.subscribe(
                token,
                self,
                self.stream,
                self.request_arguments,
                self._encoded,
                target,
                follows=follow,
                wait_timeout=wait_timeout,
                response_timeout=response_timeout,
                now=self._engine.now(),
            )

        try:
            await self._engine.request(ask)
        except BaseException:
            if self._line is not None:
                self._engine.perform(self._line.close)
            self._finish(self._closed())
            raise

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed: so is this, and nobody is told."""
        self._finish(self._closed())
        await self._listeners.cancel(closer)

    def listen(self, event: str, listener: Listener | None) -> None:
        if listener is not None:
            self._listeners.add(event, listener)

    def emit(self, event: str, *arguments: Any) -> None:
        """What the session tells of it."""
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
        The next of what is kept, from any thread; ``None`` where there is nothing yet.

        Nothing is taken before, so a wait for data may be interrupted in any way.

        Raises:
            SubscriptionClosed: All was taken, and nothing comes any more.
            SubscriptionError: So it is, and it ended by a failure.
        """
        # Looked at first, as nothing is kept after the end.
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
            ValueError: ``timeout`` is no usable number of seconds.
        """
        check_time_limit(timeout)
        return None if timeout is None else self._engine.now() + timeout

    async def until_there_is(self, deadline: float | None) -> None:
        """
        Wait until there is something to take, or nothing will come any more.

        Raises:
            SubscriptionTimeout: There was nothing by the ``deadline``.
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
            self._on_end()

    def _opened(self) -> SubscriptionLine:
        assert self._line is not None
        return self._line


class Subscription(SubscriptionBase):
    """A subscription of ours; ``InteropClient.subscribe`` makes it."""

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


def _rejecting(handler: Listener) -> Listener:
    """What a request handler raises rejects the request."""

    def reject(request: SubscriptionRequest, error: Exception) -> None:
        logger.error("the request handler %r failed", handler, exc_info=error)
        with contextlib.suppress(SubscriptionError):
            request.reject(f"{type(error).__name__}: {error}")

    if is_async(handler):

        async def decide_async(request: SubscriptionRequest) -> None:
            try:
                await handler(request)
            except Exception as error:
                reject(request, error)

        return decide_async

    def decide(request: SubscriptionRequest) -> None:
        try:
            handler(request)
        except Exception as error:
            reject(request, error)

    return decide


def _encoded(data: Any) -> Raw:
    encoded = encode_payload(data, "data")
    if not bytes(encoded).startswith(b"{"):
        raise TypeError(f"stream data has to be a dict, not {type(data).__name__}")
    return encoded
