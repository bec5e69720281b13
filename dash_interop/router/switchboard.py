"""What the router and its domains share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager

from msgspec import UNSET, Raw, UnsetType

from ..wire.envelope import Error, Outbound, RequestId
from ..wire.turn import Turn
from .effects import (
    Audience,
    Close,
    ConnectionId,
    EndTurn,
    FanOut,
    Probe,
    RouterEffect,
    Send,
)
from .limits import Limits
from .peers import Peer, Peers

__all__ = ["Switchboard"]


class Switchboard(Turn[RouterEffect]):
    """
    What a domain tells many of, such as who has come, is *put off*: until the turn of the shell
    ends, or something else is sent over the same connection. So what happens together can be told
    together, and whoever is sent something has been told all that came before it.

    Attributes:
        node: Part of every id that is made here; different for every router there ever is.
        limits: Every bound.
        peers: Who is logged in.
        is_draining: Whether the gateway is going to stop, and takes on nothing new.
    """

    def __init__(self, node: str, limits: Limits) -> None:
        super().__init__()
        self.node = node
        self.limits = limits
        self.peers = Peers()
        self.is_draining = False
        self._ids = 0
        self._put_off: dict[ConnectionId, list[Callable[[], None]]] = {}
        self._answers: dict[ConnectionId, list[Outbound]] = {}
        self._is_turn_open = False

    def send(self, connection: ConnectionId, message: Outbound) -> None:
        if self._put_off or self._answers:
            self._catch_up(connection)
        self.effects.append(Send(connection, message))

    def fan_out(self, audience: Audience, tail: bytes) -> None:
        """Send what is the same for all but its heads, which the audience has."""
        if self._put_off or self._answers:
            for connection, _ in audience:
                self._catch_up(connection)
        self.effects.append(FanOut(audience, tail))

    def put_off(self, connection: ConnectionId, tell: Callable[[], None]) -> None:
        """Call ``tell`` before anything is sent over a connection, unless the turn ends first."""
        self._put_off.setdefault(connection, []).append(tell)
        self.await_end_of_turn()

    def answer(self, connection: ConnectionId, message: Outbound) -> None:
        """Send a message behind all that is put off, so that others hear first what was done."""
        if self._put_off or self._answers:
            self._answers.setdefault(connection, []).append(message)
        else:
            self.effects.append(Send(connection, message))

    def await_end_of_turn(self) -> None:
        """Have the domains hear of the end of the turn."""
        if not self._is_turn_open:
            self._is_turn_open = True
            self.effects.append(EndTurn())

    @contextmanager
    def ending_turn(self) -> Generator[None]:
        """The turn ends: within this, the domains tell by themselves what they have put off."""
        self._is_turn_open = False
        self._put_off.clear()
        answers, self._answers = self._answers, {}
        yield
        self._send_all(answers)

    def forget(self, connection: ConnectionId) -> None:
        """A connection has ended."""
        self._put_off.pop(connection, None)
        self._answers.pop(connection, None)

    def _catch_up(self, connection: ConnectionId) -> None:
        if connection not in self._answers:
            for tell in self._put_off.pop(connection, ()):
                tell()
            return
        answers, self._answers = self._answers, {}
        while self._put_off:
            _, tells = self._put_off.popitem()
            for tell in tells:
                tell()
        self._send_all(answers)

    def _send_all(self, answers: dict[ConnectionId, list[Outbound]]) -> None:
        for connection, messages in answers.items():
            self.effects += [Send(connection, message) for message in messages]

    def probe(self, connection: ConnectionId, domain: str, key: Hashable) -> None:
        """Have a domain hear when the other end has read what was sent so far."""
        self.effects.append(Probe(connection, domain, key))

    def close(self, connection: ConnectionId, code: int, reason: str) -> None:
        """Close a connection behind what was sent so far."""
        self.effects.append(Close(connection, code, reason))

    def refuse(
        self,
        peer: Peer,
        request_id: RequestId,
        reason_uri: str,
        reason: str,
        domain: str,
        context: Raw | UnsetType = UNSET,
    ) -> None:
        """Answer a request with an error."""
        error = Error(request_id, peer.id, reason_uri, reason, domain, context)
        self.send(peer.connection, error)

    def new_id(self, letter: str) -> str:
        self._ids += 1
        return f"{letter}-{self.node}-{self._ids}"
