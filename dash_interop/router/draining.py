"""
The end of a gateway that lets what is under way come to its end: whom it sends away, and when.

::

    begin --calls under way--> no new calls --the last one has ended, or end--> all are sent away

Whoever is sent away may come back at once, to the next gateway.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from ..wire.login import COME_BACK
from .domain import Domain
from .effects import ConnectionId
from .switchboard import Switchboard

__all__ = ["GOING_AWAY_CODE", "Draining"]

GOING_AWAY_CODE: Final = 1001
"""Close code that WebSockets have for an end that is stopping."""


class Draining:
    """
    Args:
        board: Shared with the router.
        connections: Those that are open.
        domains: What may be under way.
    """

    def __init__(
        self, board: Switchboard, connections: Collection[ConnectionId], domains: Iterable[Domain]
    ) -> None:
        self._board = board
        self._connections = connections
        self._domains = tuple(domains)
        self._sent_away: set[ConnectionId] = set()
        board.is_draining = True
        for connection in connections:
            if not board.peers.of_connection(connection):
                self.send_away(connection)

    def advance(self) -> None:
        """Send all away, if nothing is under way any more."""
        if not any(domain.is_busy for domain in self._domains):
            self.end()

    def end(self) -> None:
        """Send all away, whatever is under way."""
        for connection in self._connections:
            self.send_away(connection)

    def send_away(self, connection: ConnectionId) -> None:
        if connection not in self._sent_away:
            self._sent_away.add(connection)
            self._board.close(connection, GOING_AWAY_CODE, COME_BACK)
