"""The peers that are connected. A peer is one successful hello; a connection may carry several."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from msgspec import Raw

from ..wire.codec import encode
from .effects import ConnectionId
from .principals import Principal
from .usage import Usage

__all__ = ["Peer", "Peers"]


class Peer:
    """
    One logged-in peer. What it does in a domain is kept by that domain.

    Attributes:
        identity: As others see it.
        sent_identity: As its hello had it.
        since: When its connection was opened, in seconds since the epoch, if that is known.
        instance_key: By which its client is known as that of its ``instance``, if it has told one.
        usage: What its user has, in all its peers together.
    """

    __slots__ = (
        "connection",
        "id",
        "identity",
        "identity_json",
        "instance_key",
        "is_service",
        "principal",
        "sent_identity",
        "since",
        "usage",
        "user",
    )

    def __init__(
        self,
        id: str,
        connection: ConnectionId,
        principal: Principal,
        identity: dict[str, Any],
        sent_identity: dict[str, Any],
        since: float | None = None,
        instance_key: str | None = None,
    ) -> None:
        self.id = id
        self.connection = connection
        self.principal = principal
        self.user = principal.user
        self.is_service = principal.is_service
        self.identity = identity
        self.identity_json = Raw(encode(identity))
        self.sent_identity = sent_identity
        self.since = since
        self.instance_key = instance_key
        self.usage = Usage()

    @property
    def instance(self) -> tuple[str, bytes]:
        """What stays when it comes back: its user, and the ``instance`` of its identity."""
        return self.user, encode(self.identity.get("instance"))


class Peers:
    """The table of peers."""

    def __init__(self) -> None:
        self._by_id: dict[str | None, Peer] = {}
        self._by_connection: dict[ConnectionId, dict[str, Peer]] = {}
        self._by_user: dict[str, dict[str, Peer]] = {}
        self._by_instance: dict[tuple[str, bytes], dict[str, Peer]] = {}
        self._connections: dict[str, dict[ConnectionId, int]] = {}
        """How many peers of each user each connection has."""
        self.get: Final = self._by_id.get
        """The peer of an id, or ``None``."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_id.values())

    def of_connection(self, connection: ConnectionId) -> list[Peer]:
        return list(self._by_connection.get(connection, {}).values())

    def of_user(self, user: str) -> dict[str, Peer]:
        return self._by_user.get(user, {})

    def of_instance(self, peer: Peer) -> list[Peer]:
        """Those of its user and ``instance``: after an outage there may be two of one client."""
        return list(self._by_instance.get(peer.instance, {}).values())

    @property
    def connections(self) -> int:
        """Over how many connections somebody is logged in."""
        return len(self._by_connection)

    def connections_of_user(self, user: str) -> Collection[ConnectionId]:
        """Over which the user is logged in."""
        return self._connections.get(user, ())

    def add(self, peer: Peer) -> None:
        of_user = self._by_user.setdefault(peer.user, {})
        for other in of_user.values():
            peer.usage = other.usage
            break
        of_user[peer.id] = self._by_id[peer.id] = peer
        self._by_connection.setdefault(peer.connection, {})[peer.id] = peer
        self._by_instance.setdefault(peer.instance, {})[peer.id] = peer
        connections = self._connections.setdefault(peer.user, {})
        connections[peer.connection] = connections.get(peer.connection, 0) + 1

    def remove(self, peer: Peer) -> None:
        del self._by_id[peer.id]
        _drop(self._by_connection, peer.connection, peer.id)
        _drop(self._by_user, peer.user, peer.id)
        _drop(self._by_instance, peer.instance, peer.id)
        connections = self._connections[peer.user]
        connections[peer.connection] -= 1
        if not connections[peer.connection]:
            _drop(self._connections, peer.user, peer.connection)


def _drop(table: dict[Any, dict[Any, Any]], key: Any, inner_key: Any) -> None:
    inner = table[key]
    del inner[inner_key]
    if not inner:
        del table[key]
