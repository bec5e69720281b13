"""The seam between the router and the domains that it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from ..wire.envelope import Vocabulary
from ..wire.login import Join
from .effects import Probe
from .peers import Peer
from .switchboard import Switchboard

__all__ = ["Domain", "MakeDomain"]


class Domain(Protocol):
    """
    One subject that peers talk about. It owns what its members have there; it sends through the
    switchboard that it was made with, and reads the time from it.

    A domain is its vocabulary in ``wire/``, one implementation of this protocol, and one line where
    the router is made.
    """

    @property
    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """
        Its messages; ``handle`` gets those that are accepted. The first is of the domain that peers
        join; what is said of the same subject in other domains are the others.
        """
        ...

    def arrive(self, peer: Peer) -> None:
        """A peer has logged in, and has been told so; nobody has told it anything else."""
        ...

    def depart(self, peer: Peer) -> None:
        """A peer that has left all domains is logged in no more."""
        ...

    def join(self, peer: Peer, message: Join) -> bool:
        """
        Make a peer a member; it may be one already.

        Returns:
            Whether it is a member now: then the router sends the success. Otherwise the domain has
            sent the refusal.
        """
        ...

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        """
        A peer leaves the domain; it may not be a member at all.

        Args:
            reason_uri: As the peer gave it; ``None`` when its connection has ended.
            reason: In words.
        """
        ...

    def handle(self, peer: Peer, message: Any) -> None:
        """Handle a message of a logged-in peer, whether it has joined or not."""
        ...

    def passes_over(self, message: Any) -> bool:
        """Whether a message whose ``peer_id`` is not one of its connection gets no answer."""
        ...

    def heard(self, probe: Probe) -> None:
        """The other end of a connection has read what was sent before a probe of this domain."""
        ...

    def end_turn(self) -> None:
        """Say what was put off with ``Switchboard.put_off``; it may put off some of it again."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that comes to an end, and that a stop would lose."""
        ...

    def tick(self) -> None:
        """Do what is due."""
        ...

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something else happens first."""
        ...

    def counters(self) -> dict[str, int]:
        """Numbers for the log and for tests."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What its members have at this moment, as JSON values, for whoever looks into it."""
        ...


MakeDomain: TypeAlias = Callable[[Switchboard], Domain]
