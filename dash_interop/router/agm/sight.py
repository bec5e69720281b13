"""What one member has been told of the others, and what it is still to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from msgspec import Raw

from ...wire.agm import AddedPeer, MethodId, Receiver
from ...wire.codec import encode, encode_head, encode_tail
from ...wire.envelope import RequestId
from ..effects import Audience
from ..restrictions import Restriction
from .member import Member, OfferedMethod

__all__ = ["News", "Sight", "Verdicts"]

_TOLD: Final[dict[MethodId, None]] = {}


Verdicts: TypeAlias = dict[Restriction, bool]
"""Which restrictions of one member admit another one."""


def _nothing() -> None:
    """Nobody tells it anything yet."""


class News:
    """
    Something that has happened to a member, as all are told that see it.

    Attributes:
        subject: To whom, as the sight that is its own.
        tail: The message, but for the ``peer_id`` of who is told.
    """

    __slots__ = ("subject", "tail")

    def __init__(self, subject: Sight, tail: bytes) -> None:
        self.subject = subject
        self.tail = tail


class Sight:
    """
    A newcomer learns from the tables, piece by piece, what there is: ``unseen`` says what it has
    not been told of. Of the rest it is told what happens, as ``news``.

    Args:
        member: Whose it is.
        takes_batches: Whether several announcements may come in one frame.
        interest: Names of the methods that it wants to hear of; ``None`` for all. Otherwise members
            that it need not know are not announced to it either.

    Attributes:
        address: Where it is told of others.
        tell: Tells it its news now.
        interest: The same, in lower case.
        unseen: Members that it has to be told of: ``None`` with all that it has to know of them,
            otherwise just of these methods, at least one.
        is_ordered: Whether ``unseen`` is in the order in which newcomers are told.
        asked: Requests that are answered when nothing is unseen any more.
        news: What it has not been told yet of those that it knows.
        heard_until: The number of the newest member when it was told something last.
        is_reading: Whether it was sent so much that it has to read it first.
        has_left: Whether the member is none any more.
    """

    __slots__ = (
        "_coming",
        "_known",
        "address",
        "asked",
        "has_left",
        "heard_until",
        "interest",
        "is_ordered",
        "is_reading",
        "member",
        "news",
        "takes_batches",
        "tell",
        "unseen",
    )

    def __init__(self, member: Member, takes_batches: bool, interest: Iterable[str] | None) -> None:
        self.member = member
        self.address: Audience = ((member.connection, (encode_head(Receiver(member.id)),)),)
        self.takes_batches = takes_batches
        self.tell: Callable[[], None] = _nothing
        self.interest = None if interest is None else {name.lower() for name in interest}
        self._known: set[Member] = set()
        """The members that it has been told of; of no use where it is told of all."""
        self._coming: dict[float | None, News] = {}
        self.unseen: dict[Member, dict[MethodId, None] | None] = {}
        self.is_ordered = False
        self.asked: list[RequestId] = []
        self.news: list[News] = []
        self.heard_until = 0
        self.is_reading = False
        self.has_left = False

    @property
    def is_up_to_date(self) -> bool:
        """Whether it knows all that it sees, but for the news."""
        return not self.unseen and not self.asked and self.interest is None

    @property
    def is_learning(self) -> bool:
        return bool(self.unseen or self.asked)

    def knows(self, other: Member) -> bool:
        """Whether it was told that another member is there."""
        if self.interest is None:
            return self.unseen.get(other, _TOLD) is not None
        return other in self._known

    def meet(self, other: Member) -> None:
        """It is told that another member is there."""
        if self.interest is not None:
            self._known.add(other)

    def lose(self, other: Member) -> None:
        """Another member is gone."""
        self._known.discard(other)
        self.unseen.pop(other, None)

    def look_at(self, other: Member, ids: Iterable[MethodId]) -> None:
        """It has to be told of methods of a member that it knows."""
        more = dict.fromkeys(ids)
        if more:
            unseen = self.unseen.setdefault(other, more)
            assert unseen is not None
            unseen.update(more)

    def overlook(self, other: Member, id: MethodId) -> None:
        """It need not be told of a method any more."""
        unseen = self.unseen[other]
        assert unseen is not None
        del unseen[id]
        if not unseen:
            del self.unseen[other]

    def wants(self, method: OfferedMethod) -> bool:
        return self.interest is None or method.identity[0].lower() in self.interest

    def shown(self, methods: Iterable[OfferedMethod]) -> list[OfferedMethod]:
        """Those of the methods of one server that the member may see, and wants to hear of."""
        verdicts: Verdicts = {}
        return [each for each in methods if self.shows(each, verdicts)]

    def shows(self, method: OfferedMethod, verdicts: Verdicts) -> bool:
        """
        Whether the member may see a method, and wants to hear of it.

        Args:
            verdicts: What is known by now of the restrictions of its server.
        """
        if not self.wants(method):
            return False
        restriction = method.restriction
        if restriction is None:
            return True
        verdict = verdicts.get(restriction)
        if verdict is None:
            verdict = verdicts[restriction] = method.admits(self.member)
        return verdict

    def coming(self, viewer: Member) -> News:
        """That its own member has come, as a viewer is told; made once."""
        peer = self.member.peer
        since = peer.since if viewer.peer.is_service else None
        news = self._coming.get(since)
        if news is None:
            if since is None:
                added = AddedPeer(peer.id, peer.identity_json)
            else:
                meta = Raw(encode({"local": True, "since": round(since * 1000)}))
                added = AddedPeer(peer.id, peer.identity_json, meta)
            news = self._coming[since] = News(self, encode_tail(added))
        return news

    def widen(self, names: Iterable[str] | None) -> None:
        """Want to hear of these methods, too, or of all; those concerned are in ``unseen``."""
        if self.interest is not None:
            self.interest = None if names is None else self.interest.union(names)
        if self.interest is None:
            self._known.clear()
