"""The domain ``global``: logging in, joining and leaving other domains."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from .envelope import GLOBAL, Inbound, Outbound, RequestId, Vocabulary

AUTHENTICATION_FAILURE: Final = "global.errors.authentication.failure"
ALREADY_SEEN: Final = "global.errors.already_seen"
LIMITS_EXCEEDED: Final = "global.errors.limits_exceeded"
NOT_AUTHORIZED: Final = "global.errors.not_authorized"
INVALID_DOMAIN: Final = "global.errors.invalid_domain"
INVALID_PEER: Final = "global.errors.invalid_peer"
GOING_AWAY: Final = "global.errors.going_away"

COME_BACK: Final = "The gateway is stopping: come back"
"""The reason for people, wherever a gateway that is going to stop says it."""


class Authentication(Struct, frozen=True, omit_defaults=True):
    """Credentials of a hello. ``secret`` uses login and secret, the token methods use token."""

    method: str | None = None
    login: str | None = None
    secret: str | None = None
    token: str | None = None


class Hello(Inbound, frozen=True):
    identity: dict[str, Any] = {}
    authentication: Authentication = Authentication()
    instance_key: str | None = None
    """Known to this client alone, for as long as it has its ``instance``."""


class CreateToken(Inbound, frozen=True):
    pass


class Ping(Inbound, frozen=True):
    pass


class Join(Inbound, frozen=True):
    destination: str = ""
    restrictions: str | None = None
    extensions: list[str] = []
    interest: list[str] | None = None


class Leave(Inbound, frozen=True):
    destination: str = ""
    reason_uri: str | None = None
    reason: str | None = None


class OfferedDomain(Struct, frozen=True):
    """A domain that peers may join."""

    uri: str
    version: int = 1
    description: str = ""
    extensions: tuple[str, ...] | UnsetType = UNSET
    """What the gateway can do there beyond GW3; other gateways do not say."""


class Welcome(Outbound, frozen=True, tag="welcome"):
    request_id: RequestId
    peer_id: str
    resolved_identity: dict[str, Any]
    available_domains: tuple[OfferedDomain, ...]
    options: dict[str, Any] = {}
    domain: str = GLOBAL
    max_size: int | UnsetType = UNSET
    """Bytes of the longest frame that the gateway takes; other gateways do not say."""


class Token(Outbound, frozen=True, tag="token"):
    request_id: RequestId
    peer_id: str
    token: str
    domain: str = GLOBAL


VOCABULARY: Final = Vocabulary(
    domain=GLOBAL,
    accepted={
        "hello": Hello,
        "create-token": CreateToken,
        "ping": Ping,
        "join": Join,
        "leave": Leave,
    },
    sent=(Welcome, Token),
    malformed={Hello: AUTHENTICATION_FAILURE},
    described={Hello: "identity"},
)
