"""The subscriber's end of streams: a subscription of this process."""

from __future__ import annotations

from typing import Any

from ..peer.agm import Agm
from ..peer.directory import Instance
from ..peer.requests import ServerRequest
from ..peer.subscribing import StreamData, SubscriptionLine
from .engine import Engine
from .feed import AwaitedFeed, SubscriptionFeed
from .listeners import Listener, Stop

__all__ = ["Subscription", "SubscriptionBase"]


class SubscriptionBase(SubscriptionFeed[StreamData]):
    """
    A subscription of this process, whether its client is the one for asyncio or for ordinary code.
    Take its data with ``on_data``, or one after the other with ``get`` and by iterating over it;
    what comes before is kept. After an outage it is made again by itself; what was pushed meanwhile
    comes first then, where the publisher keeps a history, and is missed where it does not.

    It is an iterator: each datum is told once, however many loops over it there are, and what one
    of them leaves is for the next.

    Attributes:
        stream: The stream, as it was named.
        request_arguments: What it was made with, a dict.
    """

    def __init__(self, engine: Engine, request: ServerRequest) -> None:
        super().__init__(engine, request.method.name)
        self._request = request
        self.stream = request.method
        self.request_arguments: dict[str, Any] = request.arguments
        self._line: SubscriptionLine | None = None

    @property
    def state(self) -> str:
        """
        ``"open"``, ``"waiting"`` while the publisher or the connection is away, ``"closed"``.
        """
        return "closed" if self._end else self._opened().state

    @property
    def servers(self) -> list[Instance]:
        """The instances that publish to it now."""
        line = self._opened()
        return self._engine.perform(lambda: line.servers)

    @property
    def recovered(self) -> bool | None:
        """
        Whether it misses nothing of what was pushed before its publisher last accepted it: since
        its last datum, or, where it has had none, since the stream was created. What the publisher
        has kept of that comes first in any case. ``None`` where the publisher keeps nothing, and
        before it has accepted. With several publishers, ``False`` when something of one is missed.
        """
        return self._opened().recovered

    @property
    def server_instance(self) -> Instance | None:
        """The first of ``servers``."""
        return next(iter(self.servers), None)

    def on_data(self, listener: Listener) -> Stop:
        """Call ``listener(stream_data)`` for all that is pushed, and what was kept so far."""
        return self._take_with(listener)

    def on_connected(self, listener: Listener) -> Stop:
        """Call ``listener(instance)`` when a publisher has accepted, again after an outage, too."""
        return self._engine.perform(lambda: self._listeners.add("connected", listener))

    def on_recovered(self, listener: Listener) -> Stop:
        """
        Call ``listener(recovered, instance)`` when a publisher that keeps a history has accepted,
        again after an outage, too, before the data that it has kept: ``recovered`` is ``True`` when
        nothing is missed once these have come, as ``Subscription.recovered`` says.
        """
        return self._engine.perform(lambda: self._listeners.add("recovered", listener))

    def on_waiting(self, listener: Listener) -> Stop:
        """
        Call ``listener()`` when its last publisher is away and it waits: in an outage, and for the
        publisher that it follows.
        """
        return self._engine.perform(lambda: self._listeners.add("waiting", listener))

    def on_closed(self, listener: Listener) -> Stop:
        """Call ``listener()`` when the publisher has closed the subscription, or has left."""
        return self._engine.perform(lambda: self._listeners.add("closed", listener))

    def on_failed(self, listener: Listener) -> Stop:
        """Call ``listener(error)`` when it ends by a failure, such as a refusal after an outage."""
        return self._engine.perform(lambda: self._listeners.add("failed", listener))

    async def open(self, *, follow: bool) -> None:
        """
        Subscribe, until it is closed or the client ends.

        Raises:
            SubscriptionError: Nobody offers it, or accepted in time; or why it was rejected.
        """
        self._engine.adopt(self)

        def ask(token: Any) -> None:
            agm = self._engine.session.domain(Agm)
            self._line = agm.subscribe(token, self, self._request, follows=follow)

        try:
            await self._engine.request(ask)
        except BaseException:
            if self._line is not None:
                self._engine.perform(self._line.close)
            self._finish(self._closed())
            raise

    def _unsubscribe(self) -> None:
        self._opened().close()

    def _why(self) -> str:
        return "" if self.state == "open" else ", as its publisher is away"

    def _opened(self) -> SubscriptionLine:
        assert self._line is not None
        return self._line


class Subscription(SubscriptionBase, AwaitedFeed[StreamData]):
    """A subscription of this process; ``InteropClient.subscribe`` makes it."""
