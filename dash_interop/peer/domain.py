"""The seam between a session and the domains that its peer takes part in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from ..wire.envelope import Outbound, Vocabulary
from ..wire.login import Join
from .link import Link

__all__ = ["Domain", "MakeDomain"]


class Domain(Protocol):
    """
    One subject that peers talk about: it keeps what this peer does and knows there, and speaks over
    the link that it was made with, where it finds the time, too.

    A domain is one vocabulary in ``wire/``, one implementation of this protocol, and one entry
    where the session is made. Whatever is asked of it may be asked at any time: it keeps what needs
    the gateway until it has ``joined``.
    """

    vocabulary: ClassVar[Vocabulary]
    """Its messages. Where they come in the domain ``global``, there is nothing to join."""

    @property
    def handlers(self) -> Mapping[type[Outbound], Callable[[Any], None]]:
        """
        Who handles a message of the gateway, by its class. Answers of a class of the domain's own
        go to ``Link.answered``; ``Success`` and ``Error`` are seen to.
        """
        ...

    def logged_in(self) -> None:
        """The gateway has let the peer in, and said who it is; it has not joined yet."""
        ...

    def joining(self, join: Join) -> Join:
        """What the session is about to say to join, with what this domain has to say there."""
        ...

    def joined(self) -> None:
        """The peer is a member of all its domains: what waited can be said."""
        ...

    def lost(self) -> None:
        """The connection has ended, and with it the membership."""
        ...


class MakeDomain(Protocol):
    """The class of a domain."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    def __call__(self, link: Link, /) -> Domain: ...
