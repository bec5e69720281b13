"""What a peer knows of one context, and what it tells its subscribers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from ..errors import ContextError, SubscriptionError
from ..wire.deltas import apply_delta
from .context_changes import ContextChange, differences, what_it_says
from .context_requests import Reading, Watch, Write
from .link import Link

__all__ = ["ContextCopy"]


class ContextCopy:
    """
    Attributes:
        id: The context's at the gateway; ``None`` while there is no such context, or no connection.
        is_announced: Whether there is such a context, as far as is known; not forgotten in an
            outage.
        is_being_created: Whether the gateway was asked to make it, and has not answered.
        is_catching_up: Whether the gateway was asked for an answer behind which all is known that
            has happened before, and has not answered.
        asking: Request id of the subscription that is not answered yet.
        is_member: Whether the gateway tells of each write, so that ``value`` is the present one.
        value: The last one that is known; ``None`` where none is.
        version: The latest of that value; ``None`` where it is not known, or the gateway has none.
        is_restorable: Whether it may be made anew after a restart of the gateway.
        is_written: Whether this peer has written it, and so keeps the value to bring it back.
        watches: The subscriptions of this peer.
        readings: Who waits for the value.
        waiting: Writes that were not sent yet, in the order in which they were asked for.
        unanswered: How many writes were sent and not answered.
    """

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self.name = name
        self.id: str | None = None
        self.is_announced = False
        self.is_being_created = False
        self.is_catching_up = False
        self.asking: str | None = None
        self.is_member = False
        self.value: dict[str, Any] | None = None
        self.version: int | None = None
        self._since: int | None = None
        """The first version that had the present value."""
        self.is_restorable = False
        self.is_written = False
        self.watches: dict[Watch, None] = {}
        self.readings: dict[Reading, None] = {}
        self.waiting: list[Write] = []
        self.unanswered = 0

    @property
    def is_wanted(self) -> bool:
        """Whether its value has to be known."""
        return bool(self.is_kept or self.readings)

    @property
    def is_kept(self) -> bool:
        """Whether the last value is of use in an outage."""
        return bool(self.watches or self.is_written)

    @property
    def is_of_use(self) -> bool:
        """Whether there is a reason to keep it."""
        return bool(
            self.is_announced
            or self.is_wanted
            or self.waiting
            or self.unanswered
            or self.is_being_created
            or self.is_catching_up
        )

    @property
    def is_busy(self) -> bool:
        """Whether it has to be waited for before anything is written."""
        return self.is_being_created or (self.is_catching_up and not self.is_member)

    # What becomes known

    def watch(self, watch: Watch) -> None:
        self.watches[watch] = None
        if self.is_member:
            self._tell_first(watch)

    def take_snapshot(
        self, value: dict[str, Any], version: int | None, *, is_restorable: bool
    ) -> None:
        """The peer is a member now, and this is the value."""
        former = self.value
        self.is_member = True
        is_another = former is not None and _differ(former, value)
        if former is None or is_another:
            self._since = version
        self.value, self.version, self.is_restorable = value, version, is_restorable
        for watch in self.watches:
            if not watch.has_value:
                self._tell_first(watch)
            elif is_another:
                said = differences(former or {}, value)
                self._tell(watch, ContextChange(value, *said, version=version))

    def begin(self, value: dict[str, Any], version: int | None, *, is_restorable: bool) -> None:
        """This peer has made the context, so its subscribers hear of a write of its own."""
        for watch in self.watches:
            watch.has_value = True
        own_id = self._link.peer_id
        for watch in list(self.watches):
            self._tell(
                watch, ContextChange(value, value, updater_id=own_id, is_mine=True, version=version)
            )
        self.value = value
        self.take_snapshot(value, version, is_restorable=is_restorable)

    def take_delta(
        self, delta: dict[str, Any], updater_id: str | None, version: int | None
    ) -> None:
        """
        Somebody has written. Nobody hears of a write that leaves the value as it was: live clients
        compare, too, and two apps that show and write one value would call each other for ever.

        Raises:
            DeltaRefused: It cannot be applied; the copy is as it was.
        """
        former = self.value
        assert former is not None
        value = apply_delta(former, delta)
        self.version = version
        if not _differ(former, value):
            return
        said = what_it_says(delta, former, value)
        self.value, self._since = value, version
        is_mine = updater_id is not None and updater_id == self._link.peer_id
        for watch in list(self.watches):
            change = ContextChange(
                value, *said, updater_id=updater_id, is_mine=is_mine, version=version
            )
            self._tell(watch, change)

    def version_for(self, if_version: int) -> int:
        """
        The version to ask the gateway for. Nobody hears of a write that changes nothing, so the
        versions of one value are one to those who compare them.
        """
        since, latest = self._since, self.version
        is_present = since is not None and latest is not None and since <= if_version <= latest
        return latest if is_present and latest is not None else if_version

    def leave(self) -> None:
        """The gateway tells of writes no longer. Subscribers know the last value for now."""
        self.is_member = False
        self.asking = None
        if not self.is_kept:
            self.value = self.version = None

    def lose(self) -> None:
        """The connection is gone."""
        self.leave()
        self.id = None
        self.is_being_created = False

    def disappear(self) -> None:
        """There is no such context any more."""
        removed = tuple(self.value or ())
        self.leave()
        self.id = self.value = self.version = None
        self.is_announced = self.is_written = False
        for watch in list(self.watches):
            if watch.has_value:
                watch.has_value = False
                self._tell(watch, ContextChange({}, removed=removed, is_destroyed=True))

    def fail(self, reason: str) -> None:
        """It cannot be read: its subscriptions end."""
        self.is_written = False
        for watch in list(self.watches):
            del self.watches[watch]
            self._link.emit(watch.owner, "failed", SubscriptionError(reason))
        self.settle_all(list(self.readings), ContextError(reason))

    def settle_all(self, readings: Iterable[Reading], error: ContextError | None = None) -> None:
        """
        Answer those of some who still wait for the value; without one there is no such context.
        """
        nothing: dict[str, Any] = {}
        answer = (nothing, 0) if self.value is None else (self.value, self.version)
        for reading in readings:
            if reading in self.readings:
                del self.readings[reading]
                reading.timer.cancel()
                self._link.settle(reading.token, None if error else answer, error)

    # What is told

    def _tell_first(self, watch: Watch) -> None:
        assert self.value is not None
        watch.has_value = True
        self._tell(watch, ContextChange(self.value, version=self.version))

    def _tell(self, watch: Watch, change: ContextChange) -> None:
        """Each gets a change of its own, as each may do with its data what it likes."""
        self._link.emit(watch.owner, "change", change)


def _differ(former: Any, value: Any) -> bool:
    """Parts that both share are not compared."""
    try:
        return former != value or not _is_same(former, value)
    except RecursionError:
        return True


def _is_same(former: Any, value: Any) -> bool:
    """Whether two equal values are so in JSON, too, where ``true`` is not 1."""
    if former is value:
        return True
    if isinstance(former, dict):
        former_dict, value_dict = cast("dict[str, Any]", former), cast("dict[str, Any]", value)
        return all(_is_same(item, value_dict[key]) for key, item in former_dict.items())
    if isinstance(former, list):
        pairs = zip(cast("list[Any]", former), cast("list[Any]", value), strict=True)
        return all(_is_same(*pair) for pair in pairs)
    return isinstance(former, bool) is isinstance(value, bool)
