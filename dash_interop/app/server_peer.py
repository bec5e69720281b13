"""
The peer that a process of a Dash app is: what it offers without any page, and what its callbacks
invoke. Connected when it is first needed; a forked child gets a connection of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakMethod

from ..client.publishing import StreamBranch, StreamSubscription
from ..client.sync import InteropClient, Stream
from ..client.twins import method_like
from ..errors import InteropError, RegistrationError
from ..transport.threads import LongLock

__all__ = ["HostedStream", "ServerPeer"]

Offer: TypeAlias = Callable[[InteropClient], Any]
"""Offers something that was declared, without waiting for the gateway."""


class ServerPeer:
    """
    Args:
        connect: Makes the client, without waiting for the connection.
    """

    def __init__(self, connect: Callable[[], InteropClient]) -> None:
        self._connect = connect
        self._declared: dict[str, Offer] = {}
        self._reset()
        if hasattr(os, "register_at_fork"):
            # A forked child must not use the connection, and does not serve the app by itself.
            # The weak reference lets the peer be collected; the hook itself stays for ever.
            reset = WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (reset() or _nothing)())

    @property
    def client(self) -> InteropClient:
        """This process as a peer; connects it, again if somebody closed it."""
        # Without the lock, which an async handler must not wait for: its holder waits for the loop.
        client = self._client
        if client is not None and not client.is_closed:
            return client
        with self._lock:
            if self._client is None or self._client.is_closed:
                self._streams.clear()
                self._client = self._connect()
                if self._is_started:
                    self._offer_all(self._client)
            return self._client

    @property
    def waiting(self) -> list[str]:
        """Names of what was declared, until ``start`` or ``stop`` is called."""
        return [] if self._is_started or self._is_stopped else list(self._declared)

    def declare(self, name: str, offer: Offer) -> None:
        """
        Offer something in each process that serves the app; in this one now if it does.

        Raises:
            RegistrationError: Something of that name was declared already.
        """
        with self._lock:
            taken = next((each for each in self._declared if each.lower() == name.lower()), None)
            if taken is not None:
                raise RegistrationError(f"{taken} was declared already")
            self._declared[name] = offer
            if self._is_started:
                offer(self.client)

    def start(self) -> None:
        """Offer all that was declared; does nothing the second time."""
        self._is_stopped = False
        if self._is_started:
            return
        with self._lock:
            if not self._is_started:
                client = self.client
                self._is_started = True
                self._offer_all(client)

    def begin(self) -> None:
        """``start``, if there is something to offer and ``stop`` was not called."""
        if self._declared and not self._is_stopped:
            self.start()

    def stop(self) -> None:
        """
        Leave, and offer nothing until the next ``start``.

        Raises:
            InteropError: Called by an ``async def`` handler of this peer, which would wait for
                itself.
        """
        client, was_started = self._client, self._is_started
        # Before the client is closed, or a thread that asks for the client meanwhile would get a
        # new one that offers all of it again.
        self._is_started, self._is_stopped = False, True
        try:
            if client is not None:
                client.close()
        except InteropError:
            self._is_started, self._is_stopped = was_started, False
            raise
        with self._lock:
            if self._client is client:
                self._client = None
                self._streams.clear()

    def stream(self, hosted: HostedStream, create: Callable[[InteropClient], Stream]) -> Stream:
        """The stream as this process publishes it, from now on if it did not yet."""
        client = self.client
        stream = self._streams.get(hosted)
        if stream is not None:
            return stream
        with self._lock:
            if hosted not in self._streams:
                self._streams[hosted] = create(client)
            return self._streams[hosted]

    def __getstate__(self) -> dict[str, Any]:
        # A copy in another process, such as that of a background callback, connects by itself.
        return {"_connect": self._connect, "_declared": self._declared}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def _reset(self) -> None:
        self._lock = LongLock()
        self._client: InteropClient | None = None
        self._is_started = self._is_stopped = False
        self._streams: dict[HostedStream, Stream] = {}

    def _offer_all(self, client: InteropClient) -> None:
        for offer in list(self._declared.values()):
            offer(client)


def _nothing() -> None:
    """What a child does for a peer that was collected."""


class HostedStream:
    """
    A stream that ``Interop.stream`` declared. Each process that serves the app, or pushes to it,
    publishes a stream of its own. A subscription with the target ``"all"`` gets what all of them
    push. Everything may be called from any thread.
    """

    def __init__(
        self, peer: ServerPeer, name: str, create: Callable[[InteropClient], Stream]
    ) -> None:
        self._peer = peer
        self.name = name
        self._create = create

    @method_like(Stream.push)
    def push(self, *args: Any, **kwargs: Any) -> None:
        """
        Send data to those who subscribe to the stream of this process. Returns at once, unless 16
        MiB wait to be sent: then it waits for the gateway.
        """
        self.offer().push(*args, **kwargs)

    @method_like(Stream.subscriptions)
    def subscriptions(self) -> list[StreamSubscription]:
        return self.offer().subscriptions()

    @method_like(Stream.branches)
    def branches(self) -> list[StreamBranch]:
        return self.offer().branches()

    @method_like(Stream.branch)
    def branch(self, key: str) -> StreamBranch | None:
        return self.offer().branch(key)

    def offer(self) -> Stream:
        """Publish it from this process, if it does not yet."""
        return self._peer.stream(self, self._create)
