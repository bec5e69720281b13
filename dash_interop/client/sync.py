"""
The client for ordinary code: the one of ``aio`` on a loop in a thread of its own. Names, arguments,
results and errors are the same; what is awaited there blocks here. Everything may be called from
any thread, but not from an ``async def`` function that was given to the client: it would wait for
itself.
"""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ConnectionLost, Overloaded, SubscriptionClosed
from ..peer.context_changes import ContextChange
from ..peer.requests import ServerRequest
from ..peer.results import InvocationResult
from ..peer.subscribing import StreamData
from ..wire.definitions import MethodDefinition
from ..wire.history import HistorySettings
from . import aio, channels, contexts, invocation, publishing
from .base import ClientBase
from .channel_membership import Membership
from .channel_subscribing import ChannelChange, ChannelSubscriptionBase
from .channels import ChannelsBase
from .context_subscribing import ContextSubscriptionBase
from .contexts import ContextsBase
from .engine import Engine
from .feed import AwaitedFeed, Feed
from .invocation import InvocationBase
from .portal import Portal
from .publishing import Branch, StreamBase
from .subscribing import SubscriptionBase
from .twins import blocking, like, method_like, run_here

__all__ = [
    "ChannelSubscription",
    "Channels",
    "ContextSubscription",
    "Contexts",
    "InteropClient",
    "Invocation",
    "Stream",
    "Subscription",
    "connect",
]

T = TypeVar("T")


