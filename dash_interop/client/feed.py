"""What comes one after the other, such as the data of a subscription, and the ways to take it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import InteropError, SubscriptionClosed, SubscriptionError, SubscriptionTimeout
from .engine import Engine
from .listeners import LONGEST_QUEUE, Listener, Stop
from .requests import check_time_limit

__all__ = ["AwaitedFeed", "Feed", "SubscriptionFeed"]

T = TypeVar("T")


class Feed(Generic[T]):
    """
    One queue of what came and was not taken yet. What iterates over it gets each item once, however
    many loops there are, and what one of them leaves is for the next.

    Args:
        engine: Runs it, and ends it with the client.
        name: What it is a feed of, for errors.
    """

    items: ClassVar[str] = "data"
    """What it brings, for errors; ``on_<event>`` is the listener that takes it."""

    event: ClassVar[str] = "data"
    """The event that an item comes with."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._listeners = engine.make_listeners(self._overflow)
        self._kept: deque[T] = deque()
        """What no listener and no iteration has taken yet."""
        self._end: BaseException | None = None
        self._more = asyncio.Event()

    def listen(self, event: str, listener: Listener | None) -> None:
        if listener is not None:
            self._listeners.add(event, listener)

    def deadline(self, timeout: float | None) -> float | None:
        """
        Raises:
            ValueError: ``timeout`` is not a usable number of seconds.
        """
        check_time_limit(timeout)
        return None if timeout is None else self._engine.now() + timeout

    async def until_there_is(self, deadline: float | None) -> None:
        """
        Wait until there is an item to take, or it has ended.

        Raises:
            SubscriptionTimeout: Nothing came by the ``deadline``.
            InteropError: A listener takes it all.
        """
        self._engine.check_loop()
        while not self._kept and self._end is None:
            if self._listeners.has(self.event):
                raise InteropError(
                    f"What comes of {self._name} goes to the listener of on_{self.event}: stop "
                    "that one first, or subscribe a second time"
                )
            remaining = None if deadline is None else deadline - self._engine.now()
            if remaining is not None and remaining <= 0:
                raise SubscriptionTimeout(f"Nothing of {self._name} came in time{self._why()}")
            self._more.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._more.wait(), remaining)

    async def next(self, timeout: float | None) -> T:
        """As ``AwaitedFeed.get``; from any thread."""
        deadline = self.deadline(timeout)
        while True:
            # This is looked at first: what arrived before the end is kept by now.
            end = self._end
            try:
                # Only this takes it, so a wait for it may be interrupted in any way.
                return self._kept.popleft()
            except IndexError:
                if end is not None:
                    raise end from None
            await self.until_there_is(deadline)

    # What each kind has of its own

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed: no listener is told any more."""
        await self._listeners.cancel(closer)

    def _overflow(self) -> None:
        """Too much waits to be taken."""
        raise NotImplementedError

    def _why(self) -> str:
        """What is known of why nothing came, for the error that says so."""
        return ""

    # For all kinds

    def _take_with(self, listener: Listener) -> Stop:
        """Have a listener take it all, what was kept so far first."""

        def add() -> Stop:
            stop = self._listeners.add(self.event, listener, self._take_kept())
            # A wait ends with an error, as the listener gets it all from now on.
            self._more.set()
            return stop

        return self._engine.perform(add)

    def _take_kept(self) -> Iterator[tuple[T]]:
        # Another thread may take some at the same time.
        with contextlib.suppress(IndexError):
            while True:
                yield (self._kept.popleft(),)

    def _keep(self, item: T) -> None:
        if len(self._kept) >= LONGEST_QUEUE:
            self._overflow()
            return
        self._kept.append(item)
        self._more.set()

    def _finish(self, end: BaseException) -> None:
        if self._end is None:
            self._end = end
            self._more.set()
            self._engine.release(self)


class SubscriptionFeed(Feed[T]):
    """What a subscription brings."""

    def close(self) -> None:
        """Unsubscribe. What has arrived already may still be told."""
        if not self._end:
            self._engine.perform(self._close)

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed, and with it this subscription; no listener is told."""
        self._finish(self._closed())
        await super().end(closer)

    def emit(self, event: str, *arguments: Any) -> None:
        """An event of the subscription, from the session."""
        if event == self.event and not self._listeners.has(event):
            self._keep(arguments[0])
            return
        self._listeners.tell(event, *arguments)
        if event == "closed":
            self._finish(self._closed())
        elif event == "failed":
            self._finish(arguments[0])

    # What each kind of subscription has of its own

    def _unsubscribe(self) -> None:
        """Tell the session that nothing more is wanted."""
        raise NotImplementedError

    # For all kinds

    def _overflow(self) -> None:
        if not self._end:
            self._unsubscribe()
            reason = f"{LONGEST_QUEUE} {self.items} of {self._name} wait for their listeners"
            error = SubscriptionError(reason)
            self._listeners.tell_last("failed", error)
            self._finish(error)

    def _close(self) -> None:
        if not self._end:
            self._unsubscribe()
            self._finish(self._closed())

    def _closed(self) -> SubscriptionClosed:
        return SubscriptionClosed(f"The subscription to {self._name} is closed")


class AwaitedFeed(Feed[T]):
    """A feed for asyncio."""

    def __aiter__(self) -> AwaitedFeed[T]:
        """
        All that comes, until the subscription is closed.

        Raises:
            SubscriptionError: It ended by a failure.
        """
        return self

    async def __anext__(self) -> T:
        try:
            return await self.get()
        except SubscriptionClosed:
            raise StopAsyncIteration from None

    async def get(self, timeout: float | None = None) -> T:
        """
        Wait for the next one, which is taken by the return alone: a wait that ends by its time
        limit, or is cancelled, loses nothing.

        Args:
            timeout: Longest wait, in seconds; 0 does not wait. ``None``: as long as it takes.

        Raises:
            SubscriptionTimeout: Nothing came in time. The subscription goes on.
            SubscriptionClosed: It was closed, and all that it brought was taken.
            SubscriptionError: It ended by a failure.
            InteropError: A listener takes it all.
        """
        return await self.next(timeout)
