"""Connections over which nobody has logged in yet: how many there may be."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Lobby"]

Visitor = TypeVar("Visitor", bound=Hashable)


class Lobby(Generic[Visitor]):
    """
    Whoever comes is let in, and who has waited longest has to go when there is no room: a login
    takes an honest client milliseconds. To refuse those who come would let one who never logs in
    lock everybody out.

    Args:
        size: How many may wait.
        size_of_address: How many of one address. Behind a proxy all may have the same.
    """

    def __init__(self, size: int, size_of_address: int) -> None:
        self._size = size
        self._size_of_address = size_of_address
        self._address_of: dict[Visitor, str] = {}
        self._waiting: dict[str, dict[Visitor, None]] = {}
        """Those of each address, the oldest first."""

    def __len__(self) -> int:
        return len(self._address_of)

    def enter(self, visitor: Visitor, address: str) -> Visitor | None:
        """Let one in; returns who has to go instead."""
        waiting = self._waiting.setdefault(address, {})
        waiting[visitor] = None
        self._address_of[visitor] = address
        if len(waiting) <= self._size_of_address:
            if len(self) <= self._size:
                return None
            waiting = max(self._waiting.values(), key=len)
        oldest = next(iter(waiting))
        self.leave(oldest)
        return oldest

    def leave(self, visitor: Visitor) -> None:
        """It has logged in, or is gone; it may have left already."""
        address = self._address_of.pop(visitor, None)
        if address is not None:
            waiting = self._waiting[address]
            del waiting[visitor]
            if not waiting:
                del self._waiting[address]
