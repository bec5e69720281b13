"""
Who is connected, as whom, and who sees whom.

A peer is one successful hello; a connection may carry several. Peers see each other when both are
in the domain ``agm``, belong to one user or one of them is a service, and neither's join
restriction hides it from the other. A restriction narrows what the user rule allows and never
widens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from .codec import encode
from .effects import ConnectionId
from .messages import MethodId, StreamId
from .restrictions import Restriction

if TYPE_CHECKING:
    from .calls import PendingCall
    from .methods import Method
    from .streams import Subscription

__all__ = ["Peer", "Peers"]


class Peer:
    """One logged-in peer and everything that ends with it."""

    __slots__ = (
        "calling",
        "connection",
        "id",
        "identity",
        "identity_json",
        "is_service",
        "methods",
        "restriction",
        "sent_identity",
        "serving",
        "streams",
        "subscribed",
        "subscribers",
        "user",
    )

    def __init__(
        self,
        id: str,
        connection: ConnectionId,
        user: str,
        identity: dict[str, Any],
        sent_identity: dict[str, Any],
        *,
        is_service: bool = False,
    ) -> None:
        self.id = id
        self.connection = connection
        self.user = user
        self.identity = identity
        self.identity_json = Raw(encode(identity))
        self.sent_identity = sent_identity
        self.is_service = is_service
        self.restriction: Restriction | None = None
        self.methods: dict[MethodId, Method] = {}
        self.calling: dict[str, PendingCall] = {}
        self.serving: dict[str, PendingCall] = {}
        self.subscribed: dict[str, Subscription] = {}
        self.subscribers: dict[str, Subscription] = {}
        self.streams: dict[StreamId, dict[str, Subscription]] = {}

    def admits(self, other: Peer) -> bool:
        return self.restriction is None or self.restriction(self.identity, other.identity)

    def may_see(self, other: Peer) -> bool:
        """Whether the two see each other once both are members."""
        return (
            (self.user == other.user or self.is_service or other.is_service)
            and self.admits(other)
            and other.admits(self)
        )


class Peers:
    """The table of peers."""

    def __init__(self) -> None:
        self._by_id: dict[str, Peer] = {}
        self._by_connection: dict[ConnectionId, dict[str, Peer]] = {}
        self._by_user: dict[str, dict[str, Peer]] = {}
        self._members: dict[str, dict[str, Peer]] = {}
        self._services: dict[str, Peer] = {}
        """The members that are services, which are among ``_members``, too."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_id.values())

    def get(self, peer_id: str) -> Peer | None:
        return self._by_id.get(peer_id)

    def of_connection(self, connection: ConnectionId) -> list[Peer]:
        return list(self._by_connection.get(connection, {}).values())

    def of_user(self, user: str) -> dict[str, Peer]:
        """Peers of a user that are logged in, whether they joined agm or not."""
        return self._by_user.get(user, {})

    def add(self, peer: Peer) -> None:
        self._by_id[peer.id] = peer
        self._by_connection.setdefault(peer.connection, {})[peer.id] = peer
        self._by_user.setdefault(peer.user, {})[peer.id] = peer

    def remove(self, peer: Peer) -> None:
        del self._by_id[peer.id]
        _drop(self._by_connection, peer.connection, peer.id)
        _drop(self._by_user, peer.user, peer.id)

    def join(self, peer: Peer, restriction: Restriction | None) -> None:
        peer.restriction = restriction
        self._members.setdefault(peer.user, {})[peer.id] = peer
        if peer.is_service:
            self._services[peer.id] = peer

    def leave(self, peer: Peer) -> None:
        _drop(self._members, peer.user, peer.id)
        self._services.pop(peer.id, None)

    def is_member(self, peer: Peer) -> bool:
        return peer.id in self._members.get(peer.user, ())

    def visible_to(self, peer: Peer) -> list[Peer]:
        """The other members that ``peer`` sees; those of its user in the order of joining."""
        return [
            other for other in self._within_sight(peer) if other is not peer and peer.may_see(other)
        ]

    def sees(self, peer: Peer, other: Peer) -> bool:
        """Whether ``peer``, itself a member, sees the member ``other``; it always sees itself."""
        return peer is other or (self.is_member(other) and peer.may_see(other))

    def _within_sight(self, peer: Peer) -> Iterator[Peer]:
        if peer.is_service:
            for members in self._members.values():
                yield from members.values()
            return
        yield from self._members.get(peer.user, {}).values()
        for service in self._services.values():
            if service.user != peer.user:
                yield service


def _drop(table: dict[Any, dict[str, Peer]], key: Any, peer_id: str) -> None:
    peers = table.get(key)
    if peers is not None:
        peers.pop(peer_id, None)
        if not peers:
            del table[key]
