"""
The gateway's brain: takes what peers send, keeps the tables, and says what to send back.

The router knows who is logged in over which connection, and hands their messages to the domains,
which keep everything else. It knows no socket and no clock: the shell names connections, gives the
time in seconds of any monotonic clock, and carries out the effects in their order. Frames of one
connection have to be handled in the order in which they arrived; that is all that the order
guarantees of the protocol rest on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET, UnsetType

from ..wire import login
from ..wire.codec import Codec
from ..wire.envelope import GLOBAL, Error, Inbound, Refused, Success
from ..wire.login import (
    COME_BACK,
    GOING_AWAY,
    INVALID_DOMAIN,
    INVALID_PEER,
    CreateToken,
    Hello,
    Join,
    Leave,
    OfferedDomain,
    Ping,
)
from .domain import Domain, MakeDomain
from .draining import Draining
from .effects import Close, ConnectionId, FanOut, Probe, RouterEffect, Send
from .limits import Limits
from .login import Login
from .peers import Peer
from .principals import Authenticator, Remote
from .sessions import Sessions
from .switchboard import Switchboard

__all__ = ["Router"]


class Router:
    """
    Args:
        authenticator: Who may log in.
        domains: What can be joined, beside the domain ``global``, which is the router's own.
        node: Part of every id this router makes; different for every router there ever is.
        limits: Every bound.
        version: Of this gateway, which peers are told.
        max_size: Bytes of the longest frame that the shell takes, which peers are told.

    Attributes:
        codec: Reads and writes the messages of its domains.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        domains: Iterable[MakeDomain],
        *,
        node: str,
        limits: Limits | None = None,
        version: str | None = None,
        max_size: int | UnsetType = UNSET,
    ) -> None:
        self._board = board = Switchboard(node, limits or Limits())
        made = [make(board) for make in domains]
        self._domains: dict[str, Domain] = {each.vocabularies[0].domain: each for each in made}
        self.codec = Codec([login.VOCABULARY, *(v for each in made for v in each.vocabularies)])
        joined = [login.VOCABULARY, *(each.vocabularies[0] for each in made)]
        offered = [
            OfferedDomain(each.domain, each.version, extensions=each.extensions or UNSET)
            for each in joined
        ]
        self._login = Login(
            board,
            authenticator,
            sorted(offered, key=lambda each: each.uri),
            version,
            max_size,
            self._welcome,
            self._remove,
        )
        self._remotes: dict[ConnectionId, Remote] = {}
        self._draining: Draining | None = None
        self._sessions = Sessions(board)
        self._domain_of: dict[type[Inbound], Domain] = {
            type_: each
            for each in made
            for vocabulary in each.vocabularies
            for type_ in vocabulary.accepted.values()
        }
        self._name_of: dict[type[Inbound], str] = {
            type_: vocabulary.domain
            for each in made
            for vocabulary in each.vocabularies
            for type_ in vocabulary.accepted.values()
        }
        self._handlers: dict[type[Inbound], Callable[[Peer, Any], None]] = {
            type_: each.handle for type_, each in self._domain_of.items()
        } | {
            CreateToken: self._login.create_token,
            Join: self._join,
            Leave: self._leave,
        }

    # What the shell calls

    def connect(self, connection: ConnectionId, remote: Remote) -> None:
        """A connection was opened; nobody is logged in over it yet."""
        self._remotes[connection] = remote

    def handle(self, connection: ConnectionId, message: Inbound, now: float) -> list[RouterEffect]:
        """Handle one message of an open connection."""
        board = self._board
        board.now = now
        handler = self._handlers.get(type(message))
        if handler is not None:
            peer = board.peers.get(message.peer_id)
            if peer is not None and peer.connection == connection:
                handler(peer, message)
            else:
                self._refuse_stranger(connection, message)
        elif type(message) is Hello:
            self._hello(connection, message)
        elif type(message) is Refused:
            self._refuse(connection, message)
        else:
            assert isinstance(message, Ping)
        return self._take()

    def disconnect(self, connection: ConnectionId, now: float) -> list[RouterEffect]:
        """A connection has ended: all its peers leave."""
        self._board.now = now
        self._board.forget(connection)
        peers = self._board.peers.of_connection(connection)
        for peer in peers:
            self._leave_all(peer)
        for peer in peers:
            self._log_out(peer)
        del self._remotes[connection]
        self._sessions.end(connection)
        self._board.forget(connection)
        return [effect for effect in self._take() if not _is_to(connection, effect)]

    def heard(self, probe: Probe, now: float) -> list[RouterEffect]:
        """The other end of a connection, if it is still open, has read what came before a probe."""
        self._board.now = now
        if probe.connection in self._remotes:
            self._domains[probe.domain].heard(probe)
        return self._board.take()

    def end_turn(self, now: float) -> list[RouterEffect]:
        """What arrived together is handled: tell what comes of all of it."""
        self._board.now = now
        with self._board.ending_turn():
            for domain in self._domains.values():
                domain.end_turn()
        return self._board.take()

    def tick(self, now: float) -> list[RouterEffect]:
        """Do what is due in the domains, such as failing calls that are too old."""
        self._board.now = now
        self._sessions.tick()
        for domain in self._domains.values():
            domain.tick()
        return self._take()

    def drain(self, now: float) -> list[RouterEffect]:
        """
        The gateway is going to stop: take on nothing new, and let the calls under way end. Who has
        not logged in is sent away now, all others when no call is left.
        """
        self._board.now = now
        if self._draining is None:
            self._draining = Draining(self._board, self._remotes.keys(), self._domains.values())
        return self._take()

    def end(self, now: float) -> list[RouterEffect]:
        """Send everybody away now, whatever is under way."""
        effects = self.drain(now)
        assert self._draining is not None
        self._draining.end()
        return [*effects, *self._board.take()]

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something else happens first."""
        deadlines = [each.next_deadline() for each in (self._sessions, *self._domains.values())]
        return min((each for each in deadlines if each is not None), default=None)

    def counters(self) -> dict[str, int]:
        """Numbers for the log and for tests: what is connected, pending and dropped."""
        counters = {"connections": len(self._remotes), "peers": len(self._board.peers)}
        for domain in self._domains.values():
            counters |= domain.counters()
        return counters

    def snapshot(self) -> dict[str, Any]:
        """Who is logged in, and what each domain keeps, as JSON values."""
        peers = {peer.id: peer.identity for peer in self._board.peers}
        domains = {name: domain.snapshot() for name, domain in self._domains.items()}
        return {"peers": peers, **domains}

    def _take(self) -> list[RouterEffect]:
        if self._draining is not None:
            self._draining.advance()
        return self._board.take()

    # Logging in, joining and leaving domains

    def _hello(self, connection: ConnectionId, message: Hello) -> None:
        if self._draining is None:
            self._login.hello(connection, message, self._remotes[connection])
        elif self._board.peers.of_connection(connection):
            error = Error(message.request_id, None, GOING_AWAY, COME_BACK, GLOBAL)
            self._board.send(connection, error)
        else:
            # An error would be final to clients; a close frame has them come back.
            self._draining.send_away(connection)

    def _join(self, peer: Peer, message: Join) -> None:
        name = message.destination
        domain = self._domains.get(name)
        if domain is None and name != GLOBAL:
            self._refuse_domain(peer, message)
        elif domain is None or domain.join(peer, message):
            self._board.send(peer.connection, Success(message.request_id, peer.id, name))

    def _leave(self, peer: Peer, message: Leave) -> None:
        name = message.destination
        domain = self._domains.get(name)
        if domain is None and name != GLOBAL:
            self._refuse_domain(peer, message)
            return
        if domain is not None:
            domain.leave(peer, message.reason_uri, message.reason)
        self._board.answer(peer.connection, Success(message.request_id, peer.id, name))

    def _refuse_domain(self, peer: Peer, message: Join | Leave) -> None:
        name = message.destination[: self._board.limits.name_length]
        reason = f"Unknown domain {name}"
        self._board.refuse(peer, message.request_id, INVALID_DOMAIN, reason, GLOBAL)

    def _welcome(self, peer: Peer) -> None:
        self._sessions.begin(peer)
        for domain in self._domains.values():
            domain.arrive(peer)

    def _remove(self, peer: Peer) -> None:
        self._leave_all(peer)
        self._log_out(peer)

    def _log_out(self, peer: Peer) -> None:
        self._board.peers.remove(peer)
        for domain in self._domains.values():
            domain.depart(peer)

    def _leave_all(self, peer: Peer) -> None:
        for domain in self._domains.values():
            domain.leave(peer, None, None)

    # Refusals

    def _refuse_stranger(self, connection: ConnectionId, message: Inbound) -> None:
        domain = self._domain_of.get(type(message))
        if domain is not None and domain.passes_over(message):
            return
        name = self._name_of.get(type(message), GLOBAL)
        joins = isinstance(message, Join | Leave)
        reason_uri = INVALID_PEER if joins else f"{name}.errors.failure"
        reason = (
            "Peer id is missing" if message.peer_id is None else "Not a peer of this connection"
        )
        self._board.send(connection, Error(message.request_id, None, reason_uri, reason, name))

    def _refuse(self, connection: ConnectionId, message: Refused) -> None:
        peer = self._board.peers.get(message.peer_id)
        error = Error(
            message.request_id,
            peer.id if peer is not None and peer.connection == connection else None,
            message.reason_uri,
            message.reason,
            message.domain,
        )
        self._board.send(connection, error)


def _is_to(connection: ConnectionId, effect: RouterEffect) -> bool:
    """Whether it is for one connection alone."""
    if isinstance(effect, FanOut):
        return all(each == connection for each, _ in effect.audience)
    return isinstance(effect, Send | Probe | Close) and effect.connection == connection
