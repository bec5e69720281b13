"""Two ends of a connection that are joined within a process, on one loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from ..errors import ProtocolError
from .broadcast import Outgoing, texts_of

__all__ = ["MemoryConnection", "memory_pair"]

_ABNORMAL = 1006
_MESSAGE_TOO_BIG = 1009


def memory_pair() -> tuple[MemoryConnection, MemoryConnection]:
    """Two ends; what is sent at one arrives at the other."""
    ended = asyncio.Event()
    one, other = MemoryConnection(ended), MemoryConnection(ended)
    one.other, other.other = other, one
    return one, other


class MemoryConnection:
    """
    One end of a pair, as ``memory_pair`` makes it.

    Attributes:
        other: The other end.
        close_code: With which code the connection was closed, by either end; ``None`` before, and
            1006 when it was cut.
        close_reason: In words.
    """

    other: MemoryConnection

    def __init__(self, ended: asyncio.Event) -> None:
        self._arrived: deque[bytes] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        """Something has arrived or was read here, or the connection has ended."""
        self._ended = ended
        self._max_size: int | None = None
        self._too_long = ""
        self._bound: int | None = None
        self._on_full: Callable[[], None] | None = None
        self.close_code: int | None = None
        self.close_reason = ""

    async def frames(self) -> AsyncIterator[str]:
        while True:
            if self._arrived:
                while self._arrived:
                    frame = self._arrived.popleft()
                    self._size -= len(frame)
                    if self._max_size is not None and len(frame) > self._max_size:
                        raise ProtocolError(self._too_long, _MESSAGE_TOO_BIG)
                    yield frame.decode()
                # Only then, or two ends that both read would wake each other for ever.
                self.other._changed.set()
            if self._ended.is_set():
                return
            self._changed.clear()
            await self._changed.wait()

    def limit(self, max_size: int, too_long: str) -> None:
        self._max_size, self._too_long = max_size, too_long

    def bound(
        self, size: int, on_full: Callable[[], None], on_reply: Callable[[int], None]
    ) -> None:
        self._bound, self._on_full = size, on_full

    def send(self, frames: Sequence[Outgoing]) -> None:
        if self._ended.is_set():
            return
        other = self.other
        texts = list(texts_of(frames))
        other._arrived.extend(texts)
        other._size += sum(map(len, texts))
        other._changed.set()
        if self._on_full is not None and self._bound is not None and other._size > self._bound:
            self._on_full()

    @property
    def backlog(self) -> int:
        return self.other._size

    async def flush(self) -> None:
        while self.other._arrived and not self._ended.is_set():
            self._changed.clear()
            await self._changed.wait()

    async def close(self, code: int, reason: str) -> None:
        self._end(code, reason)

    def abort(self) -> None:
        if not self._ended.is_set():
            for end in (self, self.other):
                end._arrived.clear()
                end._size = 0
            self._end(_ABNORMAL, "")

    async def wait_closed(self) -> None:
        await self._ended.wait()

    def _end(self, code: int, reason: str) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        for end in (self, self.other):
            end.close_code, end.close_reason = code, reason
            end._changed.set()
