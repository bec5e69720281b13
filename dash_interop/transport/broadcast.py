"""Text frames that several readers get, alike but for their beginnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

__all__ = ["MAX_FRAMES", "MAX_SIZE", "Broadcast", "Copy", "Outgoing", "texts_of"]

MAX_FRAMES: Final = 64
"""Tails of one broadcast: more would have the first wait for long."""

MAX_SIZE: Final = 64 * 1024
"""Bytes to which the tails for one reader may grow; the first alone may be longer."""


class Broadcast:
    """
    Frames that several readers get in a row. Each frame is a head, the reader's own, and a tail.

    A tail is added once, however many readers there are. That is possible until one of them sends
    its copy, or gets something else behind it: then the broadcast has ended for all of them.

    Args:
        tail: The first.

    Attributes:
        tails: All of them, in order.
        has_ended: Whether no more can be added.
    """

    __slots__ = ("_most_heads", "_seams", "_size", "has_ended", "tails")

    def __init__(self, tail: bytes) -> None:
        self.tails = [tail]
        self.has_ended = False
        self._size = len(tail)
        self._most_heads = 1
        self._seams: dict[int, list[bytes]] = {}

    def copy(self, heads: tuple[bytes, ...]) -> Copy:
        """
        Args:
            heads: Of the frames that one reader gets with each tail.
        """
        if len(heads) > self._most_heads:
            self._most_heads = len(heads)
        return Copy(self, heads)

    def add(self, tail: bytes) -> bool:
        """Add a tail, unless it has ended or is full; whether it was added."""
        size = self._size + len(tail)
        if self.has_ended or len(self.tails) == MAX_FRAMES or size * self._most_heads > MAX_SIZE:
            return False
        self.tails.append(tail)
        self._size = size
        return True

    def size(self, heads: tuple[bytes, ...]) -> int:
        """Bytes of the frames with these heads."""
        return len(self.tails) * sum(map(len, heads)) + len(heads) * self._size

    def seams(self, size: int, header: Callable[[int], bytes]) -> list[bytes]:
        """
        What stands before, between and behind the heads in a row of frames with headers: to join it
        with a head gives the row. Made once for all heads of one size, when nothing is added any
        more.

        Args:
            size: Bytes of the head.
            header: Makes what stands before a text of so many bytes.
        """
        seams = self._seams.get(size)
        if seams is None:
            seams = [b"", *self.tails]
            for number, tail in enumerate(self.tails):
                seams[number] += header(size + len(tail))
            self._seams[size] = seams
        return seams


class Copy:
    """What one reader gets of a broadcast, as ``Broadcast.copy`` makes it."""

    __slots__ = ("broadcast", "heads")

    def __init__(self, broadcast: Broadcast, heads: tuple[bytes, ...]) -> None:
        self.broadcast = broadcast
        self.heads = heads

    @property
    def count(self) -> int:
        """How many frames it has, so far."""
        return len(self.heads) * len(self.broadcast.tails)

    @property
    def size(self) -> int:
        """Their bytes."""
        return self.broadcast.size(self.heads)

    def end(self) -> None:
        """Nothing can be added to the broadcast any more."""
        self.broadcast.has_ended = True

    def texts(self) -> list[bytes]:
        """Each frame by itself."""
        return [head + tail for tail in self.broadcast.tails for head in self.heads]


Outgoing: TypeAlias = bytes | Copy
"""A text frame, or the row of them that is a copy of a broadcast."""


def texts_of(outgoing: Iterable[Outgoing]) -> Iterator[bytes]:
    """Each frame by itself."""
    for each in outgoing:
        if isinstance(each, Copy):
            yield from each.texts()
        else:
            yield each
