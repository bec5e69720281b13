"""
The gateway's brain: takes what peers send, keeps the tables, and says what to send back.

It knows no socket and no clock: the shell names connections, gives the time in seconds of any
monotonic clock, and carries out the effects in their order. Frames of one connection have to be
handled in the order in which they arrived; that is all that the order guarantees of the protocol
rest on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from msgspec import UNSET, Struct, UnsetType

from ..errors import AuthenticationFailed, RegistrationError
from .calls import Calls, both_arguments
from .effects import ConnectionId, Send
from .limits import Limits
from .messages import (
    AGM,
    AGM_FAILURE,
    ALREADY_SEEN,
    AUTHENTICATION_FAILURE,
    DOMAINS,
    GLOBAL,
    INVALID_DOMAIN,
    INVALID_PEER,
    INVALID_SUBSCRIPTION,
    INVOCATION_FAILURE,
    LIMITS_EXCEEDED,
    METHOD_REMOVED,
    METRICS,
    NOT_AUTHORIZED,
    PEER_REMOVED,
    REGISTRATION_FAILURE,
    UNREGISTRATION_FAILURE,
    Accepted,
    Authentication,
    Call,
    CreateToken,
    Domain,
    DropSubscription,
    Error,
    Failure,
    Hello,
    Inbound,
    Join,
    Leave,
    MethodsAdded,
    MethodsRemoved,
    Metrics,
    PeerAdded,
    PeerRemoved,
    Ping,
    Post,
    Publish,
    Refused,
    Register,
    RequestId,
    Subscribe,
    Success,
    Token,
    Unregister,
    Unsubscribe,
    Welcome,
    Yield,
)
from .methods import (
    Method,
    read_method,
    read_restriction,
    visible_methods,
)
from .payloads import encode_payload
from .peers import Peer, Peers
from .streams import Streams

__all__ = ["Authenticator", "Principal", "Remote", "Router"]

_OFFERED_DOMAINS: Final = tuple(Domain(domain) for domain in DOMAINS)
_PEER_REMOVED_REASON: Final = "Peer has been removed"


class Remote(Struct, frozen=True):
    """What the shell knows about a connection before anybody logs in over it."""

    machine: str = ""
    origin: str | None = None
    """The ``Origin`` header of the handshake; browsers send it, other clients need not."""
    since: float | None = None
    """When it was opened, in seconds since the epoch; services are told."""


class Principal(Struct, frozen=True, omit_defaults=True):
    """Who a peer is, as its credentials say."""

    user: str
    application: str | None = None
    """Stamped over what the client claims, when its credentials name one."""
    origin: str | None = None
    """The only ``Origin`` its credentials are good for; ``None`` for any."""
    is_from_token: bool = False
    """Such a peer gets no further tokens, or it could go on for ever without asking who it is."""
    is_service: bool = False
    """Sees the peers of all users, and is seen by them: such as the server of a Dash app."""


class Authenticator(Protocol):
    """Checks credentials and makes tokens; owns the secret and the wall clock."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        """Say who this is, or raise ``AuthenticationFailed``."""
        ...

    def issue(self, principal: Principal) -> str:
        """Make a token that logs in as ``principal`` for some minutes."""
        ...


class Router:
    """
    Args:
        authenticator: Who may log in.
        node: Part of every id this router makes; different for every router there ever is.
        limits: Every bound.
        version: Of this gateway, which peers are told.
        max_size: Bytes of the longest frame that the shell takes, which peers are told.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        *,
        node: str,
        limits: Limits | None = None,
        version: str | None = None,
        max_size: int | UnsetType = UNSET,
    ) -> None:
        self._authenticator = authenticator
        self._node = node
        self._limits = limits or Limits()
        self._version = version
        self._max_size = max_size
        self._peers = Peers()
        self._principals: dict[str, Principal] = {}
        self._remotes: dict[ConnectionId, Remote] = {}
        self._calls = Calls(f"r-{node}-")
        self._streams = Streams(f"s-{node}-")
        self._ids = 0
        self._registrations = 0
        self._handlers: dict[type[Inbound], Callable[[Peer, Any, float, list[Send]], None]] = {
            CreateToken: self._create_token,
            Join: self._join,
            Leave: self._leave,
            Register: self._register,
            Unregister: self._unregister,
            Call: self._call,
            Yield: self._yield,
            Failure: self._failure,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Accepted: self._accepted,
            Publish: self._publish,
            Post: self._post,
            DropSubscription: self._drop_subscription,
        }

    # What the shell calls

    def connect(self, connection: ConnectionId, remote: Remote) -> None:
        """A connection was opened; nobody is logged in over it yet."""
        self._remotes[connection] = remote

    def handle(self, connection: ConnectionId, message: Inbound, now: float) -> list[Send]:
        """Handle one message of an open connection."""
        out: list[Send] = []
        handler = self._handlers.get(type(message))
        if handler is not None:
            peer = self._peers.get(message.peer_id) if message.peer_id is not None else None
            if peer is not None and peer.connection == connection:
                handler(peer, message, now, out)
            else:
                self._refuse_stranger(connection, message, out)
        elif type(message) is Hello:
            self._hello(connection, message, out)
        elif type(message) is Refused:
            self._refuse(connection, message, out)
        else:
            assert isinstance(message, Ping | Metrics)
        return out

    def disconnect(self, connection: ConnectionId, now: float) -> list[Send]:
        """A connection has ended: all its peers leave."""
        out: list[Send] = []
        peers = self._peers.of_connection(connection)
        for peer in peers:
            self._remove_from_agm(peer, PEER_REMOVED, _PEER_REMOVED_REASON, out)
        for peer in peers:
            self._forget(peer)
        del self._remotes[connection]
        return [effect for effect in out if effect.connection != connection]

    def tick(self, now: float) -> list[Send]:
        """Fail the calls that are too old."""
        out: list[Send] = []
        seconds = self._limits.call_seconds
        for call in self._calls.older_than(seconds, now):
            self._calls.abandon(call, f"No answer within {seconds:g} s", out)
        return out

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something else happens first."""
        oldest = self._calls.oldest
        return None if oldest is None else oldest + self._limits.call_seconds

    def counters(self) -> dict[str, int]:
        """Numbers for the log and for tests: what is connected, pending and dropped."""
        return {
            "connections": len(self._remotes),
            "peers": len(self._peers),
            "methods": sum(len(peer.methods) for peer in self._peers),
            "calls": len(self._calls),
            "subscriptions": sum(len(peer.subscribed) for peer in self._peers),
            "dropped_answers": self._calls.dropped_answers,
        }

    # Logging in

    def _hello(self, connection: ConnectionId, message: Hello, out: list[Send]) -> None:
        remote = self._remotes[connection]
        try:
            principal = self._authenticator.authenticate(message.authentication, remote)
        except AuthenticationFailed as error:
            self._refuse_hello(connection, message, AUTHENTICATION_FAILURE, str(error), out)
            return
        # A client that reconnects on its open socket says hello again; its earlier peer would
        # stay on with methods that nobody answers for.
        replaced = [
            peer
            for peer in self._peers.of_connection(connection)
            if peer.sent_identity == message.identity
        ]
        peer_id = self._new_id("p")
        identity = self._resolve(message.identity, principal, remote, peer_id)
        peer = Peer(
            peer_id,
            connection,
            principal.user,
            identity,
            message.identity,
            is_service=principal.is_service,
        )
        refusal = self._refusal_of(peer, replaced)
        if refusal is not None:
            self._refuse_hello(connection, message, *refusal, out)
            return
        for earlier in replaced:
            self._remove_from_agm(earlier, PEER_REMOVED, _PEER_REMOVED_REASON, out)
            self._forget(earlier)
        self._peers.add(peer)
        self._principals[peer_id] = principal
        options: dict[str, Any] = {"version": self._version} if self._version else {}
        if not principal.is_from_token:
            options["access_token"] = self._authenticator.issue(principal)
        welcome = Welcome(
            message.request_id,
            peer_id,
            identity,
            _OFFERED_DOMAINS,
            options,
            max_size=self._max_size,
        )
        out.append(Send(connection, welcome))

    def _refuse_hello(
        self,
        connection: ConnectionId,
        message: Hello,
        reason_uri: str,
        reason: str,
        out: list[Send],
    ) -> None:
        out.append(
            Send(connection, Error(message.request_id, None, reason_uri, reason, domain=GLOBAL))
        )

    def _refusal_of(self, peer: Peer, replaced: list[Peer]) -> tuple[str, str] | None:
        """Why a peer with valid credentials may not log in: reason URI and words."""
        limits = self._limits
        peers = self._peers.of_user(peer.user)
        if peer.sent_identity.get("instance") and any(
            other.identity == peer.identity and other not in replaced for other in peers.values()
        ):
            return ALREADY_SEEN, "A peer with this identity is connected already"
        if len(peers) - len(replaced) >= limits.peers_per_user:
            return LIMITS_EXCEEDED, f"A user may have {limits.peers_per_user} peers"
        staying = len(self._peers.of_connection(peer.connection)) - len(replaced)
        if staying >= limits.peers_per_connection:
            return LIMITS_EXCEEDED, f"A connection may have {limits.peers_per_connection} peers"
        if len(bytes(peer.identity_json)) > limits.description_size:
            return LIMITS_EXCEEDED, f"An identity has at most {limits.description_size} bytes"
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
            identity["instance"] = self._new_id("i")
        return {key: peer_id if value == "?" else value for key, value in identity.items()}

    def _create_token(self, peer: Peer, message: Inbound, now: float, out: list[Send]) -> None:
        principal = self._principals[peer.id]
        if principal.is_from_token:
            reason = "A peer that logged in with a token gets no further ones"
            self._error(peer, message.request_id, NOT_AUTHORIZED, reason, out, GLOBAL)
            return
        token = self._authenticator.issue(principal)
        out.append(Send(peer.connection, Token(message.request_id, peer.id, token)))

    # Joining and leaving domains

    def _join(self, peer: Peer, message: Join, now: float, out: list[Send]) -> None:
        domain = message.destination
        if domain == AGM:
            if not self._peers.is_member(peer) and not self._join_agm(peer, message, out):
                return
        elif domain not in (GLOBAL, METRICS):
            self._refuse_domain(peer, message, out)
            return
        out.append(Send(peer.connection, Success(message.request_id, peer.id, domain)))

    def _join_agm(self, peer: Peer, message: Join, out: list[Send]) -> bool:
        try:
            restriction = read_restriction(message.restrictions, self._limits)
        except RegistrationError as error:
            # The client only matches an answer that carries the domain it wants to join.
            self._error(peer, message.request_id, AGM_FAILURE, str(error), out)
            return False
        self._peers.join(peer, restriction)
        others = sorted(self._peers.visible_to(peer), key=_first_registration)
        for other in others:
            out.append(Send(peer.connection, self._peer_added(peer, other)))
            methods = visible_methods(other, peer)
            if methods:
                out.append(_methods_added(peer, other, methods))
            out.append(Send(other.connection, self._peer_added(other, peer)))
        return True

    def _peer_added(self, viewer: Peer, peer: Peer) -> PeerAdded:
        since = self._remotes[peer.connection].since
        if since is None or not viewer.is_service:
            return PeerAdded(viewer.id, peer.id, peer.identity_json)
        meta = encode_payload({"local": True, "since": round(since * 1000)})
        return PeerAdded(viewer.id, peer.id, peer.identity_json, meta)

    def _leave(self, peer: Peer, message: Leave, now: float, out: list[Send]) -> None:
        domain = message.destination
        if domain not in DOMAINS:
            self._refuse_domain(peer, message, out)
            return
        if domain == AGM:
            self._remove_from_agm(peer, message.reason_uri, message.reason, out)
        out.append(Send(peer.connection, Success(message.request_id, peer.id, domain)))

    def _refuse_domain(self, peer: Peer, message: Join | Leave, out: list[Send]) -> None:
        name = message.destination[: self._limits.name_length]
        self._error(peer, message.request_id, INVALID_DOMAIN, f"Unknown domain {name}", out, GLOBAL)

    def _remove_from_agm(
        self, peer: Peer, reason_uri: str | None, reason: str | None, out: list[Send]
    ) -> None:
        if not self._peers.is_member(peer):
            return
        self._calls.leave(peer, out)
        self._streams.leave(peer, reason_uri or PEER_REMOVED, reason or _PEER_REMOVED_REASON, out)
        for other in self._peers.visible_to(peer):
            methods = visible_methods(peer, other)
            if methods:
                ids = [method.id for method in methods]
                out.append(Send(other.connection, MethodsRemoved(other.id, peer.id, ids)))
            out.append(
                Send(
                    other.connection,
                    PeerRemoved(
                        other.id,
                        peer.id,
                        reason_uri or PEER_REMOVED,
                        reason or _PEER_REMOVED_REASON,
                    ),
                )
            )
        peer.methods.clear()
        self._peers.leave(peer)

    def _forget(self, peer: Peer) -> None:
        self._peers.remove(peer)
        del self._principals[peer.id]

    # Methods

    def _register(self, peer: Peer, message: Register, now: float, out: list[Send]) -> None:
        if not self._require_agm(peer, message, out):
            return
        try:
            limit = self._limits.methods_per_peer
            if len(message.methods) > limit:
                raise RegistrationError(f"A peer may offer {limit} methods")
            methods = [self._read_method(peer, entry) for entry in message.methods]
            if len(peer.methods.keys() | {method.id for method in methods}) > limit:
                raise RegistrationError(f"A peer may offer {limit} methods")
        except RegistrationError as error:
            self._error(peer, message.request_id, REGISTRATION_FAILURE, str(error), out)
            return
        before = list(peer.methods.values())
        ids = {method.identity: method.id for method in before}
        for method in methods:
            # A register made during an outage reaches us twice, the first under an id that the
            # client no longer answers for: the later one takes its place.
            earlier = peer.methods.get(ids.get(method.identity, method.id))
            if earlier is not None and earlier.identity == method.identity:
                del peer.methods[earlier.id]
            peer.methods[method.id] = method
            ids[method.identity] = method.id
        self._announce_removed(peer, before, out)
        for other in self._audience(peer):
            shown = [m for m in methods if peer.methods.get(m.id) is m and m.admits(other)]
            if shown:
                out.append(_methods_added(other, peer, shown))
        out.append(Send(peer.connection, Success(message.request_id, peer.id)))

    def _read_method(self, peer: Peer, description: dict[str, Any]) -> Method:
        self._registrations += 1
        return read_method(peer, description, self._registrations, self._limits)

    def _unregister(self, peer: Peer, message: Unregister, now: float, out: list[Send]) -> None:
        if not self._require_agm(peer, message, out):
            return
        missing = [id for id in message.methods if id not in peer.methods]
        if missing:
            reason = f"Unable to unregister missing method {missing[0]}"
            self._error(peer, message.request_id, UNREGISTRATION_FAILURE, reason, out)
            return
        before = list(peer.methods.values())
        for id in dict.fromkeys(message.methods):
            del peer.methods[id]
        self._announce_removed(peer, before, out)
        out.append(Send(peer.connection, Success(message.request_id, peer.id)))

    def _announce_removed(self, peer: Peer, before: list[Method], out: list[Send]) -> None:
        """Tell of the methods offered before that are gone now, or hidden from who saw them."""
        changed = [method for method in before if peer.methods.get(method.id) is not method]
        for method in changed:
            if method.id not in peer.methods:
                self._streams.remove_method(
                    peer, method.id, METHOD_REMOVED, "Method has been removed", out
                )
        for other in self._audience(peer):
            ids = [
                method.id
                for method in changed
                if method.admits(other) and not _admits(peer.methods.get(method.id), other)
            ]
            if ids:
                out.append(Send(other.connection, MethodsRemoved(other.id, peer.id, ids)))

    def _audience(self, peer: Peer) -> list[Peer]:
        """Who hears of the methods of ``peer``: the others, then itself, as clients expect."""
        return [*self._peers.visible_to(peer), peer]

    # Calls

    def _call(self, peer: Peer, message: Call, now: float, out: list[Send]) -> None:
        callee = self._find_server(peer, message, out)
        if callee is None:
            return
        if both_arguments(message):
            reason = "Give arguments or arguments_kv, not both"
            self._error(peer, message.request_id, INVOCATION_FAILURE, reason, out)
        elif len(peer.calling) >= self._limits.calls_per_peer:
            reason = f"A peer may wait for {self._limits.calls_per_peer} calls at a time"
            self._error(peer, message.request_id, LIMITS_EXCEEDED, reason, out)
        else:
            self._calls.start(peer, message, callee, now, out)

    def _yield(self, peer: Peer, message: Yield, now: float, out: list[Send]) -> None:
        self._calls.finish(peer, message, out)

    def _failure(self, peer: Peer, message: Failure, now: float, out: list[Send]) -> None:
        if self._calls.fail(peer, message, out) or self._streams.reject(peer, message, out):
            return
        self._calls.dropped_answers += 1
        reason = "There is no such invocation or subscription any more"
        self._error(peer, message.request_id, INVALID_SUBSCRIPTION, reason, out)

    def _find_server(self, peer: Peer, message: Call | Subscribe, out: list[Send]) -> Peer | None:
        """The server of a call or subscription, or ``None`` after having said what is wrong."""
        if not self._require_agm(peer, message, out):
            return None
        server = self._peers.get(message.server_id)
        if server is None:
            self._error(peer, message.request_id, AGM_FAILURE, "Unknown server", out)
            return None
        method = server.methods.get(message.method_id)
        if method is None or not method.admits(peer) or not self._peers.sees(peer, server):
            reason = f"Unknown method {message.method_id}"
            self._error(peer, message.request_id, INVOCATION_FAILURE, reason, out)
            return None
        return server

    # Streams

    def _subscribe(self, peer: Peer, message: Subscribe, now: float, out: list[Send]) -> None:
        publisher = self._find_server(peer, message, out)
        if publisher is None:
            return
        if len(peer.subscribed) >= self._limits.subscriptions_per_peer:
            reason = f"A peer may hold {self._limits.subscriptions_per_peer} subscriptions"
            self._error(peer, message.request_id, LIMITS_EXCEEDED, reason, out)
        else:
            self._streams.request(peer, message, publisher, out)

    def _unsubscribe(self, peer: Peer, message: Unsubscribe, now: float, out: list[Send]) -> None:
        if self._require_agm(peer, message, out):
            self._streams.unsubscribe(peer, message, out)

    def _accepted(self, peer: Peer, message: Accepted, now: float, out: list[Send]) -> None:
        self._streams.accept(peer, message, out)

    def _publish(self, peer: Peer, message: Publish, now: float, out: list[Send]) -> None:
        self._streams.publish(peer, message, out)

    def _post(self, peer: Peer, message: Post, now: float, out: list[Send]) -> None:
        self._streams.post(peer, message, out)

    def _drop_subscription(
        self, peer: Peer, message: DropSubscription, now: float, out: list[Send]
    ) -> None:
        self._streams.drop(peer, message, out)

    # Refusals

    def _require_agm(self, peer: Peer, message: Inbound, out: list[Send]) -> bool:
        if self._peers.is_member(peer):
            return True
        self._error(peer, message.request_id, AGM_FAILURE, "Join the domain agm first", out)
        return False

    def _refuse_stranger(self, connection: ConnectionId, message: Inbound, out: list[Send]) -> None:
        if isinstance(message, Yield | Failure | Accepted | Publish | Post):
            # A client flushes these with its former peer id when it comes back from an outage;
            # they ask for no answer.
            self._calls.dropped_answers += isinstance(message, Yield | Failure)
            return
        in_global = isinstance(message, CreateToken | Join | Leave)
        domain = GLOBAL if in_global else AGM
        joins = isinstance(message, Join | Leave)
        reason_uri = INVALID_PEER if joins else f"{domain}.errors.failure"
        reason = (
            "Peer id is missing" if message.peer_id is None else "Not a peer of this connection"
        )
        out.append(
            Send(connection, Error(message.request_id, None, reason_uri, reason, domain=domain))
        )

    def _refuse(self, connection: ConnectionId, message: Refused, out: list[Send]) -> None:
        peer = self._peers.get(message.peer_id) if message.peer_id is not None else None
        peer_id = peer.id if peer is not None and peer.connection == connection else None
        out.append(
            Send(
                connection,
                Error(
                    message.request_id,
                    peer_id,
                    message.reason_uri,
                    message.reason,
                    domain=message.domain,
                ),
            )
        )

    def _error(
        self,
        peer: Peer,
        request_id: RequestId,
        reason_uri: str,
        reason: str,
        out: list[Send],
        domain: str = AGM,
    ) -> None:
        out.append(
            Send(peer.connection, Error(request_id, peer.id, reason_uri, reason, domain=domain))
        )

    def _new_id(self, letter: str) -> str:
        self._ids += 1
        return f"{letter}-{self._node}-{self._ids}"


def _first_registration(peer: Peer) -> float:
    # Clients that take the first announced server for the best one get the earliest provider.
    return min((method.registration for method in peer.methods.values()), default=float("inf"))


def _admits(method: Method | None, viewer: Peer) -> bool:
    return method is not None and method.admits(viewer)


def _methods_added(viewer: Peer, server: Peer, methods: list[Method]) -> Send:
    definitions = [method.definition for method in methods]
    return Send(viewer.connection, MethodsAdded(viewer.id, server.id, definitions))
