"""
The peer that a process of a Dash app is: what it offers without any page, and what its callbacks
invoke. Connected when it is first needed; a forked child gets a connection of its own.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeAlias

from ..client.streams import Branch, StreamBranch, StreamSubscription
from ..client.sync import InteropClient, Stream
from ..errors import InteropError, RegistrationError

__all__ = ["HostedStream", "ServerPeer"]

STREAM_TIMEOUT = 30.0
"""Longest wait of a push for its stream to be there, in seconds."""

logger = logging.getLogger(__name__)

Offer: TypeAlias = Callable[[InteropClient], None]
"""Offers something that was declared, and waits for the gateway as long as it takes."""


class ServerPeer:
    """
    Args:
        connect: Makes the client, without waiting for the connection.
    """

    def __init__(self, connect: Callable[[], InteropClient]) -> None:
        self._connect = connect
        self._declared: list[Offer] = []
        self._reset()
        if hasattr(os, "register_at_fork"):
            # A child has no part in the connection, and is no server of the app by itself.
            os.register_at_fork(after_in_child=self._reset)

    @property
    def client(self) -> InteropClient:
        """This process as a peer; connects it."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    @property
    def has_declared(self) -> bool:
        return bool(self._declared)

    def declare(self, offer: Offer) -> None:
        """Offer something in each process that serves the app; in this one now if it does."""
        self._declared.append(offer)
        if self._is_started:
            self.host(offer)

    def start(self) -> None:
        """Offer all that was declared; returns at once, and does nothing the second time."""
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        for offer in self._declared:
            self.host(offer)

    def host(self, offer: Offer) -> None:
        """Offer something, in the background."""
        with self._lock:
            self._to_offer.append(offer)
            if self._worker is None:
                self._worker = threading.Thread(
                    target=self._offer_all, name="dash-interop-offers", daemon=True
                )
                self._worker.start()

    def stream_to_come(self, stream: HostedStream) -> Future[Stream]:
        """The stream as it is published by this process, now or soon."""
        with self._lock:
            return self._streams.setdefault(stream, Future())

    def forget_stream(self, stream: HostedStream) -> None:
        """It did not come about; the next push tries again."""
        with self._lock:
            self._streams.pop(stream, None)

    def stop(self) -> None:
        """Leave, and offer nothing until the next ``start``."""
        with self._lock:
            client, self._client = self._client, None
            self._is_started = False
            self._to_offer.clear()
            self._streams.clear()
        if client is not None:
            client.close()

    def __getstate__(self) -> dict[str, Any]:
        # Another process that gets a copy, as of a background callback, connects by itself.
        return {"_connect": self._connect, "_declared": self._declared}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._client: InteropClient | None = None
        self._is_started = False
        self._to_offer: deque[Offer] = deque()
        self._streams: dict[HostedStream, Future[Stream]] = {}
        self._worker: threading.Thread | None = None

    def _offer_all(self) -> None:
        while True:
            with self._lock:
                if not self._to_offer:
                    self._worker = None
                    return
                offer = self._to_offer.popleft()
            try:
                offer(self.client)
            except InteropError as error:
                logger.error("%s", error)


class HostedStream:
    """
    A stream that ``Interop.stream`` declared. Each process that serves the app, or pushes to it,
    publishes one of its own: who wants what all of them push subscribes with the target ``"all"``.
    Everything may be called from any thread.
    """

    def __init__(
        self, peer: ServerPeer, name: str, create: Callable[[InteropClient], Stream]
    ) -> None:
        self._peer = peer
        self.name = name
        self._create = create

    def push(self, data: Any, branch: Branch = None) -> None:
        """
        Send data to the subscribers.

        Args:
            data: A dict, or something that JSON has an object for.
            branch: Key of the branch, or several; without it all branches get the data.

        Raises:
            RegistrationError: The stream is not there, as the gateway is not.
            TypeError: ``data`` is no dict.
            ValueError: ``data`` holds something that cannot travel as JSON.
        """
        self._stream().push(data, branch)

    def subscriptions(self) -> list[StreamSubscription]:
        """The subscribers now, of all branches."""
        return self._stream().subscriptions()

    def branches(self) -> list[StreamBranch]:
        """The branches that have subscribers now."""
        return self._stream().branches()

    def branch(self, key: str) -> StreamBranch | None:
        """The branch of that key; ``None`` while nobody is on it."""
        return self._stream().branch(key)

    def offer(self, client: InteropClient) -> None:
        """Create it at a client, for whoever waits for it."""
        created = self._peer.stream_to_come(self)
        if created.done():
            return
        try:
            created.set_result(self._create(client))
        except InteropError as error:
            created.set_exception(error)
            self._peer.forget_stream(self)
            raise

    def _stream(self) -> Stream:
        created = self._peer.stream_to_come(self)
        if not created.done():
            self._peer.host(self.offer)
        try:
            return created.result(STREAM_TIMEOUT)
        except FutureTimeout:
            reason = f"{self.name} is not there after {STREAM_TIMEOUT:g} s: no gateway answers"
            raise RegistrationError(reason) from None
