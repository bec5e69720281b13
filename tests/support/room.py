"""A router whose connections are plain strings and whose users are whoever they say they are."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Raw

from dash_interop.errors import AuthenticationFailed
from dash_interop.router.agm.domain import Agm
from dash_interop.router.bus import Bus
from dash_interop.router.contexts.domain import Contexts
from dash_interop.router.effects import (
    ConnectionId,
    EndTurn,
    FanOut,
    Probe,
    RouterEffect,
    Send,
)
from dash_interop.router.limits import Limits
from dash_interop.router.metrics import Metrics
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import (
    AGM,
    Accepted,
    AddInterest,
    Call,
    Invoke,
    MethodId,
    Register,
    Subscribe,
)
from dash_interop.wire.codec import Codec, encode
from dash_interop.wire.envelope import Inbound, RequestId
from dash_interop.wire.login import Authentication, Hello, Join, Welcome

__all__ = [
    "DOMAINS",
    "BelieveLogins",
    "Room",
    "credentials",
    "definition",
    "frames_of",
    "raw",
    "sends_of",
    "settled",
]


DOMAINS = (Agm, Bus, Contexts, Metrics)


class BelieveLogins:
    """Believes any login; a token is the text ``token user application``."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        if authentication.method == "access-token":
            word, user, application = (authentication.token or "").split(" ")
            if word != "token":
                raise AuthenticationFailed("Not a token")
            return Principal(user, application or None, remote.origin, is_from_token=True)
        if not authentication.login:
            raise AuthenticationFailed("Missing login/secret")
        return Principal(authentication.login)

    def issue(self, principal: Principal) -> str:
        return f"token {principal.user} {principal.application or ''}"


class Room:
    """A router and the steps that most tests begin with."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.router = Router(BelieveLogins(), DOMAINS, node="N", limits=limits)

    def connect(self, connection: str, remote: Remote | None = None) -> None:
        self.router.connect(connection, remote or Remote("127.0.0.1"))

    def handle(self, connection: str, message: Inbound, now: float = 0.0) -> list[Send]:
        effects = self.router.handle(connection, message, now)
        return sends_of(self.router.codec, settled(self.router, effects, now))

    def disconnect(self, connection: str, now: float = 0.0) -> list[Send]:
        effects = self.router.disconnect(connection, now)
        return sends_of(self.router.codec, settled(self.router, effects, now))

    def hello(self, connection: str, user: str = "anna", **identity: Any) -> str:
        """Log in over an open connection; returns the peer id."""
        hello = Hello(identity=identity, authentication=credentials(user))
        (effect,) = self.handle(connection, hello)
        assert isinstance(effect, Send) and isinstance(effect.message, Welcome), effect
        return effect.message.peer_id

    def enter(
        self,
        connection: str,
        user: str = "anna",
        *methods: dict[str, Any],
        restrictions: str | None = None,
        extensions: Iterable[str] = (),
        **identity: Any,
    ) -> str:
        """Connect, log in, join agm and register; returns the peer id."""
        self.connect(connection)
        peer = self.hello(connection, user, **identity)
        self.handle(connection, Join("j", peer, "agm", restrictions, list(extensions)))
        if methods:
            self.handle(connection, Register("r", peer, list(methods)))
        return peer

    def call(
        self, caller: tuple[str, str], callee: str, method_id: MethodId = "0", **fields: Any
    ) -> str:
        """Call from ``(connection, peer)``; returns the invocation id that the callee got."""
        return self.invoke(caller, callee, method_id, **fields).invocation_id

    def invoke(
        self,
        caller: tuple[str, str],
        callee: str,
        method_id: MethodId = "0",
        request_id: RequestId = "c1",
        now: float = 0.0,
        **fields: Any,
    ) -> Invoke:
        """Call from ``(connection, peer)``; returns what the callee got."""
        connection, peer = caller
        call = Call(request_id, peer, callee, method_id, **fields)
        (effect,) = self.handle(connection, call, now)
        assert isinstance(effect, Send) and isinstance(effect.message, Invoke), effect
        return effect.message

    def subscribe(self, subscriber: tuple[str, str], publisher: str, request_id: str = "s1") -> str:
        """Subscribe to method ``"0"``; returns the subscription id that the publisher got."""
        connection, peer = subscriber
        (effect,) = self.handle(connection, Subscribe(request_id, peer, publisher, "0"))
        assert isinstance(effect, Send) and isinstance(effect.message, AddInterest), effect
        return effect.message.subscription_id

    def accept(self, publisher: tuple[str, str], subscription_id: str, stream_id: str) -> None:
        connection, peer = publisher
        self.handle(connection, Accepted(None, peer, subscription_id, stream_id))


def settled(
    router: Router, effects: Iterable[RouterEffect], now: float = 0.0
) -> list[RouterEffect]:
    """
    What a shell carries out in the end: the turn of the loop is over, and whoever has to read
    before it learns more has read.
    """
    found = list(effects)
    for effect in found:
        if isinstance(effect, EndTurn):
            found += router.end_turn(now)
        elif isinstance(effect, Probe) and effect.domain == AGM:
            found += router.heard(effect, now)
    return [effect for effect in found if not isinstance(effect, EndTurn)]


def frames_of(effects: Iterable[RouterEffect]) -> Iterator[tuple[ConnectionId, bytes]]:
    """What a shell sends, connection and text."""
    for effect in effects:
        if isinstance(effect, FanOut):
            for connection, heads in effect.audience:
                for head in heads:
                    yield connection, head + effect.tail
        elif isinstance(effect, Send):
            yield effect.connection, encode(effect.message)


def sends_of(codec: Codec, effects: Iterable[RouterEffect]) -> list[Send]:
    """What is sent, with a message for each frame that goes to many, as its reader takes it."""
    sends: list[Send] = []
    for effect in effects:
        if isinstance(effect, FanOut):
            for connection, frame in frames_of([effect]):
                message = codec.from_gateway(frame)
                assert message is not None
                sends.append(Send(connection, message))
        elif isinstance(effect, Send):
            sends.append(effect)
    return sends


def credentials(user: str) -> Authentication:
    return Authentication("secret", user, "")


def raw(value: Any) -> Raw:
    return Raw(encode(value))


def definition(id: MethodId, name: str, registration: int, **fields: Any) -> Raw:
    """A method as others see it."""
    return raw({"id": id, "name": name, **fields, "registration": registration})
