"""
The channels of a client: contexts with a colour, that apps choose to share what they show.

Which channels a client has joined is known to itself alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeAlias, TypeVar, get_args

from ..errors import ChannelNotFound, ContextConflict, ContextNotFound, InvalidContext
from ..peer.context_rules import check_key, check_name, check_timeout, plain_data
from ..peer.contexts import Contexts as Domain
from ..wire.channels import (
    channel_of,
    channel_value,
    context_of,
    publishing,
    read_data,
    read_meta,
)
from ..wire.payloads import copy_with_dates
from .channel_membership import Membership, Mode
from .channel_subscribing import ChannelSubscription, ChannelSubscriptionBase
from .contexts import DEFAULT_TIMEOUT, Contexts
from .engine import Engine
from .listeners import Listener, Stop

__all__ = ["Channels", "ChannelsBase"]

Names: TypeAlias = "list[str]"
Dicts: TypeAlias = "list[dict[str, Any]]"


S = TypeVar("S", bound=ChannelSubscriptionBase)


class ChannelsBase(Generic[S]):
    """What needs no wait, for both kinds of client."""

    def __init__(self, engine: Engine, membership: Membership) -> None:
        self._engine = engine
        self._domain = engine.session.domain(Domain)
        self.membership = membership

    def all(self) -> Names:
        """The names of the channels that there are, in an outage of those before it."""
        channels = map(channel_of, self._engine.perform(self._domain.names))
        return [name for name in channels if name is not None]

    @property
    def my(self) -> Names:
        """The names of the channels that were joined, in the order of joining."""
        return self.membership.names

    @property
    def mode(self) -> Mode:
        """
        ``"single"`` (default): to join a channel leaves the one before; ``"multi"``: any number is
        joined. May be set; of several channels the one that was joined last stays in single mode.

        Raises:
            InvalidContext: It is set to something else.
        """
        return self.membership.mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode not in get_args(Mode):
            raise InvalidContext(
                f"The mode of channels has to be 'single' or 'multi', not {mode!r}"
            )
        self._engine.perform(lambda: self.membership.change_mode(mode))

    def subscribe(
        self,
        on_change: Listener | None = None,
        *,
        name: str | None = None,
        skip_own: bool = False,
    ) -> S:
        """
        Subscribe to the channels that are joined, now and later, or to one of them whether it is
        joined or not. Returns at once: what is there comes as the first change of each channel.

        Args:
            on_change: A listener, as for ``ChannelSubscription.on_change``.
            name: The one channel; it need not be there yet.
            skip_own: Leave out what this client publishes.

        Raises:
            InvalidContext: The name cannot be used.
        """
        if name is not None:
            check_name(name, "channel")
        subscription = self._new_subscription(name)
        subscription.skips_own = skip_own
        subscription.listen("change", on_change)
        self._engine.perform(lambda: subscription.open(self.my))
        return subscription

    def on_channel_added(self, listener: Listener) -> Stop:
        """Call ``listener(name)`` when a channel is made; now for those there are."""
        engine = self._engine

        def add() -> Stop:
            there = [(name,) for name in self.all()]
            return engine.listeners.add("channel_added", listener, there)

        return engine.perform(add)

    def on_channel_removed(self, listener: Listener) -> Stop:
        """Call ``listener(name)`` when a channel was removed."""
        return self._listen("channel_removed", listener)

    def on_my_changed(self, listener: Listener) -> Stop:
        """Call ``listener(names)`` when channels were joined or left."""
        return self._listen("my_channels_changed", listener)

    def _listen(self, event: str, listener: Listener) -> Stop:
        return self._engine.perform(lambda: self._engine.listeners.add(event, listener))

    def _new_subscription(self, name: str | None) -> S:
        raise NotImplementedError


class Channels(ChannelsBase[ChannelSubscription]):
    """
    The channels of a client; ``InteropClient.channels`` has them.

    A channel is a named, coloured context that all peers of one user see. Each client joins one, or
    several (``mode``), publishes there, and hears what others publish. Its value is a dict with
    ``name``, ``meta`` (at least ``color``) and ``data``.
    """

    def __init__(self, engine: Engine, contexts: Contexts) -> None:
        super().__init__(engine, Membership(engine))
        self._contexts = contexts

    async def list(self, *, timeout: float = DEFAULT_TIMEOUT) -> Dicts:
        """
        The channels that there are, each a dict with ``name``, ``meta`` and ``data``.

        Args:
            timeout: Longest wait for the gateway, in seconds.

        Raises:
            NotConnected: There was no connection within ``timeout``.
            ContextError: The gateway did not answer, or has refused it.
        """
        await self._contexts.until_known(timeout)
        names = self.all()
        values = await asyncio.gather(
            *(self._contexts.read(context_of(name), timeout) for name in names)
        )
        pairs = zip(names, values, strict=True)
        return [_described(name, value) for name, (value, version) in pairs if version != 0]

    async def get(self, name: str, *, timeout: float = DEFAULT_TIMEOUT) -> dict[str, Any]:
        """
        A channel as a dict with ``name``, ``meta`` and ``data``, as new as what ``get`` of
        ``Contexts`` returns.

        Args:
            name: Of the channel.
            timeout: Longest wait for the gateway, in seconds.

        Raises:
            ChannelNotFound: There is no channel of that name.
            NotConnected: There was no connection within ``timeout``.
            ContextError: The name cannot be used; the gateway did not answer, or has refused it.
        """
        return _described(name, await self._read(name, timeout))

    async def join(self, name: str, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """
        Join a channel, after all joins and leaves that were asked for before. In single mode, the
        one before is left.

        Args:
            name: Of the channel.
            timeout: Longest wait for the gateway, in seconds.

        Raises:
            ChannelNotFound: There is no channel of that name.
            NotConnected: There was no connection within ``timeout``.
            ContextError: The name cannot be used; the gateway did not answer, or has refused it.
        """
        check_name(name, "channel")
        check_timeout(timeout)
        self._engine.check_loop()
        async with self.membership.turn:
            if name not in self.all():
                await self._read(name, timeout)
            self._engine.perform(lambda: self.membership.join(name))

    async def leave(self, name: str | None = None) -> None:
        """
        Leave a channel, after all joins and leaves that were asked for before. To leave one that
        was not joined does nothing.

        Args:
            name: Of the channel; ``None``: all that were joined.

        Raises:
            ChannelNotFound: There is no channel of that name, and it was not joined.
        """
        if name is not None:
            check_name(name, "channel")
        self._engine.check_loop()
        async with self.membership.turn:
            if name is not None and name not in self.my and name not in self.all():
                raise _not_found(name)
            self._engine.perform(lambda: self.membership.leave(name))

    async def publish(
        self,
        data: Mapping[str, Any],
        name: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """
        Set top-level keys of the data of a channel, and leave the others as they are. A key that is
        ``None`` is removed.

        Args:
            data: A dict whose values can travel as JSON. Its keys must not have dots.
            name: Of the channel; ``None``: all that were joined, after the joins and leaves that
                were asked for before.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ChannelNotFound: There is no channel of that name; or none was joined or named.
            InvalidContext: An argument cannot be used; nothing was sent.
            NotConnected: There was no connection within ``timeout``; nothing was sent.
            ConnectionLost: The connection broke; it may have been published.
            MessageTooLarge: The data is more than the gateway takes; nothing was published.
            ContextError: The gateway did not answer in time, or has refused it.
        """
        plain = plain_data(data)
        for key in plain:
            check_key(key)
        delta = publishing(plain)
        check_timeout(timeout)
        if name is not None:
            check_name(name, "channel")
            await self._publish(name, delta, timeout)
            return
        self._engine.check_loop()
        async with self.membership.turn:
            joined = self.my
        if not joined:
            raise ChannelNotFound("There is no channel to publish on: join one, or name one")
        writes = (self._publish(each, delta, timeout) for each in joined)
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def add(
        self, name: str, color: str, *, timeout: float = DEFAULT_TIMEOUT, **meta: Any
    ) -> None:
        """
        Make a channel.

        Args:
            name: Of the channel.
            color: As CSS has it, such as ``"red"`` or ``"#c0392b"``.
            timeout: Longest wait for the gateway, in seconds, an outage included.
            meta: What else it says of itself.

        Raises:
            ContextConflict: There is a channel of that name.
            InvalidContext: An argument cannot be used; nothing was sent.
            NotConnected: There was no connection within ``timeout``; nothing was sent.
            ConnectionLost: The connection broke; it may have been made.
            ContextError: The gateway did not answer in time, or has refused it.
        """
        check_name(name, "channel")
        if not isinstance(color, str) or not color:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidContext(f"The color of a channel has to be a text, not {color!r}")
        value = channel_value(name, plain_data({"color": color, **meta}))
        try:
            await self._contexts.write(
                context_of(name), {"reset": value}, if_version=0, timeout=timeout, creates=True
            )
        except ContextConflict:
            raise ContextConflict(f"There is a channel {name} already") from None

    async def remove(self, name: str, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """
        Remove a channel for all peers. Who has joined it stays on it, should it be made anew.

        Args:
            name: Of the channel.
            timeout: Longest wait for the gateway, in seconds, an outage included.

        Raises:
            ChannelNotFound: There is no channel of that name.
            NotConnected: There was no connection within ``timeout``; nothing was sent.
            ConnectionLost: The connection broke; it may have been removed.
            ContextError: The gateway did not answer in time, or has refused it.
        """
        check_name(name, "channel")
        with _as_channel(name):
            await self._contexts.write(context_of(name), None, None, timeout, creates=False)

    def _new_subscription(self, name: str | None) -> ChannelSubscription:
        return ChannelSubscription(self._engine, name, self.membership.followers)

    async def _publish(self, name: str, delta: dict[str, Any], timeout: float) -> None:
        # Publishing must not make a channel, which would have neither colour nor name.
        with _as_channel(name):
            await self._contexts.write(context_of(name), delta, None, timeout, creates=False)

    async def _read(self, name: str, timeout: float) -> dict[str, Any]:
        check_name(name, "channel")
        value, version = await self._contexts.read(context_of(name), timeout)
        if version == 0:
            raise _not_found(name)
        return value


@contextmanager
def _as_channel(name: str) -> Generator[None]:
    """Say of a context that is missing that it is a channel."""
    try:
        yield
    except ContextNotFound:
        raise _not_found(name) from None


def _not_found(name: str) -> ChannelNotFound:
    return ChannelNotFound(f"There is no channel {name}")


def _described(name: str, value: dict[str, Any]) -> dict[str, Any]:
    copy = copy_with_dates(value)
    return {"name": name, "meta": read_meta(copy), "data": read_data(copy)}
