"""
Which contexts there are, and being a member of those whose value is wanted: by somebody here, or to
bring back what this peer has written, should the gateway forget it.

::

    outside --subscribe--> asking --subscribed--> member --nobody wants it--> outside
       +---------------- create --------------------^

A member gets each write, in the order of the gateway. Whoever creates a context is a member, too,
and so is who tried to, where somebody else was first.

Who reads a context gets what there is at the gateway when it asks: a value that was on its way
before may be older than a write that has ended since. Whose subscriptions hear of each write reads
what they have heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import UNSET, Raw, UnsetType

from ..errors import MessageTooLarge
from ..wire.channels import channel_of, is_reserved
from ..wire.codec import encode
from ..wire.contexts import (
    FAILURE,
    RETAINED,
    UNKNOWN_CONTEXT,
    ContextCreated,
    ContextUpdated,
    CreateContext,
    SubscribeContext,
    SubscribedContext,
    UnsubscribeContext,
)
from ..wire.deltas import DeltaRefused
from ..wire.envelope import GLOBAL, Error, Outbound
from ..wire.payloads import PayloadError, decode_map
from .context_copy import ContextCopy
from .link import Link, OnAnswer

__all__ = ["ContextMembership", "is_unknown"]

_FAILURE: Final = f"{GLOBAL}.{FAILURE}"
_INVALID_CONTEXT: Final = f"{GLOBAL}.errors.invalid_context"
"""What other gateways may answer in its place."""


class ContextMembership:
    """
    Args:
        link: The line to the gateway.

    Attributes:
        on_ready: Called with a context that may be written to, or may be created, from now on.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._copies: dict[str, ContextCopy] = {}
        self._by_id: dict[str, ContextCopy] = {}
        self.on_ready: Callable[[ContextCopy], None] = _nothing

    def __iter__(self) -> Iterator[ContextCopy]:
        return iter(list(self._copies.values()))

    def find(self, context_id: str) -> ContextCopy | None:
        return self._by_id.get(context_id)

    def copy(self, name: str) -> ContextCopy:
        """What is known of a context, nothing yet where it is the first question."""
        copy = self._copies.get(name)
        if copy is None:
            copy = self._copies[name] = ContextCopy(self._link, name)
        return copy

    # What the gateway tells

    def announce(self, name: str, context_id: str) -> None:
        """There is such a context."""
        copy = self.copy(name)
        self._know(copy, context_id)
        self.attend(copy)
        self.on_ready(copy)

    def disappear(self, copy: ContextCopy) -> None:
        """There is no such context any more."""
        was_announced = copy.is_announced
        if copy.id is not None:
            self._by_id.pop(copy.id, None)
        copy.disappear()
        if was_announced:
            self._tell("removed", copy.name)
        self.attend(copy)

    def update(self, copy: ContextCopy, message: ContextUpdated) -> None:
        """Somebody has written."""
        # What was sent before the peer left and came back is in the value that it gets.
        if not copy.is_member:
            return
        try:
            delta = decode_map(message.delta)
        except PayloadError as error:
            self._fail(copy, str(error))
            return
        version = None if isinstance(message.version, UnsetType) else message.version
        self.apply(copy, delta, message.updater_id, version)

    def apply(
        self,
        copy: ContextCopy,
        delta: dict[str, Any],
        updater_id: str | None,
        version: int | None,
    ) -> None:
        try:
            copy.take_delta(delta, updater_id, version)
        except DeltaRefused:
            # Only what a gateway that is not ours makes of it is known to be right.
            self._leave(copy)
            self.attend(copy)

    def lose(self) -> None:
        self._by_id.clear()
        for copy in self:
            copy.lose()
            self._tidy(copy)

    # Being a member

    def attend(self, copy: ContextCopy) -> None:
        """Become a member of a context that is wanted, leave one that is not."""
        if self._link.is_joined and not copy.is_being_created:
            if copy.is_member and copy.watches:
                copy.settle_all(list(copy.readings))
            if copy.id is None or copy.is_member:
                if copy.readings:
                    self.catch_up(copy)
                elif copy.is_member and not copy.is_wanted:
                    self._leave(copy)
            elif copy.is_wanted and copy.asking is None:
                self._subscribe(copy, copy.id)
        self._tidy(copy)

    def catch_up(self, copy: ContextCopy) -> None:
        """
        Hear all that has happened until now, whether there is no such context, and what others
        have written: the gateway answers a request, whatever it is, behind all that it has told
        before.
        """
        if copy.is_catching_up:
            return
        link = self._link
        copy.is_catching_up = True
        readings = list(copy.readings)

        def answered(answer: Outbound | None) -> None:
            copy.is_catching_up = False
            if answer is None:
                return
            if copy.is_member or (copy.id is None and not copy.is_being_created):
                copy.settle_all(readings)
            self.attend(copy)
            self.on_ready(copy)

        link.request(SubscribeContext(link.new_request_id(), link.peer_id), answered)

    def create(
        self,
        copy: ContextCopy,
        value: dict[str, Any],
        on_answer: OnAnswer,
        *,
        version: int | UnsetType = UNSET,
        paths: list[str] | UnsetType = UNSET,
    ) -> None:
        """
        Ask the gateway to make a context. Where there is one, its value is told instead, and this
        one is ignored.

        Args:
            on_answer: Called when the context is known.
            paths: What of the value this peer has written; all of it by default.
            version: Of the value, where it is one that this gateway may have lost.

        Raises:
            MessageTooLarge: As ``Link.transmit``.
        """
        link = self._link

        def answered(answer: Outbound | None) -> None:
            copy.is_being_created = False
            if isinstance(answer, ContextCreated):
                self._know(copy, answer.context_id)
                self._created(copy, answer, value, is_new=version is UNSET)
            elif isinstance(answer, SubscribedContext):
                self._know(copy, answer.context_id)
                self._subscribed(copy, answer)
            on_answer(answer)
            if answer is not None:
                self.attend(copy)
                self.on_ready(copy)

        link.request(
            CreateContext(
                link.new_request_id(),
                link.peer_id,
                copy.name,
                Raw(encode(value)),
                RETAINED,
                version=version,
                echo=True,
                paths=paths,
            ),
            answered,
        )
        copy.is_being_created = True

    def _created(
        self, copy: ContextCopy, answer: ContextCreated, value: dict[str, Any], *, is_new: bool
    ) -> None:
        if not isinstance(answer.data, UnsetType):
            value = decode_map(answer.data)
        copy.is_written = copy.is_written or (is_new and self._link.node is not None)
        begin = copy.begin if is_new else copy.take_snapshot
        begin(value, _version_of(answer), is_restorable=self._link.node is not None)

    def restore(self, copy: ContextCopy) -> None:
        """Give a gateway that has forgotten it the last value that is known."""
        assert copy.value is not None and copy.version is not None

        def answered(answer: Outbound | None) -> None:
            if isinstance(answer, Error):
                self._not_restored(copy, answer.reason)

        try:
            self.create(copy, copy.value, answered, version=copy.version)
        except MessageTooLarge as error:
            self._not_restored(copy, str(error))

    def _not_restored(self, copy: ContextCopy, reason: str) -> None:
        self._link.tell("problem", f"The context {copy.name} was not restored: {reason}")
        if copy.id is None:
            self.disappear(copy)

    def _know(self, copy: ContextCopy, context_id: str) -> None:
        copy.id = context_id
        self._by_id[context_id] = copy
        if not copy.is_announced:
            copy.is_announced = True
            self._tell("added", copy.name)

    def _subscribe(self, copy: ContextCopy, context_id: str) -> None:
        link = self._link
        request_id = copy.asking = link.new_request_id()
        readings = list(copy.readings)

        def answered(answer: Outbound | None) -> None:
            # It may have been destroyed, made anew and subscribed to again meanwhile.
            if copy.asking != request_id or answer is None:
                return
            copy.asking = None
            if isinstance(answer, SubscribedContext):
                self._subscribed(copy, answer)
                copy.settle_all(readings)
                self.attend(copy)
            elif isinstance(answer, Error) and is_unknown(answer):
                self.disappear(copy)
            elif isinstance(answer, Error):
                self._fail(copy, answer.reason)

        link.request(SubscribeContext(request_id, link.peer_id, context_id), answered)

    def _subscribed(self, copy: ContextCopy, answer: SubscribedContext) -> None:
        try:
            value = decode_map(answer.data)
        except PayloadError as error:
            copy.is_member = True
            self._fail(copy, str(error))
            return
        copy.take_snapshot(value, _version_of(answer), is_restorable=answer.restorable is True)

    def _leave(self, copy: ContextCopy) -> None:
        link = self._link
        assert copy.id is not None
        copy.leave()
        link.request(UnsubscribeContext(link.new_request_id(), link.peer_id, copy.id), _ignore)

    def _fail(self, copy: ContextCopy, reason: str) -> None:
        copy.fail(f"The context {copy.name} cannot be read: {reason}")
        self.attend(copy)

    def _tell(self, event: str, name: str) -> None:
        channel = channel_of(name)
        if channel is not None:
            self._link.tell(f"channel_{event}", channel)
        elif not is_reserved(name):
            self._link.tell(f"context_{event}", name)

    def _tidy(self, copy: ContextCopy) -> None:
        if not copy.is_of_use:
            self._copies.pop(copy.name, None)


def is_unknown(answer: Error) -> bool:
    """Whether a request was refused because there is no such context any more."""
    if answer.reason_uri == _FAILURE:
        return answer.reason.startswith(UNKNOWN_CONTEXT)
    return answer.reason_uri == _INVALID_CONTEXT


def _version_of(answer: ContextCreated | SubscribedContext) -> int | None:
    return None if isinstance(answer.version, UnsetType) else answer.version


def _ignore(_: Outbound | None) -> None:
    """The peer has left, whatever the gateway answers."""


def _nothing(_: ContextCopy) -> None:
    """Nobody writes."""
