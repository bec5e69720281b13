"""The contexts of a client: named dicts that the peers of one user share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from ..peer.context_rules import (
    Paths,
    check_if_version,
    check_name,
    check_timeout,
    check_writable,
    read_paths,
    replacement,
    update_of,
)
from ..peer.contexts import Contexts as Domain
from ..wire.channels import is_reserved
from ..wire.payloads import copy_with_dates
from .context_subscribing import ContextSubscription, ContextSubscriptionBase
from .engine import Engine
from .listeners import Listener, Stop

__all__ = ["DEFAULT_TIMEOUT", "Contexts", "ContextsBase"]

DEFAULT_TIMEOUT = 30.0

Names: TypeAlias = "list[str]"


S = TypeVar("S", bound=ContextSubscriptionBase)


class ContextsBase(Generic[S]):
    """What needs no wait, for both kinds of client."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._domain = engine.session.domain(Domain)

    def all(self) -> Names:
        """
        The names of the contexts that there are, in an outage of those before it. Contexts that
        channels and windows are made of, whose names begin with ``___``, are left out.
        """
        names = self._engine.perform(self._domain.names)
        return [name for name in names if not is_reserved(name)]

    def on_context_added(self, listener: Listener) -> Stop:
        """Call ``listener(name)`` when a context is made; now for those there are."""
        engine = self._engine

        def add() -> Stop:
            there = [(name,) for name in self.all()]
            return engine.listeners.add("context_added", listener, there)

        return engine.perform(add)

    def on_context_removed(self, listener: Listener) -> Stop:
        """Call ``listener(name)`` when a context was destroyed."""
        engine = self._engine
        return engine.perform(lambda: engine.listeners.add("context_removed", listener))

    def subscribe(self, name: str, on_change: Listener | None = None) -> S:
        """
        Subscribe to a context, whether there is one of that name or not. Returns at once: what is
        there comes as the first change.

        Args:
            name: Of the context.
            on_change: A listener, as for ``ContextSubscription.on_change``.

        Raises:
            InvalidContext: The name cannot be used.
        """
        check_name(name)
        subscription = self._new_subscription(name)
        subscription.listen("change", on_change)
        subscription.open()
        return subscription

    def _new_subscription(self, name: str) -> S:
        raise NotImplementedError


