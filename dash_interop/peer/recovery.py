"""The subscriber's memory of a stream: how far it has got at each of its publishers."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from ..wire.agm import Event
from ..wire.history import LOST, NEWCOMER, Announcement, Position, read_offset

__all__ = ["Recovery", "Standing"]

MOST_SERVERS: Final = 1000
"""Publishers that are remembered; the one that was subscribed to longest ago is forgotten."""


class Standing:
    """
    How far a subscription has got at one publisher. It outlives connections.

    Attributes:
        position: What to ask with next time.
        recovered: Whether nothing was missed when the publisher last accepted; ``None`` where it
            keeps no history.
    """

    def __init__(self) -> None:
        self.position = NEWCOMER
        self.recovered: bool | None = None

    def begin(self, announced: Announcement | None, *, after_another: bool) -> None:
        """
        The publisher has accepted.

        Args:
            announced: What it said of its history.
            after_another: Whether it takes the place of another publisher.
        """
        if announced is None:
            self.position, self.recovered = LOST, None
        else:
            self.position = Position(announced.epoch, announced.branch, announced.offset)
            self.recovered = announced.recovered and not after_another

    def take(self, event: Event) -> bool:
        """Whether data that came live are new; the subscription has them from now on."""
        offset = None if self.recovered is None else read_offset(event.sequence)
        if offset is None:
            return True
        is_new = offset > self.position.offset
        if is_new:
            self.position = structs.replace(self.position, offset=offset)
        return is_new


class Recovery:
    """
    Args:
        at_several: Whether several publishers each have data of their own for the subscription;
            else one takes the place of another.
    """

    def __init__(self, *, at_several: bool) -> None:
        self._at_several = at_several
        self._standings: dict[str, Standing] = {}
        """By instance, in the order of the subscriptions."""

    def position(self, instance: str) -> Position:
        """What to ask a publisher with."""
        standing = self._standings.get(instance)
        return NEWCOMER if standing is None else standing.position

    def begin(self, instance: str, announced: Announcement | None) -> Standing:
        """A publisher has accepted, and said that of its history."""
        last = next(reversed(self._standings), instance)
        standing = self._standings.pop(instance, None) or Standing()
        self._standings[instance] = standing
        if len(self._standings) > MOST_SERVERS:
            del self._standings[next(iter(self._standings))]
        standing.begin(announced, after_another=not self._at_several and last != instance)
        return standing
