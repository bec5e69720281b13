"""What waits to be sent over a connection: bounded, and written batch by batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .broadcast import Copy, Outgoing
from .connection import Connection
from .outboxes import Outboxes

__all__ = ["BATCH", "SLOW_READER", "Outbox"]

BATCH = 16
"""
Frames that are written together, where one turn of the loop makes many. The reader, most often on
another core, begins with them while more are made; one write for all would have it wait.
"""

SLOW_READER = 4008
"""Close code for a reader that fell too far behind; it may come back."""


class Outbox:
    """
    Args:
        connection: Where it is sent.
        size: Bytes that may wait for the reader at the other end, beside those by which a broadcast
            grows before it leaves.
        close_timeout: Seconds for closing; then the connection is cut.
        on_slow_reader: Called once when the reader is given up, with the bytes that waited for it.
        outboxes: What bounds it together with others.
    """

    __slots__ = (
        "_close_timeout",
        "_closing",
        "_connection",
        "_growing",
        "_on_slow_reader",
        "_outboxes",
        "_size",
        "_waiting",
        "_waiting_size",
    )

    def __init__(
        self,
        connection: Connection,
        size: int,
        close_timeout: float,
        on_slow_reader: Callable[[int], None],
        outboxes: Outboxes,
    ) -> None:
        self._connection = connection
        self._size = size
        self._close_timeout = close_timeout
        self._on_slow_reader = on_slow_reader
        self._outboxes = outboxes
        self._waiting: list[Outgoing] = []
        self._waiting_size = 0
        self._growing: Copy | None = None
        """The last that waits, if it is a copy of a broadcast that has not ended here; it is not
        counted yet."""
        self._closing: asyncio.Task[None] | None = None
        outboxes.add(self)
        connection.bound(size, self.give_up, outboxes.wrote)

    @property
    def backlog(self) -> int:
        """Bytes that were sent and have not left yet."""
        growing = 0 if self._growing is None else self._growing.size
        return self._waiting_size + growing + self._connection.backlog

    def send(self, frame: bytes) -> None:
        """Queue a text frame; it leaves with its batch, or at the end of the turn of the loop."""
        if self._growing is not None:
            self._end_growing()
        if self._closing is not None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.write)
        self._waiting.append(frame)
        self._waiting_size += len(frame)
        if self._waiting_size > self._size:
            self.give_up()
        elif len(self._waiting) >= BATCH:
            self.write()

    def send_copy(self, copy: Copy) -> None:
        """
        Queue a copy of a broadcast. It leaves at the end of the turn of the loop, with all that is
        added to the broadcast until then; before that when a batch is there and more comes.
        """
        if self._growing is not None:
            self._end_growing()
        if self._closing is not None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.write)
        self._waiting.append(copy)
        self._growing = copy
        if self._waiting_size + copy.size > self._size:
            self.give_up()

    def write(self) -> None:
        """Hand over all that is queued now, where nothing more comes in this turn of the loop."""
        if self._closing is None:
            self._write()

    def give_up(self) -> None:
        """Disconnect the reader as too slow; only what left the outbox before may still be read."""
        if self._closing is None:
            self._on_slow_reader(self.backlog)
            self._waiting.clear()
            self._waiting_size = 0
            self._growing = None
            self.close(SLOW_READER, "Too slow in reading")

    async def flush(self) -> None:
        """Wait until the other end has read all that was sent so far, or the connection ends."""
        self._write()
        await self._connection.flush()

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then the close frame; returns at once."""
        if self._closing is None:
            self._write()
            self._closing = asyncio.ensure_future(self._close(code, reason))
            self._outboxes.remove(self)

    async def wait_closed(self) -> None:
        await self._connection.wait_closed()

    async def _close(self, code: int, reason: str) -> None:
        closing = self._connection.close(code, reason)
        try:
            await asyncio.wait_for(closing, self._close_timeout)
        except asyncio.TimeoutError:
            self._connection.abort()

    def _end_growing(self) -> None:
        """Something comes behind a copy, which is counted now."""
        assert self._growing is not None
        copy, self._growing = self._growing, None
        copy.end()
        self._waiting_size += copy.size
        if copy.count >= BATCH or len(self._waiting) >= BATCH:
            self.write()

    def _write(self) -> None:
        if not self._waiting:
            return
        size = self._waiting_size
        if self._growing is not None:
            self._growing.end()
            size += self._growing.size
            self._growing = None
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        self._connection.send(waiting)
        self._outboxes.wrote(size)
