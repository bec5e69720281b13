"""
The contexts of a peer: named dicts that it shares with the other peers of its user.

The gateway decides the order of all writes. A write of this peer changes the copy that it has only
when the gateway says so, between the writes of others, so that all copies are equal. At a gateway
that does not tell a writer of its own writes, they are applied when it confirms them.

Names and subscriptions outlive any number of connections. A gateway that was restarted has lost the
values: whoever was subscribed or has written gives them back, with their versions, and what is
newer there stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from ..errors import ContextTimeout, NotConnected
from ..wire.contexts import (
    IN_GLOBAL,
    ContextAdded,
    ContextCreated,
    ContextDestroyed,
    ContextUpdated,
    SubscribedContext,
)
from ..wire.envelope import Outbound, Vocabulary
from ..wire.login import Join
from .context_copy import ContextCopy
from .context_membership import ContextMembership
from .context_requests import Reading, Watch
from .context_writing import ContextWriting
from .link import Link, Wait

__all__ = ["Contexts"]


class Contexts:
    """
    What is asked with a token is answered by a ``Settle`` of that token.

    Attributes:
        writing: The writes of this peer.
    """

    vocabulary: ClassVar[Vocabulary] = IN_GLOBAL

    def __init__(self, link: Link) -> None:
        self._link = link
        self._membership = ContextMembership(link)
        self.writing: Final = ContextWriting(link, self._membership)
        self._membership.on_ready = self.writing.flush
        self._node: str | None = None

    @property
    def handlers(self) -> Mapping[type[Outbound], Callable[[Any], None]]:
        return {
            ContextCreated: self._link.answered,
            SubscribedContext: self._link.answered,
            ContextAdded: self._added,
            ContextUpdated: self._updated,
            ContextDestroyed: self._destroyed,
        }

    # From login to outage

    def logged_in(self) -> None:
        """The gateway tells of the contexts that there are before it lets the peer join."""

    def joining(self, join: Join) -> Join:
        return join

    def joined(self) -> None:
        node, self._node = self._node, self._link.node
        is_another = None not in (node, self._node) and node != self._node
        for copy in self._membership:
            if is_another and copy.is_restorable and copy.value is not None:
                self._membership.restore(copy)
            elif copy.id is None and copy.is_announced:
                self._membership.disappear(copy)
            self._membership.attend(copy)
            self.writing.flush(copy)

    def lost(self) -> None:
        self._membership.lose()

    # What the shell asks for

    def names(self) -> list[str]:
        """Those of all contexts that are known, in an outage those of before."""
        return [copy.name for copy in self._membership if copy.is_announced]

    def wait_until_known(self, token: Any, *, timeout: float) -> Wait | None:
        """Settled when the gateway has told which contexts there are; ``Link.end_wait`` ends it."""
        link = self._link

        def is_known() -> bool:
            if link.is_joined:
                link.settle(token)
            return link.is_joined

        def give_up() -> None:
            reason = f"There was no connection to the gateway within {timeout:g} s"
            link.settle(token, error=NotConnected(reason))

        return link.wait(is_known, link.now + timeout, give_up)

    def read(self, token: Any, name: str, *, timeout: float) -> Reading:
        """
        Settled with the value and its version: an empty dict and 0 where there is no such context,
        the version ``None`` at a gateway that has none. Dates in it are as they travel. It is the
        value of this moment at least; where this peer is subscribed, the one that its subscriptions
        have heard of.

        Args:
            timeout: Longest wait for the gateway, in seconds.
        """
        copy, link = self._membership.copy(name), self._link
        timer = link.deadlines.at(
            link.now + timeout, lambda _: self._give_up(copy, reading, timeout)
        )
        reading = Reading(token, timer)
        copy.readings[reading] = None
        self._membership.attend(copy)
        return reading

    def stop_reading(self, name: str, reading: Reading) -> None:
        """The value is not wanted any more."""
        copy = self._membership.copy(name)
        if reading in copy.readings:
            del copy.readings[reading]
            reading.timer.cancel()
        self._membership.attend(copy)

    def watch(self, name: str, owner: Any) -> Watch:
        """Subscribe until ``unwatch``; the owner is that of a ``Watch``."""
        copy = self._membership.copy(name)
        watch = Watch(name, owner)
        copy.watch(watch)
        self._membership.attend(copy)
        return watch

    def unwatch(self, watch: Watch) -> None:
        copy = self._membership.copy(watch.name)
        copy.watches.pop(watch, None)
        self._membership.attend(copy)

    def _give_up(self, copy: ContextCopy, reading: Reading, timeout: float) -> None:
        what = f"The context {copy.name} was not read within {timeout:g} s"
        del copy.readings[reading]
        error = (
            ContextTimeout(f"{what}: the gateway did not answer")
            if self._link.is_joined
            else NotConnected(f"{what}: there is no connection to the gateway")
        )
        self._link.settle(reading.token, error=error)
        self._membership.attend(copy)

    # What the gateway tells

    def _added(self, message: ContextAdded) -> None:
        self._membership.announce(message.name, message.context_id)

    def _updated(self, message: ContextUpdated) -> None:
        copy = self._membership.find(message.context_id)
        if copy is not None:
            self._membership.update(copy, message)

    def _destroyed(self, message: ContextDestroyed) -> None:
        copy = self._membership.find(message.context_id)
        if copy is not None:
            self._membership.disappear(copy)
            self.writing.flush(copy)
