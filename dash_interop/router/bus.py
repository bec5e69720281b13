"""The domain ``bus`` behind the seam of the router: data by topic, to whoever has subscribed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..wire.bus import (
    BUS,
    BUS_FAILURE,
    VOCABULARY,
    Event,
    Publish,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from ..wire.envelope import Inbound, Success
from ..wire.login import LIMITS_EXCEEDED, Join
from .effects import Probe
from .peers import Peer
from .switchboard import Switchboard

__all__ = ["Bus"]

_WILD: Final = re.compile("([*>])")
_MISSING: Final = object()


class Bus:
    """Members hear what is published by peers of their user, and services by all."""

    vocabularies = (VOCABULARY,)

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._members: dict[str, _Member] = {}
        self._handlers: dict[type[Inbound], Callable[[_Member, Any], None]] = {
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Publish: self._publish,
        }

    # What the router calls

    def arrive(self, peer: Peer) -> None:
        """Who has not joined hears of nothing."""

    def depart(self, peer: Peer) -> None:
        """Nothing is kept of who has left."""

    def join(self, peer: Peer, message: Join) -> bool:
        self._members.setdefault(peer.id, _Member(peer))
        return True

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        self._members.pop(peer.id, None)

    def handle(self, peer: Peer, message: Any) -> None:
        member = self._members.get(peer.id)
        if member is not None:
            self._handlers[type(message)](member, message)
        else:
            self._refuse(peer, message, "Join the domain bus first")

    def passes_over(self, message: Any) -> bool:
        return isinstance(message, Publish)

    def heard(self, probe: Probe) -> None:
        """It never asks."""

    def end_turn(self) -> None:
        """It puts nothing off."""

    @property
    def is_busy(self) -> bool:
        return False

    def tick(self) -> None:
        """Nothing is ever due."""

    def next_deadline(self) -> float | None:
        return None

    def counters(self) -> dict[str, int]:
        return {"bus_subscriptions": sum(len(each.topics) for each in self._members.values())}

    def snapshot(self) -> dict[str, Any]:
        return {
            peer_id: [topic.text for topic in member.topics.values()]
            for peer_id, member in self._members.items()
        }

    # Requests

    def _subscribe(self, member: _Member, message: Subscribe) -> None:
        limits = self._board.limits
        if not 0 < len(message.topic) <= limits.name_length:
            self._refuse(member.peer, message, f"A topic has 1 to {limits.name_length} characters")
        elif len(member.topics) >= limits.bus_subscriptions_per_peer:
            limit = limits.bus_subscriptions_per_peer
            reason = f"The limit of topics that one peer subscribes to is {limit}"
            self._refuse(member.peer, message, reason, LIMITS_EXCEEDED)
        else:
            id = self._board.new_id("r")
            member.topics[id] = _Topic(message.topic, message.routing_key)
            self._board.send(
                member.peer.connection, Subscribed(message.request_id, member.peer.id, id)
            )

    def _unsubscribe(self, member: _Member, message: Unsubscribe) -> None:
        peer = member.peer
        if member.topics.pop(message.subscription_id, None) is None:
            self._refuse(peer, message, "Unknown subscription")
        else:
            self._board.send(peer.connection, Success(message.request_id, peer.id, BUS))

    def _publish(self, publisher: _Member, message: Publish) -> None:
        limit = self._board.limits.name_length
        if not 0 < len(message.topic) <= limit:
            self._refuse(publisher.peer, message, f"A topic has 1 to {limit} characters")
            return
        for member in self._members.values():
            if _sees(member.peer, publisher.peer) and _is_meant(member.peer, message):
                for id, topic in member.topics.items():
                    if topic.takes(message):
                        event = Event(
                            member.peer.id, id, publisher.peer.identity_json, message.data
                        )
                        self._board.send(member.peer.connection, event)

    def _refuse(
        self, peer: Peer, message: Inbound, reason: str, reason_uri: str = BUS_FAILURE
    ) -> None:
        self._board.refuse(peer, message.request_id, reason_uri, reason, BUS)


class _Member:
    """A peer in the domain, and its subscriptions by their ids."""

    __slots__ = ("peer", "topics")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.topics: dict[str, _Topic] = {}


class _Topic:
    """
    What one subscription takes.

    Args:
        text: A topic, where ``*`` is one word of letters, digits and underscores, and ``>`` the
            rest.
        routing_key: Which it takes, beside data without one; ``None`` for any.
    """

    __slots__ = ("_pieces", "_routing_key", "text")

    def __init__(self, text: str, routing_key: str | None) -> None:
        self.text = text
        self._routing_key = routing_key
        self._pieces = [piece for piece in _WILD.split(text) if piece]

    def takes(self, message: Publish) -> bool:
        keys = (self._routing_key, message.routing_key)
        if None not in keys and keys[0] != keys[1]:
            return False
        return self.text == message.topic or _matches(self._pieces, message.topic)


def _matches(pieces: list[str], topic: str) -> bool:
    """Without trying in several ways, which would take for ever where there are many wildcards."""
    reached = {0}
    for piece in pieces:
        if piece == ">":
            reached = set(range(min(reached), len(topic) + 1))
        elif piece == "*":
            reached = _words(reached, topic)
        else:
            reached = {at + len(piece) for at in reached if topic.startswith(piece, at)}
        if not reached:
            return False
    return len(topic) in reached


def _words(starts: set[int], topic: str) -> set[int]:
    """Where the words can end that begin at some places."""
    ends: set[int] = set()
    is_in_word = False
    for at, letter in enumerate(topic):
        is_in_word = (is_in_word or at in starts) and (letter.isalnum() or letter == "_")
        if is_in_word:
            ends.add(at + 1)
    return ends


def _sees(member: Peer, publisher: Peer) -> bool:
    return member.user == publisher.user or member.is_service or publisher.is_service


def _is_meant(member: Peer, message: Publish) -> bool:
    target = message.target_identity or {}
    return all(member.identity.get(key, _MISSING) == value for key, value in target.items())
