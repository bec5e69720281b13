"""
Functions that hear of events: in the order of the events, one at a time, without holding up the
connection. ``async def`` runs on the loop, ``def`` in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

from .functions import is_async

__all__ = ["LONGEST_QUEUE", "Listener", "Listeners", "Stop"]

Listener: TypeAlias = Callable[..., Any]

Stop: TypeAlias = Callable[[], None]
"""Ends the notifications of one listener; calling it again does no harm."""

LONGEST_QUEUE = 100_000
"""Events that may wait for the listeners of one source."""

CLOSE_TIMEOUT = 5.0
"""Seconds that handlers and listeners get to end when they are cancelled."""

logger = logging.getLogger(__name__)


class _Entry:
    """One listener, added once."""

    __slots__ = ("function", "is_active", "is_async")

    def __init__(self, function: Listener) -> None:
        self.function = function
        self.is_async = is_async(function)
        self.is_active = True


class Listeners:
    """
    The listeners of one source, such as a client or a subscription.

    Args:
        run_in_thread: Runs a function in a thread.
        on_overflow: Called when ``LONGEST_QUEUE`` events wait, for each that finds no place.
    """

    def __init__(
        self,
        run_in_thread: Callable[[Callable[[], None]], Awaitable[None]],
        on_overflow: Callable[[], None],
    ) -> None:
        self._run_in_thread = run_in_thread
        self._on_overflow = on_overflow
        self._by_event: dict[str, list[_Entry]] = {}
        self._waiting: deque[tuple[_Entry, tuple[Any, ...]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def add(self, event: str, listener: Listener, replay: Iterable[Any] = ()) -> Stop:
        """
        Args:
            event: What it hears of.
            listener: Called with the arguments of each event.
            replay: Arguments of events that it is told as if they happened now.
        """
        if not callable(listener):
            raise TypeError(f"a listener has to be a function, not {listener!r}")
        entry = _Entry(listener)
        entries = self._by_event.setdefault(event, [])
        entries.append(entry)
        for arguments in replay:
            self._enqueue(entry, arguments)

        def stop() -> None:
            if entry.is_active:
                entry.is_active = False
                entries.remove(entry)

        return stop

    def has(self, event: str) -> bool:
        return bool(self._by_event.get(event))

    def tell(self, event: str, *arguments: Any) -> None:
        # A copy, as another thread may stop one meanwhile.
        for entry in tuple(self._by_event.get(event, ())):
            self._enqueue(entry, arguments)

    def tell_last(self, event: str, *arguments: Any) -> None:
        """As ``tell``, also where the queue is full; for the last event of all."""
        for entry in self._by_event.get(event, ()):
            self._append(entry, arguments)

    async def all_told(self) -> None:
        """Wait until all that has happened so far was told."""
        while self._task is not None:
            await asyncio.wait([self._task])

    def silence(self) -> None:
        """Tell no more; a listener that runs now goes on."""
        self._is_closed = True

    async def cancel(self, closer: asyncio.Task[Any] | None = None) -> None:
        """Tell no more; a listener that runs now is cancelled, unless it is the ``closer``."""
        self.silence()
        if self._task is not None and self._task is not closer:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_TIMEOUT)

    def _enqueue(self, entry: _Entry, arguments: tuple[Any, ...]) -> None:
        if len(self._waiting) >= LONGEST_QUEUE:
            self._on_overflow()
        else:
            self._append(entry, arguments)

    def _append(self, entry: _Entry, arguments: tuple[Any, ...]) -> None:
        if self._is_closed:
            return
        self._waiting.append((entry, arguments))
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting and not self._is_closed:
                if self._waiting[0][0].is_async:
                    await self._call(*self._waiting.popleft())
                else:
                    # All plain listeners in a row share one change of the thread.
                    await self._run_in_thread(self._run_plain)
        finally:
            self._task = None

    def _run_plain(self) -> None:
        while self._waiting and not (self._is_closed or self._waiting[0][0].is_async):
            entry, arguments = self._waiting.popleft()
            try:
                if entry.is_active:
                    entry.function(*arguments)
            except BaseException:
                # It runs in a thread of the client, where even SystemExit must not end anything.
                logger.exception("a listener failed: %r", entry.function)

    async def _call(self, entry: _Entry, arguments: tuple[Any, ...]) -> None:
        try:
            if entry.is_active:
                await entry.function(*arguments)
        except (Exception, SystemExit, KeyboardInterrupt):
            logger.exception("a listener failed: %r", entry.function)
        except asyncio.CancelledError:
            # Cancelled itself, as at the end of asyncio.run, rather than by what it awaits.
            cancelling = getattr(asyncio.current_task(), "cancelling", int)
            if self._is_closed or cancelling():
                raise
            logger.exception("a listener was cancelled: %r", entry.function)
