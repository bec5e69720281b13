"""Subscriptions to channels, and what they bring."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ..peer.context_changes import ContextChange
from ..peer.context_requests import Watch
from ..peer.contexts import Contexts
from ..wire.channels import context_of, read_data, read_meta
from .engine import Engine
from .feed import AwaitedFeed, SubscriptionFeed
from .listeners import Listener, Stop

__all__ = ["ChannelChange", "ChannelSubscription", "ChannelSubscriptionBase"]


class ChannelChange:
    """
    One change of a channel; the first of each channel is what is there.

    Attributes:
        channel: Its name.
        updater_id: The peer id of who has published; ``None`` for the first change, and where it is
            not known, as after an outage.
        is_mine: Whether this client has published.
        version: As that of a ``ContextChange``.
        is_removed: Whether the channel was removed.
    """

    def __init__(self, channel: str, change: ContextChange) -> None:
        self._change = change
        self.channel = channel
        self.updater_id = change.updater_id
        self.is_mine = change.is_mine
        self.version = change.version
        self.is_removed = change.is_destroyed

    @cached_property
    def data(self) -> dict[str, Any]:
        """All that was published on the channel, a dict."""
        return read_data(self._change.data)

    @cached_property
    def meta(self) -> dict[str, Any]:
        """What the channel says of itself, a dict with at least its ``color``."""
        return read_meta(self._change.data)

    @cached_property
    def delta(self) -> dict[str, Any]:
        """
        What was published now, a dict, with ``None`` for what was removed. Empty for the first
        change, and where what was put there is no dict.
        """
        return read_data({"data": self._change.delta.get("data")})

    def __repr__(self) -> str:
        return f"<ChannelChange {self.channel} {self._change!r:.200}>"


class ChannelSubscriptionBase(SubscriptionFeed[ChannelChange]):
    """
    A subscription to a channel, or to those that the client has joined, whichever these are at the
    time: what is there first, then each change. Take them with ``on_change``, or one after the
    other with ``get`` and by iterating; what comes before is kept. It outlives outages.
    """

    items = "changes"
    event = "change"

    def __init__(
        self, engine: Engine, name: str | None, membership: dict[ChannelSubscriptionBase, None]
    ) -> None:
        super().__init__(engine, "the joined channels" if name is None else name)
        self._domain = engine.session.domain(Contexts)
        self._channel = name
        self._membership = membership
        self._watches: dict[str, Watch] = {}
        self.skips_own = False

    @property
    def state(self) -> str:
        """``"open"``, ``"waiting"`` while the connection is away, ``"closed"``."""
        if self._end:
            return "closed"
        return "open" if self._engine.session.state == "connected" else "waiting"

    def on_change(self, listener: Listener) -> Stop:
        """Call ``listener(change)`` for each change, and for those that were kept so far."""
        return self._take_with(listener)

    def on_failed(self, listener: Listener) -> Stop:
        """Call ``listener(error)`` when it ends by a failure, such as that nobody takes it."""
        return self._engine.perform(lambda: self._listeners.add("failed", listener))

    def open(self, joined: Sequence[str]) -> None:
        """Begin, on the loop."""
        self._engine.adopt(self)
        if self._channel is None:
            self._membership[self] = None
            self.follow(joined)
        else:
            self.follow([self._channel])

    def follow(self, channels: Sequence[str]) -> None:
        """Hear of these channels and of no others."""
        for name in [name for name in self._watches if name not in channels]:
            self._domain.unwatch(self._watches.pop(name))
        for name in channels:
            if name not in self._watches:
                ear = _Ear(self, name)
                self._watches[name] = self._domain.watch(context_of(name), ear)

    def hear(self, name: str, event: str, argument: Any) -> None:
        if event == "failed":
            # It ends as a whole: one without some of its channels would look like all of them.
            self._unsubscribe()
            self.emit(event, argument)
        elif name in self._watches and not (self.skips_own and argument.is_mine):
            self.emit(event, ChannelChange(name, argument))

    def _unsubscribe(self) -> None:
        self._membership.pop(self, None)
        self.follow([])

    def _why(self) -> str:
        return "" if self.state == "open" else ", as there is no connection"


class _Ear:
    """Hears of the context of one channel."""

    def __init__(self, subscription: ChannelSubscriptionBase, channel: str) -> None:
        self._subscription = subscription
        self._channel = channel

    def emit(self, event: str, *arguments: Any) -> None:
        self._subscription.hear(self._channel, event, *arguments)


class ChannelSubscription(ChannelSubscriptionBase, AwaitedFeed[ChannelChange]):
    """A subscription to channels; ``Channels.subscribe`` makes it."""
