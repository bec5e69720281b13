"""
The publisher's side of streams: requests to subscribe, branches, and what is pushed to them.

Each branch of a stream is one ``stream_id`` on the wire, so that a push is one message however many
subscribe; subscriptions accepted without a key are on the branch with the key ``""``.

A stream with a history sends its offsets along. A subscriber that asks gets what it has not seen
right *before* it is accepted: it knows where it stands as soon as it is subscribed, and nothing
live can come before what was kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from msgspec import Raw

from ..errors import SubscriptionError
from ..wire.agm import (
    SUBSCRIPTION_FAILURE,
    Accepted,
    AddInterest,
    DropSubscription,
    Post,
    Publish,
    RemoveInterest,
)
from ..wire.codec import encode
from ..wire.envelope import NULL
from ..wire.history import Position, Replay, position_in, replay_fields
from ..wire.payloads import PayloadError, decode_object
from .directory import Directory, Instance
from .history import StreamHistory
from .link import Link

__all__ = ["Publication", "Publishing", "StreamInterest"]


class StreamInterest:
    """
    One subscriber of a stream of ours, from its request on.

    Attributes:
        id: The subscription's.
        arguments: What it subscribed with, a dict.
        instance: Who subscribes.
        position: Where it stands in the history; ``None`` where it does not ask.
        branch_key: The branch that it was accepted on; ``None`` while undecided.
    """

    def __init__(
        self,
        publication: Publication,
        id: str,
        arguments: dict[str, Any],
        instance: Instance,
        position: Position | None,
    ) -> None:
        self.publication = publication
        self.id = id
        self.arguments = arguments
        self.instance = instance
        self.position = position
        self.branch_key: str | None = None


class Publication:
    """
    A stream of ours.

    Attributes:
        id: Its method's.
        owner: What the shell has for the stream; hears of its subscribers.
        decides: Whether the owner answers each request; they are accepted as they come otherwise.
        history: What it keeps; ``None`` for nothing.
        branches: Accepted subscriptions by branch key; a branch without any does not exist.
    """

    def __init__(
        self, id: str, owner: Any, *, decides: bool, history: StreamHistory | None = None
    ) -> None:
        self.id = id
        self.owner = owner
        self.decides = decides
        self.history = history
        self.interests: dict[str, StreamInterest] = {}
        self.branches: dict[str, dict[str, StreamInterest]] = {}
        self._stream_ids: dict[str, str] = {}
        self._count = 0

    def stream_id(self, key: str) -> str:
        """Of a branch, as long as it exists."""
        if key not in self._stream_ids:
            self._count += 1
            self._stream_ids[key] = f"{self.id}/{self._count}"
        return self._stream_ids[key]

    def slot(self, data: Raw) -> Hashable:
        """
        What the history keeps the datum under.

        Raises:
            ValueError: It lacks the field by which the history is kept.
        """
        return None if self.history is None else self.history.slot(data)

    def close_branch(self, key: str) -> None:
        del self.branches[key]
        del self._stream_ids[key]


class Publishing:
    """The streams of a peer, and who subscribes to them."""

    def __init__(self, link: Link, directory: Directory) -> None:
        self._link = link
        self._directory = directory
        self._publications: dict[str, Publication] = {}

    def add(self, publication: Publication) -> None:
        self._publications[publication.id] = publication

    def remove(self, publication: Publication) -> None:
        """The stream is closed; the gateway tells its subscribers."""
        self._publications.pop(publication.id, None)
        self._end_all(publication)

    def lose(self) -> None:
        """The connection is lost, and with it all subscribers; they come back by themselves."""
        for publication in self._publications.values():
            self._end_all(publication)

    # What the gateway tells

    def request(self, message: AddInterest) -> None:
        publication = self._publications.get(str(message.method_id))
        if publication is None:
            self._link.refuse(
                message.subscription_id, SUBSCRIPTION_FAILURE, "The stream is no longer offered"
            )
            return
        try:
            arguments = decode_object(message.arguments_kv)
        except PayloadError as error:
            self._link.refuse(
                message.subscription_id,
                SUBSCRIPTION_FAILURE,
                f"The arguments cannot be read: {error}",
            )
            return
        interest = StreamInterest(
            publication,
            message.subscription_id,
            arguments,
            self._directory.instance(message.caller_id),
            position_in(message.context),
        )
        publication.interests[interest.id] = interest
        if publication.decides:
            self._link.emit(publication.owner, "requested", interest)
        else:
            self.accept(interest, "")

    def end(self, message: RemoveInterest) -> None:
        publication = self._publications.get(str(message.method_id))
        interest = publication and publication.interests.get(message.subscription_id)
        if interest:
            self._end(interest)

    # What the publisher does

    def accept(self, interest: StreamInterest, key: str) -> None:
        """
        Raises:
            SubscriptionError: It was answered already.
        """
        if not self._is_undecided(interest):
            return
        publication = interest.publication
        interest.branch_key = key
        publication.branches.setdefault(key, {})[interest.id] = interest
        replay = self._replay(interest, key)
        if replay is not None:
            data, snapshot = replay_fields(replay)
            self._link.transmit(Post(None, self._link.peer_id, interest.id, data, NULL, snapshot))
        stream_id = publication.stream_id(key)
        self._link.transmit(Accepted(None, self._link.peer_id, interest.id, stream_id))
        self._link.emit(publication.owner, "added", interest)

    def reject(self, interest: StreamInterest, reason: str) -> None:
        """
        Raises:
            SubscriptionError: It was answered already.
        """
        if self._is_undecided(interest):
            del interest.publication.interests[interest.id]
            interest.branch_key = ""
            self._link.refuse(interest.id, SUBSCRIPTION_FAILURE, reason)

    def push(
        self,
        publication: Publication,
        data: Raw,
        keys: Sequence[str] | None,
        slot: Hashable = None,
    ) -> None:
        """
        Send data to some branches, or to all; a branch without subscribers needs no message.

        Args:
            slot: As ``Publication.slot`` says of the data.

        Raises:
            MessageTooLarge: The gateway would not take it.
        """
        history, sequence, offset = publication.history, NULL, 0
        if history is not None:
            offset = history.next_offset()
            sequence = Raw(encode(offset))
        for key in list(publication.branches) if keys is None else dict.fromkeys(keys):
            if key in publication.branches:
                stream_id = publication.stream_id(key)
                self._link.transmit(Publish(None, self._link.peer_id, stream_id, data, sequence))
        if history is not None:
            history.keep(offset, data, keys, slot)

    def push_to(self, interest: StreamInterest, data: Raw) -> None:
        """
        Send data to one subscriber; it is dropped when the subscription has ended.

        Raises:
            MessageTooLarge: The gateway would not take it.
        """
        if interest.id in interest.publication.interests:
            self._link.transmit(Post(None, self._link.peer_id, interest.id, data))

    def close(self, interests: Sequence[StreamInterest]) -> None:
        """End subscriptions that were accepted."""
        for interest in interests:
            if interest.id in interest.publication.interests:
                reason = "The publisher has closed the subscription"
                self._link.transmit(
                    DropSubscription(None, self._link.peer_id, interest.id, None, reason)
                )
                self._end(interest)

    def _replay(self, interest: StreamInterest, key: str) -> Replay | None:
        history, position = interest.publication.history, interest.position
        if history is None or position is None:
            return None
        return history.replay(key, position, self._link.max_size)

    def _is_undecided(self, interest: StreamInterest) -> bool:
        if interest.branch_key is not None:
            raise SubscriptionError("The subscription request was answered already")
        # A subscriber that has left meanwhile gets no answer.
        return interest.id in interest.publication.interests

    def _end(self, interest: StreamInterest) -> None:
        publication = interest.publication
        del publication.interests[interest.id]
        key = interest.branch_key
        if key is None:
            return
        branch = publication.branches[key]
        del branch[interest.id]
        if not branch:
            publication.close_branch(key)
        self._link.emit(publication.owner, "removed", interest)

    def _end_all(self, publication: Publication) -> None:
        for interest in list(publication.interests.values()):
            self._end(interest)