class Contexts(ContextsBase[ContextSubscription]):
    """
    The contexts of a client; ``InteropClient.contexts`` has it.

    A context is a dict that has a name, and that all peers of one user read and write. A service
    has those of the user ``"local"``, as pages of apps without users do. The gateway decides the
    order of all writes, so everybody ends up with the same value. A context is a state and no
    queue: who reads it gets the value of now.

    A write returns when the gateway has written. During an outage it waits for the connection, up
    to its own timeout; one that was sent when the connection broke ends with ``ConnectionLost``, as
    it may have been written.
    """

    async def get(self, name: str, *, timeout: float = DEFAULT_TIMEOUT) -> dict[str, Any]:
        """
        The value of a context; an empty dict where there is none of that name. It has all that
        anybody has written before; where this client is subscribed to the context, all that its
        subscriptions have heard of.

        Args:
            name: Of the context.
            timeout: Longest wait for the gateway, in seconds.

        Raises:
            InvalidContext: The name or the time cannot be used.
            NotConnected: There was no connection within ``timeout``.
            ContextTimeout: The gateway did not answer within ``timeout``.
            ContextError: The gateway does not let this peer read it.
        """
        value, _ = await self.read(name, timeout)
        return copy_with_dates(value)

    async def get_versioned(
        self, name: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> tuple[dict[str, Any], int | None]:
        """
        The value of a context and its version, for a write with ``if_version``. The version is 0
        where there is no such context, and ``None`` at a gateway that has no versions. The value is
        as new as that of ``get``.

        Args:
            name: Of the context.
            timeout: Longest wait for the gateway, in seconds.

        Raises:
            ContextError: As ``get``.
            NotConnected: As ``get``.
        """
        value, version = await self.read(name, timeout)
        return copy_with_dates(value), version

    async def update(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        if_version: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """
        Set some top-level keys, and leave the others as they are. A key that is ``None`` is
        removed. Where there is no such context, this makes it.

        Args:
            name: Of the context; names that begin with ``___`` are not for this.
            data: A dict whose values can travel as JSON. Its keys must not have dots.
            if_version: Write only where the context is at this version; 0: only where there is no
                such context.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            InvalidContext: An argument cannot be used; nothing was sent.
            ContextConflict: The context is not at ``if_version``; nothing was written.
            NotConnected: There was no connection within ``timeout``; nothing was sent.
            ConnectionLost: The connection broke; it may have been written.
            ContextTimeout: The gateway did not answer in time; it may have been written.
            MessageTooLarge: The data is more than the gateway takes; nothing was written.
            ContextError: The gateway has refused it, and the text says why.
        """
        await self._write(name, update_of(data), if_version, timeout)

    async def set(
        self,
        name: str,
        data: Mapping[str, Any],
        *,
        if_version: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """
        Put a dict in the place of the whole value. Where there is no such context, this makes it.

        Args:
            name: Of the context; names that begin with ``___`` are not for this.
            data: A dict whose values can travel as JSON.
            if_version: As for ``update``.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ContextError: As ``update``.
            NotConnected: As ``update``.
            ConnectionLost: As ``update``.
            MessageTooLarge: As ``update``.
        """
        await self._write(name, replacement(data), if_version, timeout)

    async def set_path(
        self,
        name: str,
        path: str,
        value: Any,
        *,
        if_version: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """
        Set what a path leads to, such as ``"order.price"``; ``None`` removes it. Dicts on the way
        are made where they are missing; in a list, a segment is an index.

        Args:
            name: Of the context; names that begin with ``___`` are not for this.
            path: Keys with dots between them.
            value: What can travel as JSON.
            if_version: As for ``update``.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ContextError: As ``update``; also where the path leads into a list by something that is
                no index.
            NotConnected: As ``update``.
            ConnectionLost: As ``update``.
            MessageTooLarge: As ``update``.
        """
        await self._write(name, read_paths([(path, value)]), if_version, timeout)

    async def set_paths(
        self,
        name: str,
        paths: Paths,
        *,
        if_version: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """
        Set several paths in their order, all of them or none.

        Args:
            name: Of the context; names that begin with ``___`` are not for this.
            paths: A dict of paths and values as for ``set_path``, or pairs of them.
            if_version: As for ``update``.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ContextError: As ``set_path``.
            NotConnected: As ``update``.
            ConnectionLost: As ``update``.
            MessageTooLarge: As ``update``.
        """
        await self._write(name, read_paths(paths), if_version, timeout)

    async def destroy(
        self, name: str, *, if_version: int | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """
        Remove a context for all peers. Subscriptions to it go on, and hear of it; to empty it, set
        it to an empty dict instead.

        Args:
            name: Of the context; names that begin with ``___`` are not for this.
            if_version: Remove it only where it is at this version.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ContextNotFound: There is no context of that name.
            ContextError: As ``update``.
            NotConnected: As ``update``.
            ConnectionLost: As ``update``.
        """
        check_if_version(if_version, least=1)
        await self._write(name, None, if_version, timeout, creates=False)

    def _new_subscription(self, name: str) -> ContextSubscription:
        return ContextSubscription(self._engine, name)

    # What channels are made of, too

    async def read(self, name: str, timeout: float) -> tuple[dict[str, Any], int | None]:
        """The value and its version, with dates as they travel. Nobody may change it."""
        check_name(name)
        check_timeout(timeout)
        return await self._engine.request(
            lambda token: self._domain.read(token, name, timeout=timeout),
            lambda _, reading: self._domain.stop_reading(name, reading),
        )

    async def until_known(self, timeout: float) -> None:
        """Wait for the connection, with which it is known which contexts there are."""
        check_timeout(timeout)
        await self._engine.request(
            lambda token: self._domain.wait_until_known(token, timeout=timeout),
            lambda _, wait: wait and self._engine.session.link.end_wait(wait),
        )

    async def write(
        self,
        name: str,
        delta: dict[str, Any] | None,
        if_version: int | None,
        timeout: float,
        *,
        creates: bool,
    ) -> None:
        """Write a delta to any context; ``None`` destroys it."""
        check_timeout(timeout)
        writing = self._domain.writing
        await self._engine.request(
            lambda token: writing.write(
                token, name, delta, if_version=if_version, creates=creates, timeout=timeout
            ),
            lambda _, write: writing.cancel(name, write),
        )

    async def _write(
        self,
        name: str,
        delta: dict[str, Any] | None,
        if_version: int | None,
        timeout: float,
        *,
        creates: bool = True,
    ) -> None:
        check_writable(name)
        check_if_version(if_version)
        await self.write(name, delta, if_version, timeout, creates=creates)
