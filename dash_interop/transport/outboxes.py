"""The bound for all that waits to be sent, whoever is to read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

__all__ = ["Bounded", "Outboxes", "furthest_behind"]

SHARE_THAT_STAYS = 0.75
"""How much of the bound may be in use after somebody was given up, so that it lasts."""

LOOKS = 16
"""How many looks there are while as much is written as the bound allows, where it all stays."""

Reader = TypeVar("Reader")


class Bounded(Protocol):
    """One outbox, as the bound sees it."""

    @property
    def backlog(self) -> int:
        """Bytes that wait."""
        ...

    def give_up(self) -> None:
        """Disconnect its reader as too slow."""
        ...


def furthest_behind(backlogs: Mapping[Reader, int], size: int) -> list[Reader]:
    """
    Whom to give up so that what waits for the others is no more than ``size``: as few as possible.

    Args:
        backlogs: Bytes that wait for each.
        size: In bytes.
    """
    total = sum(backlogs.values())
    given_up: list[Reader] = []
    for reader in sorted(backlogs, key=backlogs.__getitem__, reverse=True):
        if total <= size:
            break
        given_up.append(reader)
        total -= backlogs[reader]
    return given_up


class Outboxes:
    """
    The outboxes of a gateway. What leaves them is not told, so they are looked at now and then:
    before more has been written than was free at the last look.

    Args:
        size: Bytes that may wait in all of them.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        self._open: dict[Bounded, None] = {}

    def add(self, outbox: Bounded) -> None:
        self._open[outbox] = None

    def remove(self, outbox: Bounded) -> None:
        """An outbox is closed; nothing more is written to it."""
        self._open.pop(outbox, None)

    def wrote(self, size: int) -> None:
        """So many bytes were handed over, and may still wait."""
        self._free -= size
        if self._free < 0:
            self._look()

    def _look(self) -> None:
        # First, as whoever is given up writes once more.
        self._free = self._size
        backlogs = {outbox: outbox.backlog for outbox in self._open}
        if sum(backlogs.values()) > self._size:
            for outbox in furthest_behind(backlogs, int(self._size * SHARE_THAT_STAYS)):
                backlogs[outbox] = 0
                outbox.give_up()
        self._free = max(self._size - sum(backlogs.values()), self._size // LOOKS)
