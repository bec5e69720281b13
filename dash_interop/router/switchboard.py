"""What the router and its domains share."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import UNSET, Raw, UnsetType

from ..wire.envelope import Error, Outbound, RequestId
from ..wire.turn import Turn
from .effects import Audience, Close, ConnectionId, FanOut, Probe, RouterEffect, Send
from .limits import Limits
from .peers import Peer, Peers

__all__ = ["Switchboard"]


class Switchboard(Turn[RouterEffect]):
    """
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

    def send(self, connection: ConnectionId, message: Outbound) -> None:
        self.effects.append(Send(connection, message))

    def fan_out(self, audience: Audience, tail: bytes) -> None:
        """Send what is the same for all but its heads, which the audience has."""
        self.effects.append(FanOut(audience, tail))

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
