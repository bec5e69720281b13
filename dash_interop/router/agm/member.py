"""
The members of the domain ``agm``, what each of them has there, and which of them it sees.

Members see each other when they belong to one user or one of them is a service, and neither's join
restriction hides it from the other. A restriction narrows what the user rule allows and never
widens it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Raw

from ...errors import Delivered
from ...wire.agm import VOCABULARY, EventHead, MethodId, StreamId
from ...wire.codec import encode_head
from ...wire.envelope import RequestId
from ..effects import Audience, ConnectionId
from ..peers import Peer
from ..restrictions import Restriction

__all__ = ["Branch", "Member", "Members", "OfferedMethod", "PendingCall", "Subscription"]

_EXTENSIONS: Final = frozenset(VOCABULARY.extensions)


class Member:
    """
    One peer in the domain, and everything of it that ends when it leaves.

    Attributes:
        number: Grows with each member that comes.
        extensions: What it understands beyond GW3.
        methods: What it offers.
        by_identity: The same, by what makes two registrations one method.
        restrictions: How many of them have each of its restrictions.
        calling: The calls that it waits for, by invocation id.
        requested: The same calls by request id; of those with one id, the latest.
        serving: The calls that it has to answer, by invocation id.
        subscribed: The subscriptions that it made.
        subscribers: The subscriptions that others made at it.
        subscribers_of: The same, by the method that they are for.
        branches: Those of ``subscribers`` that were accepted, by stream id.
    """

    __slots__ = (
        "branches",
        "by_identity",
        "calling",
        "connection",
        "extensions",
        "id",
        "methods",
        "number",
        "peer",
        "requested",
        "restriction",
        "restrictions",
        "serving",
        "subscribed",
        "subscribers",
        "subscribers_of",
    )

    def __init__(
        self,
        peer: Peer,
        restriction: Restriction | None = None,
        extensions: Iterable[str] = (),
    ) -> None:
        self.peer = peer
        self.id = peer.id
        self.connection = peer.connection
        self.number = 0
        self.restriction = restriction
        self.extensions = _EXTENSIONS.intersection(extensions)
        self.methods: dict[MethodId, OfferedMethod] = {}
        self.by_identity: dict[tuple[str, str, str], OfferedMethod] = {}
        self.restrictions: Counter[Restriction] = Counter()
        self.calling: dict[str, PendingCall] = {}
        self.requested: dict[RequestId, PendingCall] = {}
        self.serving: dict[str, PendingCall] = {}
        self.subscribed: dict[str, Subscription] = {}
        self.subscribers: dict[str, Subscription] = {}
        self.subscribers_of: dict[MethodId, dict[str, Subscription]] = {}
        self.branches: dict[StreamId, Branch] = {}

    @property
    def first_registration(self) -> float:
        """The number of its earliest registration; infinite for a member without methods."""
        return min((each.registration for each in self.methods.values()), default=float("inf"))

    def admits(self, other: Member) -> bool:
        return self.restriction is None or self.restriction(self.peer.identity, other.peer.identity)

    def may_see(self, other: Member) -> bool:
        mine, its = self.peer, other.peer
        return (
            (mine.user == its.user or mine.is_service or its.is_service)
            and self.admits(other)
            and other.admits(self)
        )

    def sees(self, other: Member) -> bool:
        """Whether it sees another member; it always sees itself."""
        return self is other or self.may_see(other)


class OfferedMethod:
    """A method or stream that ``owner`` offers."""

    __slots__ = ("definition", "id", "identity", "owner", "registration", "restriction")

    def __init__(
        self,
        owner: Member,
        id: MethodId,
        identity: tuple[str, str, str],
        restriction: Restriction | None,
        registration: int,
        definition: Raw,
    ) -> None:
        self.owner = owner
        self.id = id
        self.identity = identity
        self.restriction = restriction
        self.registration = registration
        self.definition = definition

    def admits(self, viewer: Member) -> bool:
        return (
            self.restriction is None
            or viewer is self.owner
            or self.restriction(self.owner.peer.identity, viewer.peer.identity)
        )


class PendingCall:
    """
    Attributes:
        allowed: Seconds that it may take.
        due: The whole second in which it is given up; of the clock of the router.
        wants_progress: Whether its caller asked for it.
        delivered: Whether its callee has it, as far as the gateway can tell.
    """

    __slots__ = (
        "allowed",
        "callee",
        "caller",
        "delivered",
        "due",
        "invocation_id",
        "method_id",
        "request_id",
        "wants_progress",
    )

    def __init__(
        self,
        invocation_id: str,
        caller: Member,
        request_id: RequestId,
        callee: Member,
        method_id: MethodId,
        allowed: float,
        due: int,
        wants_progress: bool,
    ) -> None:
        self.invocation_id = invocation_id
        self.caller = caller
        self.request_id = request_id
        self.callee = callee
        self.method_id = method_id
        self.allowed = allowed
        self.due = due
        self.wants_progress = wants_progress
        self.delivered: Delivered = "unknown"


class Subscription:
    __slots__ = ("id", "method_id", "publisher", "request_id", "streams", "subscriber")

    def __init__(
        self,
        id: str,
        subscriber: Member,
        request_id: RequestId,
        publisher: Member,
        method_id: MethodId,
    ) -> None:
        self.id = id
        self.subscriber = subscriber
        self.request_id = request_id
        self.publisher = publisher
        self.method_id = method_id
        self.streams: list[StreamId] = []
        """The publisher's streams it was accepted on; empty while the request is undecided."""