class Invocation(InvocationBase):
    """
    An invocation of this process that is under way; ``InteropClient.invocation`` makes it. It is
    an iterator of what the handler says of its progress.
    """

    def __init__(self, portal: Portal, engine: Engine, request: ServerRequest) -> None:
        super().__init__(engine, request)
        self._portal = portal

    def __enter__(self) -> Invocation:
        self._portal.check_thread()
        self._engine.perform(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    @method_like(invocation.Invocation.__aiter__)
    def __iter__(self) -> Invocation:
        return self

    def __next__(self) -> Any:
        self._begun()
        try:
            return run_here(self.next(None))
        except SubscriptionClosed:
            raise StopIteration from None

    async def until_there_is(self, deadline: float | None) -> None:
        self._portal.run(super().until_there_is(deadline))

    @method_like(invocation.Invocation.result)
    def result(self) -> InvocationResult:
        return self._portal.run(self._outcome())


class Stream(StreamBase):
    """A stream that this process publishes; ``InteropClient.create_stream`` makes it."""

    def __init__(
        self,
        portal: Portal,
        engine: Engine,
        definition: MethodDefinition,
        history: HistorySettings | None,
    ) -> None:
        super().__init__(engine, definition, history)
        self._run = portal.run

    @property
    def _twin(self) -> Stream:
        # The methods of the stream for asyncio need what both have from their base.
        return self

    def _post(self, send: Callable[[], None], size: int) -> None:
        while True:
            try:
                return super()._post(send, size)
            except Overloaded:
                self.flush()

    @method_like(StreamBase.push, without="Overloaded")
    def push(self, data: Any, branch: Branch = None) -> None:
        """
        Send data to the subscribers. Returns at once, unless 16 MiB wait to be sent: then it waits
        for the gateway.
        """
        super().push(data, branch)

    close = blocking(publishing.Stream.close)
    flush = blocking(publishing.Stream.flush)


class BlockingFeed(Feed[T]):
    """
    A feed for ordinary code: what ``AwaitedFeed`` awaits blocks here. What it brings is taken in
    the thread that asks for it: on the way from the loop to an interrupted thread it would be lost.
    """

    _portal: Portal

    async def until_there_is(self, deadline: float | None) -> None:
        self._portal.run(super().until_there_is(deadline))

    def __iter__(self) -> BlockingFeed[T]:
        """
        All that comes, until the subscription is closed.

        Raises:
            SubscriptionError: It ended by a failure.
        """
        return self

    def __next__(self) -> T:
        try:
            return self.get()
        except SubscriptionClosed:
            raise StopIteration from None

    @method_like(AwaitedFeed[Any].get)
    def get(self, timeout: float | None = None) -> T:
        return run_here(self.next(timeout))


class Subscription(SubscriptionBase, BlockingFeed[StreamData]):
    """A subscription of this process; ``InteropClient.subscribe`` makes it."""

    def __init__(self, portal: Portal, engine: Engine, request: ServerRequest) -> None:
        super().__init__(engine, request)
        self._portal = portal


class ContextSubscription(ContextSubscriptionBase, BlockingFeed[ContextChange]):
    """A subscription to a context; ``Contexts.subscribe`` makes it."""

    def __init__(self, portal: Portal, engine: Engine, name: str) -> None:
        super().__init__(engine, name)
        self._portal = portal


class Contexts(ContextsBase[ContextSubscription]):
    """
    The contexts of a client: named dicts that all peers of one user read and write.
    ``InteropClient.contexts`` has them.
    """

    def __init__(self, portal: Portal, engine: Engine, twin: contexts.Contexts) -> None:
        super().__init__(engine)
        self._portal = portal
        self._run = portal.run
        self._twin = twin

    get = blocking(contexts.Contexts.get)
    get_versioned = blocking(contexts.Contexts.get_versioned)
    update = blocking(contexts.Contexts.update)
    set = blocking(contexts.Contexts.set)
    set_path = blocking(contexts.Contexts.set_path)
    set_paths = blocking(contexts.Contexts.set_paths)
    destroy = blocking(contexts.Contexts.destroy)

    def _new_subscription(self, name: str) -> ContextSubscription:
        return ContextSubscription(self._portal, self._engine, name)


class ChannelSubscription(ChannelSubscriptionBase, BlockingFeed[ChannelChange]):
    """A subscription to channels; ``Channels.subscribe`` makes it."""

    def __init__(
        self, portal: Portal, engine: Engine, name: str | None, membership: Membership
    ) -> None:
        super().__init__(engine, name, membership.followers)
        self._portal = portal


class Channels(ChannelsBase[ChannelSubscription]):
    """
    The channels of a client: named, coloured contexts, of which it joins one or several.
    ``InteropClient.channels`` has them.
    """

    def __init__(self, portal: Portal, engine: Engine, twin: channels.Channels) -> None:
        super().__init__(engine, twin.membership)
        self._portal = portal
        self._run = portal.run
        self._twin = twin

    list = blocking(channels.Channels.list)
    get = blocking(channels.Channels.get)
    join = blocking(channels.Channels.join)
    leave = blocking(channels.Channels.leave)
    publish = blocking(channels.Channels.publish)
    add = blocking(channels.Channels.add)
    remove = blocking(channels.Channels.remove)

    def _new_subscription(self, name: str | None) -> ChannelSubscription:
        return ChannelSubscription(self._portal, self._engine, name, self.membership)


class InteropClient(ClientBase):
    """
    A peer at a gateway: offers and invokes methods, publishes and subscribes. ``connect`` makes it.

    It is the client of ``dash_interop.client.aio`` for code that does not await.

    Attributes:
        contexts: The named dicts that the peers of its user share.
        channels: The channels of its user, and those that it has joined.
    """

    def __init__(self, portal: Portal, engine: Engine) -> None:
        self._twin = _Twin(portal, engine)
        super().__init__(engine)
        self._portal = portal
        self._run = portal.run
        self.contexts = Contexts(portal, engine, self._twin.contexts)
        self.channels = Channels(portal, engine, self._twin.channels)
        atexit.register(self.close)

    def _learn(self, name: str | None) -> None:
        if self._agm.interest.covers(name):
            return
        if self._portal.is_here:
            # A function of this client that runs on its loop, which must not be waited for.
            super()._learn(name)
            return
        self._run(self._engine.request(lambda token: self._agm.learn(token, name)))

    def _look_around(self, name: str | None) -> None:
        if not self.is_closed:
            self._learn(name)
        super()._look_around(name)

    def __enter__(self) -> InteropClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The connection

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called, or this is a forked child of the process that connected."""
        return not self._portal.is_running

    @method_like(aio.InteropClient.close)
    def close(self) -> None:
        # Not from the loop, whose end is waited for.
        self._portal.check_thread()
        if self._portal.is_running:
            # Another thread may close it meanwhile.
            with contextlib.suppress(ConnectionLost):
                self._portal.run(self._twin.close())
        self._portal.stop()
        atexit.unregister(self.close)

    @method_like(aio.InteropClient.wait_closed)
    def wait_closed(self) -> None:
        if not self.is_closed:
            self._portal.run(self._twin.wait_closed())

    # Methods

    register = blocking(aio.InteropClient.register)
    unregister = blocking(aio.InteropClient.unregister)
    invoke = blocking(aio.InteropClient.invoke)

    @method_like(aio.InteropClient.invocation)
    def invocation(self, *args: Any, **kwargs: Any) -> Invocation:
        made: Any = self._twin.invocation(*args, **kwargs)
        return made

    call = blocking(aio.InteropClient.call)
    wait_for_method = blocking(aio.InteropClient.wait_for_method)

    # Streams

    create_stream = blocking(aio.InteropClient.create_stream, gives=Stream)
    subscribe = blocking(aio.InteropClient.subscribe, gives=Subscription)


class _Twin(aio.InteropClient):
    """The client for asyncio that a blocking one runs on its loop; the streams it makes block."""

    def __init__(self, portal: Portal, engine: Engine) -> None:
        super().__init__(engine)
        self._portal = portal

    def _new_stream(self, definition: MethodDefinition, history: HistorySettings | None) -> Any:
        return Stream(self._portal, self._engine, definition, history)

    def _new_invocation(self, request: ServerRequest) -> Any:
        return Invocation(self._portal, self._engine, request)

    def _new_subscription(self, request: ServerRequest) -> Any:
        return Subscription(self._portal, self._engine, request)


@like(aio.connect)
def connect(*args: Any, **kwargs: Any) -> InteropClient:
    """
    Connect to a gateway as a peer, for code that does not await.

    ``with connect() as interop`` leaves at the end; ``interop = connect()`` stays until
    ``interop.close()`` or the end of the process.
    """
    connecting = aio.connect(*args, **kwargs)
    portal = Portal()
    try:
        engine = portal.run(connecting.start_engine(is_narrow=True))
    except BaseException:
        portal.stop()
        raise
    return InteropClient(portal, engine)
