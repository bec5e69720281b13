"""
How old a login with a token may get: then its connection is closed, and the client comes back with
a new token, for which somebody has looked again at who it is.
"""

from __future__ import annotations

from math import inf
from typing import Final

from .effects import ConnectionId
from .peers import Peer
from .switchboard import Switchboard

__all__ = ["LOGIN_TOO_OLD", "Sessions"]

LOGIN_TOO_OLD: Final = 4011
"""Close code for a connection whose login is too old; its client may come back."""

REASON: Final = "The login is too old: come back with a new token"


class Sessions:
    """Services are left alone: they have the secret itself."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._ends: dict[ConnectionId, float] = {}
        """When each connection is closed, by its first login; in that order."""

    def begin(self, peer: Peer) -> None:
        """A peer was let in."""
        seconds = self._board.limits.session_seconds
        if seconds < inf and peer.principal.is_from_token and not peer.is_service:
            self._ends.setdefault(peer.connection, self._board.now + seconds)

    def end(self, connection: ConnectionId) -> None:
        """A connection has ended."""
        self._ends.pop(connection, None)

    def tick(self) -> None:
        """Close what is due."""
        while (due := self.next_deadline()) is not None and due <= self._board.now:
            connection = next(iter(self._ends))
            del self._ends[connection]
            self._board.close(connection, LOGIN_TOO_OLD, REASON)

    def next_deadline(self) -> float | None:
        return next(iter(self._ends.values()), None)