class Branch:
    """The subscriptions that a publisher accepted with one stream id."""

    __slots__ = ("_audience", "_subscriptions")

    def __init__(self) -> None:
        self._subscriptions: dict[str, Subscription] = {}
        self._audience: Audience | None = None

    def __bool__(self) -> bool:
        return bool(self._subscriptions)

    def add(self, subscription: Subscription) -> None:
        self._subscriptions[subscription.id] = subscription
        self._audience = None

    def remove(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.id]
        self._audience = None

    @property
    def audience(self) -> Audience:
        """Who gets what is published, with the head of an ``Event`` for each subscription."""
        if self._audience is None:
            heads: dict[ConnectionId, list[bytes]] = {}
            for subscription in self._subscriptions.values():
                subscriber = subscription.subscriber
                head = encode_head(EventHead(subscriber.id, subscription.id))
                heads.setdefault(subscriber.connection, []).append(head)
            self._audience = tuple((each, tuple(its)) for each, its in heads.items())
        return self._audience


class Members:
    """
    The table of members.

    Attributes:
        newest: The number of the member that came last.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Member] = {}
        self._by_user: dict[str, dict[str, Member]] = {}
        self._services: dict[str, Member] = {}
        """The members that are services, which are among ``_by_user``, too."""
        self._offering: dict[str, dict[Member, int]] = {}
        """Who offers how many methods of a name, which is in lower case."""
        self.newest = 0
        self.get: Final = self._by_id.get
        """The member with a peer id, or ``None``."""

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_id.values())

    def add(self, member: Member) -> None:
        self.newest += 1
        member.number = self.newest
        self._by_id[member.id] = member
        self._by_user.setdefault(member.peer.user, {})[member.id] = member
        if member.peer.is_service:
            self._services[member.id] = member

    def remove(self, member: Member) -> None:
        del self._by_id[member.id]
        of_user = self._by_user[member.peer.user]
        del of_user[member.id]
        if not of_user:
            del self._by_user[member.peer.user]
        self._services.pop(member.id, None)
        for method in list(member.methods.values()):
            self.withdraw(method)

    def offer(self, method: OfferedMethod) -> None:
        """Its owner offers a method, in the place of none."""
        owner = method.owner
        owner.peer.usage.methods += 1
        owner.peer.usage.definitions_size += len(bytes(method.definition))
        owner.methods[method.id] = owner.by_identity[method.identity] = method
        if method.restriction is not None:
            owner.restrictions[method.restriction] += 1
        offering = self._offering.setdefault(method.identity[0].lower(), {})
        offering[owner] = offering.get(owner, 0) + 1

    def withdraw(self, method: OfferedMethod) -> None:
        """Its owner offers a method no more."""
        owner, name = method.owner, method.identity[0].lower()
        del owner.methods[method.id], owner.by_identity[method.identity]
        owner.peer.usage.methods -= 1
        owner.peer.usage.definitions_size -= len(bytes(method.definition))
        if method.restriction is not None:
            owner.restrictions[method.restriction] -= 1
            if not owner.restrictions[method.restriction]:
                del owner.restrictions[method.restriction]
        offering = self._offering[name]
        offering[owner] -= 1
        if not offering[owner]:
            del offering[owner]
        if not offering:
            del self._offering[name]

    def offering(self, name: str) -> Iterable[Member]:
        """Who offers methods of a name, which is in lower case."""
        return self._offering.get(name, ())

    def visible_to(self, member: Member) -> list[Member]:
        """The other members that it sees; those of its user in the order of joining."""
        # Written out, as every coming and going asks it. Of users, those within sight are the ones.
        if member.restriction is not None:
            return [
                other
                for other in self._within_sight(member)
                if other is not member and member.may_see(other)
            ]
        return [
            other
            for other in self._within_sight(member)
            if other is not member and (other.restriction is None or other.admits(member))
        ]

    def _within_sight(self, member: Member) -> Iterable[Member]:
        if member.peer.is_service:
            return self._by_id.values()
        user = member.peer.user
        others = self._by_user.get(user, {}).values()
        services = [each for each in self._services.values() if each.peer.user != user]
        return [*others, *services] if services else others
