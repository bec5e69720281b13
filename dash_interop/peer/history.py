"""
The publisher's memory of a stream: what was pushed last, for each branch, and what of it a
subscriber has not seen.

Every push has an offset, the next whole number, whichever branches it goes to; so a branch sees
some of the offsets, in their order. What is pushed to all is kept once, and joined with what was
pushed to a branch when somebody subscribes; so a branch that nobody was on yet has a history, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from ..wire.codec import encode
from ..wire.history import Announcement, HistorySettings, Position, Replay

__all__ = ["StreamHistory"]

ROOM: Final = 4 * 1024 * 1024
"""
Bytes that are kept of a branch. They travel in one frame: a quarter of the longest that a gateway
takes, and an eighth of what it lets wait for a reader, who may have subscribed several times.
"""

ENVELOPE: Final = 1024
"""More bytes than there are around the data in a frame, the key of the branch apart."""

MOST_BRANCHES: Final = 10_000
"""Branches that something is kept for; one more takes the place of the one longest without data."""

_fields: Final = msgspec.json.Decoder(dict[str, Raw])


class _Kept(Struct, frozen=True, gc=False):
    offset: int
    slot: Hashable
    data: Raw
    size: int


class _Shelf:
    """
    The newest data of one kind, those of a branch or those for all.

    Attributes:
        lost: The highest offset of what is kept no longer; 0 where all is.
        newest: The highest offset of all that was kept here.
    """

    def __init__(self, size: int, lost: int) -> None:
        self._size = size
        self._kept: dict[Hashable, _Kept] = {}
        self._bytes = 0
        self.lost = self.newest = lost

    def add(self, kept: _Kept) -> None:
        self._forget(self._kept.pop(kept.slot, None))
        self._kept[kept.slot] = kept
        self._bytes += kept.size
        self.newest = kept.offset
        while len(self._kept) > self._size or self._bytes > ROOM:
            oldest = self._kept.pop(next(iter(self._kept)))
            self._forget(oldest)
            self.lost = oldest.offset

    def newer(self, offset: int) -> Iterator[_Kept]:
        """From the newest one on; what is kept stands in the order of its offsets."""
        for kept in reversed(self._kept.values()):
            if kept.offset <= offset:
                return
            yield kept

    def _forget(self, kept: _Kept | None) -> None:
        if kept is not None:
            self._bytes -= kept.size


class StreamHistory:
    """
    Args:
        settings: What is kept.
        epoch: A text that no other history has.
    """

    def __init__(self, settings: HistorySettings, epoch: str) -> None:
        self._size = settings.size
        self._key = settings.key
        self._epoch = epoch
        self._offset = 0
        self._for_all = self._new_shelf(0)
        self._branches: dict[str, _Shelf] = {}
        """In the order of their newest data."""
        self._lost = 0
        """The highest offset of the branches that nothing is kept for any longer."""

    def slot(self, data: Raw) -> Hashable:
        """
        What the datum is kept under: one that comes later under the same takes its place. ``None``
        where each has a place of its own.

        Raises:
            ValueError: It has no such field.
        """
        if self._key is None:
            return None
        value = _fields.decode(data).get(self._key)
        if value is None:
            raise ValueError(
                f"data has no field {self._key!r}, and the history keeps the newest of each"
            )
        return bytes(value)

    def next_offset(self) -> int:
        """That of one more datum; it is given once."""
        self._offset += 1
        return self._offset

    def keep(self, offset: int, data: Raw, keys: Sequence[str] | None, slot: Hashable) -> None:
        """
        Args:
            offset: Of the datum, higher than those before.
            data: The datum.
            keys: The branches that it went to; ``None`` for all.
            slot: As ``slot`` says.
        """
        size = len(bytes(data)) + len(b",")
        kept = _Kept(offset, offset if slot is None else slot, data, size)
        if keys is None:
            self._for_all.add(kept)
        else:
            for key in dict.fromkeys(keys):
                self._shelf(key).add(kept)

    def replay(self, key: str, position: Position, max_size: int | None) -> Replay:
        """
        What somebody on a branch has not seen.

        Args:
            key: The branch.
            position: Where the subscriber stands.
            max_size: Bytes of the longest frame that may be sent.
        """
        room = ROOM if max_size is None else max_size - ENVELOPE - len(encode(key))
        is_known = position.epoch == self._epoch and position.offset <= self._offset
        start = position.offset if is_known else 0
        branch = self._branches.get(key)
        lost = max(self._for_all.lost, self._lost if branch is None else branch.lost)
        shelves = [self._for_all] if branch is None else [self._for_all, branch]
        data, left_out = self._newest(shelves, start, min(room, ROOM))
        is_whole = max(lost, left_out) <= start
        may_be_whole = position.epoch is None or (is_known and position.branch == key)
        announcement = Announcement(self._epoch, key, self._offset, is_whole and may_be_whole)
        return Replay(announcement, data)

    def _newest(self, shelves: list[_Shelf], start: int, room: int) -> tuple[list[Raw], int]:
        """
        The data after an offset, as far as there is room, and the highest offset of the others.
        """
        by_slot: dict[Hashable, _Kept] = {}
        for shelf in shelves:
            for kept in shelf.newer(start):
                other = by_slot.get(kept.slot)
                if other is None or other.offset < kept.offset:
                    by_slot[kept.slot] = kept
        data: list[Raw] = []
        for kept in sorted(by_slot.values(), key=lambda kept: kept.offset, reverse=True):
            room -= kept.size
            if room < 0 or len(data) == self._size:
                return data[::-1], kept.offset
            data.append(kept.data)
        return data[::-1], 0

    def _shelf(self, key: str) -> _Shelf:
        shelf = self._branches.pop(key, None) or self._new_shelf(self._lost)
        self._branches[key] = shelf
        if len(self._branches) > MOST_BRANCHES:
            oldest = self._branches.pop(next(iter(self._branches)))
            self._lost = max(self._lost, oldest.newest)
        return shelf

    def _new_shelf(self, lost: int) -> _Shelf:
        return _Shelf(self._size, lost)
