"""Logging in at the router: who is let in, as which peer, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import UnsetType

from ..errors import AuthenticationFailed
from ..wire.envelope import GLOBAL, Error
from ..wire.login import (
    ALREADY_SEEN,
    AUTHENTICATION_FAILURE,
    LIMITS_EXCEEDED,
    NOT_AUTHORIZED,
    CreateToken,
    Hello,
    OfferedDomain,
    Token,
    Welcome,
)
from .effects import ConnectionId
from .peers import Peer
from .principals import Authenticator, Principal, Remote
from .switchboard import Switchboard

__all__ = ["Login"]


class Login:
    """
    Args:
        board: Shared with the router.
        authenticator: Who may log in.
        domains: Names and versions of the domains that may be joined.
        version: Of this gateway, which peers are told.
        max_size: Bytes of the longest frame that the shell takes, which peers are told.
        welcome: Told of each peer that was let in, once the peer knows.
        replace: Makes an earlier peer leave.
    """

    def __init__(
        self,
        board: Switchboard,
        authenticator: Authenticator,
        domains: Sequence[OfferedDomain],
        version: str | None,
        max_size: int | UnsetType,
        welcome: Callable[[Peer], None],
        replace: Callable[[Peer], None],
    ) -> None:
        self._board: Final = board
        self._authenticator = authenticator
        self._domains = tuple(domains)
        self._options: dict[str, Any] = {"node": board.node}
        if version:
            self._options["version"] = version
        self._max_size = max_size
        self._on_welcome = welcome
        self._replace = replace

    def hello(self, connection: ConnectionId, message: Hello, remote: Remote) -> None:
        board = self._board
        try:
            principal = self._authenticator.authenticate(message.authentication, remote)
        except AuthenticationFailed as error:
            self._refuse(connection, message, AUTHENTICATION_FAILURE, str(error))
            return
        # A client that reconnects on its open socket says hello again; its earlier peer would
        # stay on with methods that nobody answers for.
        replaced = [
            peer
            for peer in board.peers.of_connection(connection)
            if peer.sent_identity == message.identity
        ]
        peer_id = board.new_id("p")
        identity = self._resolve(message.identity, principal, remote, peer_id)
        peer = Peer(
            peer_id,
            connection,
            principal,
            identity,
            message.identity,
            remote.since,
            message.instance_key,
        )
        refusal = self._refusal_of(peer, replaced)
        if refusal is not None:
            self._refuse(connection, message, *refusal)
            return
        for earlier in replaced:
            self._replace(earlier)
        board.peers.add(peer)
        self._welcome(peer, message)
        self._on_welcome(peer)

    def create_token(self, peer: Peer, message: CreateToken) -> None:
        board = self._board
        if peer.principal.is_from_token:
            reason = "A peer that logged in with a token gets no further ones"
            board.refuse(peer, message.request_id, NOT_AUTHORIZED, reason, GLOBAL)
            return
        token = self._authenticator.issue(peer.principal)
        board.send(peer.connection, Token(message.request_id, peer.id, token))

    def _welcome(self, peer: Peer, message: Hello) -> None:
        options = dict(self._options)
        if not peer.principal.is_from_token:
            options["access_token"] = self._authenticator.issue(peer.principal)
        welcome = Welcome(
            message.request_id,
            peer.id,
            peer.identity,
            self._domains,
            options,
            max_size=self._max_size,
        )
        self._board.send(peer.connection, welcome)

    def _refuse(
        self, connection: ConnectionId, message: Hello, reason_uri: str, reason: str
    ) -> None:
        self._board.send(connection, Error(message.request_id, None, reason_uri, reason, GLOBAL))

    def _refusal_of(self, peer: Peer, replaced: list[Peer]) -> tuple[str, str] | None:
        """Why a peer with valid credentials may not log in: reason URI and words."""
        limits = self._board.limits
        peers = self._board.peers.of_user(peer.user)
        if peer.sent_identity.get("instance"):
            others = [each for each in self._board.peers.of_instance(peer) if each not in replaced]
            if any(other.identity == peer.identity for other in others):
                return ALREADY_SEEN, "A peer with this identity is connected already"
            if any(other.instance_key not in (None, peer.instance_key) for other in others):
                return ALREADY_SEEN, "Another client with this instance is connected"
        refusal = None if peer.is_service else self._refusal_of_connection(peer)
        if refusal is not None:
            return LIMITS_EXCEEDED, refusal
        if len(peers) - len(replaced) >= limits.peers_per_user:
            return LIMITS_EXCEEDED, f"The limit of peers for one user is {limits.peers_per_user}"
        staying = len(self._board.peers.of_connection(peer.connection)) - len(replaced)
        if staying >= limits.peers_per_connection:
            limit = limits.peers_per_connection
            return LIMITS_EXCEEDED, f"The limit of peers for one connection is {limit}"
        if len(bytes(peer.identity_json)) > limits.description_size:
            return LIMITS_EXCEEDED, f"An identity has at most {limits.description_size} bytes"
        return None

    def _refusal_of_connection(self, peer: Peer) -> str | None:
        """Why a user may not have one more connection, in words."""
        limits, peers = self._board.limits, self._board.peers
        if peers.of_connection(peer.connection):
            return None
        if len(peers.connections_of_user(peer.user)) >= limits.connections_per_user:
            return f"The limit of connections for one user is {limits.connections_per_user}"
        if peers.connections >= limits.connections:
            return f"The limit of connections for all users is {limits.connections}"
        return None

    def _resolve(
        self, sent: dict[str, Any], principal: Principal, remote: Remote, peer_id: str
    ) -> dict[str, Any]:
        identity = {**sent, "user": principal.user, "login": principal.user}
        if principal.application is not None:
            identity["application"] = identity["applicationName"] = principal.application
        if not identity.get("machine"):
            identity["machine"] = remote.machine
        if not identity.get("instance"):
            identity["instance"] = self._board.new_id("i")
        return {key: peer_id if value == "?" else value for key, value in identity.items()}
