"""Who logs in, as their credentials say; whoever makes or checks credentials needs no more."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from ..wire.login import Authentication

__all__ = ["Authenticator", "Principal", "Remote"]


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
    """When the credentials name one, it takes the place of what the client says of itself."""
    origin: str | None = None
    """The only ``Origin`` its credentials are good for; ``None`` for any."""
    is_from_token: bool = False
    """Such a peer gets no further tokens: it could otherwise go on for ever without a new login."""
    is_service: bool = False
    """Whether it sees the peers of all users and is seen by them, such as the server of an app."""


class Authenticator(Protocol):
    """Checks credentials and makes tokens; owns the secret and the wall clock."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        """Say who this is, or raise ``AuthenticationFailed``."""
        ...

    def issue(self, principal: Principal) -> str:
        """Make a token that logs in as ``principal``, once, and soon."""
        ...
