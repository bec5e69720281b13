"""Subscriptions to contexts."""

from __future__ import annotations

from ..peer.context_changes import ContextChange
from ..peer.context_requests import Watch
from ..peer.contexts import Contexts
from .engine import Engine
from .feed import AwaitedFeed, SubscriptionFeed
from .listeners import Listener, Stop

__all__ = ["ContextSubscription", "ContextSubscriptionBase"]


class ContextSubscriptionBase(SubscriptionFeed[ContextChange]):
    """
    A subscription to a context: its value first, as soon as there is one, then each change in the
    order of the gateway, those of this client included. Take them with ``on_change``, or one after
    the other with ``get`` and by iterating; what comes before is kept.

    It outlives outages, and the context itself: that it was destroyed is a change, and the next one
    comes when it is made anew. What changed during an outage comes as one change.

    Attributes:
        name: The context.
    """

    items = "changes"
    event = "change"

    def __init__(self, engine: Engine, name: str) -> None:
        super().__init__(engine, name)
        self.name = name
        self._domain = engine.session.domain(Contexts)
        self._watch: Watch | None = None

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

    def open(self) -> None:
        """Subscribe, until it is closed or the client ends."""

        def subscribe() -> None:
            self._engine.adopt(self)
            self._watch = self._domain.watch(self.name, self)

        self._engine.perform(subscribe)

    def _unsubscribe(self) -> None:
        if self._watch is not None:
            self._domain.unwatch(self._watch)

    def _why(self) -> str:
        return "" if self.state == "open" else ", as there is no connection"


class ContextSubscription(ContextSubscriptionBase, AwaitedFeed[ContextChange]):
    """A subscription to a context; ``Contexts.subscribe`` makes it."""
