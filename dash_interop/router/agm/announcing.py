"""
Who is told of whom, and when.

A newcomer, and whoever asks for more than before, learns from the tables what there is: so much at
a time as it reads, and so much in a turn as leaves the others theirs. Whatever happens meanwhile to
a member that it was not told of yet needs no words: it will learn how things are then. Everybody
else is told the news, which are made once for all of them, at the end of the turn in which they
happen or before anything else is sent to them. What came and went within a turn is told to nobody
who has not heard of its coming.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from ...wire.agm import (
    AGM,
    AddedMethods,
    MethodId,
    RemovedMethods,
    RemovedPeer,
)
from ...wire.codec import encode_tail
from ...wire.envelope import RequestId, Success
from ..effects import Audience, ConnectionId
from ..switchboard import Switchboard
from .member import Member, Members, OfferedMethod
from .sight import News, Sight, Verdicts

__all__ = ["Announcing"]

FRAME: Final = 64 * 1024
"""Bytes of announcements in one frame, beside a single one that is longer."""

LESSON: Final = 256 * 1024
"""Bytes that a member is told from the tables before it has to have read them."""

TURN: Final = 10_000
"""Members and methods that are looked at in one turn of the loop for those who learn."""

_SHARED: Final = 10
"""Members of whom one is told in the time that it takes to look at one for the first time."""

_BATCH_HEAD: Final = b'"type":"announcements","announcements":['
_BATCH_TAIL: Final = b'],"domain":"agm"}'
_NOTHING: Final[dict[MethodId, None]] = {}

_Made: TypeAlias = dict[tuple[MethodId, ...], News]
"""News of some methods of one server, which many may be told."""


class Announcing:
    def __init__(self, board: Switchboard, members: Members) -> None:
        self._board = board
        self._members = members
        self._sights: dict[Member, Sight] = {}
        self._untold: dict[Sight, None] = {}
        """Those that have news."""
        self._learning: dict[Sight, None] = {}
        """Those that have something to learn, and have read all that they were told."""

    # What happens

    def joined(self, sight: Sight, request_id: RequestId) -> None:
        """A member has come. Its request is answered when it has learnt what there is."""
        member = sight.member
        self._sights[member] = sight
        sight.tell = partial(self._tell, sight)
        others = self._members.visible_to(member)
        sight.heard_until = self._members.newest
        if sight.interest is None:
            # Of itself, too: so those who come together have the same to learn.
            sight.unseen = dict.fromkeys([*others, member])
        else:
            self._look_for(sight, sight.interest)
        self.ask(member, request_id)
        news = sight.coming(member) if member.peer.since is None else None
        for other in others:
            viewer = self._sights[other]
            if viewer.is_up_to_date:
                self._note(viewer, news or sight.coming(other))
            elif viewer.interest is None:
                viewer.unseen[member] = None

    def ask(self, member: Member, request_id: RequestId) -> None:
        """Answer a request with success when the member has learnt what there is."""
        sight = self._sights[member]
        sight.asked.append(request_id)
        if not sight.is_reading:
            self._go_on(sight)

    def interest_of(self, member: Member) -> Collection[str]:
        """Names of the methods that it wants to hear of; none where it hears of all."""
        return self._sights[member].interest or ()

    def widen(self, member: Member, names: Iterable[str] | None, request_id: RequestId) -> None:
        """A member wants to hear of these methods, too, or of all."""
        sight = self._sights[member]
        if sight.interest is not None:
            if names is None:
                self._look_for_all(sight)
                sight.widen(None)
            else:
                new = {name.lower() for name in names} - sight.interest
                self._look_for(sight, new)
                sight.widen(new)
        self.ask(member, request_id)

    def registered(self, server: Member, methods: Sequence[OfferedMethod]) -> None:
        """A member offers methods, some of them perhaps in the place of others."""
        same = all(method.restriction is None for method in methods)
        made: _Made = {}
        for other in self._members.visible_to(server):
            sight = self._sights[other]
            unseen = sight.unseen.get(server, _NOTHING)
            if unseen is None:
                continue
            is_all = same and sight.interest is None
            shown = methods if is_all else sight.shown(methods)
            if not shown:
                continue
            ids = tuple(method.id for method in shown)
            if unseen:
                unseen.update(dict.fromkeys(ids))
            elif not sight.knows(server) and sight.is_learning:
                sight.unseen[server] = None
            else:
                if not sight.knows(server):
                    sight.meet(server)
                    self._note(sight, self._sights[server].coming(other))
                if ids not in made:
                    added = encode_tail(_added(server, shown))
                    made[ids] = News(self._sights[server], added)
                self._note(sight, made[ids])

    def withdrawn(self, server: Member, methods: Sequence[OfferedMethod]) -> None:
        """A member offers methods no more, or not in the same way."""
        made: _Made = {}
        for other in self._members.visible_to(server):
            sight = self._sights[other]
            unseen = sight.unseen.get(server, _NOTHING)
            if unseen is None or not sight.knows(server):
                continue
            gone: list[MethodId] = []
            verdicts: Verdicts = {}
            for method in methods:
                now = server.methods.get(method.id)
                if method.id in unseen:
                    if now is None:
                        sight.overlook(server, method.id)
                elif sight.shows(method, verdicts) and not (now and sight.shows(now, verdicts)):
                    gone.append(method.id)
            self._note_removed(sight, server, gone, made)

    def left(self, member: Member, reason_uri: str, reason: str) -> None:
        """A member leaves; it still has the methods that go with it."""
        own = self._sights[member]
        for request_id in own.asked:
            self._board.answer(member.connection, Success(request_id, member.id, AGM))
        own.has_left = True
        self._untold.pop(own, None)
        self._learning.pop(own, None)
        going = News(own, encode_tail(RemovedPeer(member.id, reason_uri, reason)))
        made: _Made = {}
        for other in self._members.visible_to(member):
            sight = self._sights[other]
            if sight.is_up_to_date and not member.methods:
                self._note(sight, going)
                continue
            unseen, was_known = sight.unseen.get(member, _NOTHING), sight.knows(member)
            sight.lose(member)
            if was_known and unseen is not None:
                known = [each for each in member.methods.values() if each.id not in unseen]
                gone = [each.id for each in sight.shown(known)]
                self._note_removed(sight, member, gone, made)
                self._note(sight, going)
        del self._sights[member]

    def introduce(self, member: Member, viewer: Member) -> None:
        """Before a member is named to another one, that one has to know it."""
        sight = self._sights[viewer]
        if member is viewer or sight.knows(member):
            return
        self._board.fan_out(sight.address, self._sights[member].coming(viewer).tail)
        sight.heard_until = self._members.newest
        sight.meet(member)
        if sight.unseen.pop(member, _NOTHING) is None:
            shown = sight.shown(member.methods.values())
            sight.look_at(member, [each.id for each in shown])

    # The turn of the loop

    def tell(self, members: Iterable[Member]) -> None:
        """Tell some of the members their news before the turn ends."""
        for member in members:
            self._tell(self._sights[member])

    def end_turn(self) -> None:
        """Tell the news, then let those learn who have something to learn."""
        groups: dict[tuple[bool, tuple[bytes, ...]], list[Sight]] = {}
        for sight in self._untold:
            tails = self._take_news(sight)
            if tails:
                groups.setdefault((sight.takes_batches, tails), []).append(sight)
        self._untold.clear()
        for (in_batches, tails), sights in groups.items():
            self._send(in_batches, tails, _audience_of(sights))
        if self._learning:
            self._teach()

    def heard(self, peer_id: str) -> None:
        """A member has read what it was told."""
        member = self._members.get(peer_id)
        if member is not None:
            sight = self._sights[member]
            sight.is_reading = False
            self._go_on(sight)

    # News

    def _note(self, sight: Sight, news: News) -> None:
        if not sight.news:
            self._untold[sight] = None
            self._board.put_off(sight.member.connection, sight.tell)
        sight.news.append(news)

    def _note_removed(
        self, sight: Sight, server: Member, ids: Sequence[MethodId], made: _Made
    ) -> None:
        if ids:
            key = tuple(ids)
            if key not in made:
                removed = encode_tail(RemovedMethods(server.id, list(ids)))
                made[key] = News(self._sights[server], removed)
            self._note(sight, made[key])

    def _tell(self, sight: Sight) -> None:
        """Tell one of them its news now."""
        if sight in self._untold:
            del self._untold[sight]
            self._send(sight.takes_batches, self._take_news(sight), sight.address)

    def _take_news(self, sight: Sight) -> tuple[bytes, ...]:
        heard_until = sight.heard_until
        news, sight.news, sight.heard_until = sight.news, [], self._members.newest
        if len(news) == 1 and not news[0].subject.has_left:
            return (news[0].tail,)
        return tuple(
            [
                each.tail
                for each in news
                if not (each.subject.has_left and each.subject.member.number > heard_until)
            ]
        )

    # Learning

    def _go_on(self, sight: Sight) -> None:
        self._learning[sight] = None
        self._board.await_end_of_turn()

    def _look_for(self, sight: Sight, names: Iterable[str]) -> None:
        """Put what is offered under more names into what somebody has to learn."""
        viewer = sight.member
        for name in names:
            for server in self._members.offering(name):
                if server is viewer or not viewer.may_see(server):
                    continue
                if sight.knows(server):
                    methods = server.methods.values()
                    more = [each.id for each in methods if each.identity[0].lower() == name]
                    sight.look_at(server, more)
                else:
                    sight.unseen[server] = None

    def _look_for_all(self, sight: Sight) -> None:
        for server in self._members.visible_to(sight.member):
            if sight.knows(server):
                methods = server.methods.values()
                sight.look_at(server, [each.id for each in methods if not sight.wants(each)])
            else:
                sight.unseen[server] = None

    def _teach(self) -> None:
        lessons = _Lessons(self._sights)
        while self._learning and lessons.room > 0:
            sight = next(iter(self._learning))
            lessons.give(sight)
            if not sight.unseen or sight.is_reading:
                del self._learning[sight]
        for (in_batches, tails), sights in lessons.given.items():
            self._send(in_batches, tails, _audience_of(sights))
        for sight in lessons.taught:
            viewer = sight.member
            sight.heard_until = self._members.newest
            if sight.is_reading:
                self._board.probe(viewer.connection, AGM, viewer.id)
            elif not sight.unseen:
                asked, sight.asked = sight.asked, []
                for request_id in asked:
                    self._board.send(viewer.connection, Success(request_id, viewer.id, AGM))
        if self._learning:
            self._board.await_end_of_turn()

    def _send(self, in_batches: bool, tails: Sequence[bytes], audience: Audience) -> None:
        for tail in _batched(tails) if in_batches else tails:
            self._board.fan_out(audience, tail)


class _Lessons:
    """
    What is told from the tables in one turn. What several members learn is made once.

    Attributes:
        room: Members and methods that may still be looked at.
        given: Who is told what, and whether in batches.
        taught: All of them.
    """

    def __init__(self, sights: dict[Member, Sight]) -> None:
        self._sights = sights
        self.room = TURN
        self.given: dict[tuple[bool, tuple[bytes, ...]], list[Sight]] = {}
        self.taught: list[Sight] = []
        self._wholes: dict[tuple[Member, bool], _Whole | None] = {}
        self._rolls: dict[tuple[bool, tuple[Member, ...]], _Roll] = {}
        self._ranks = _Ranks()

    def give(self, sight: Sight) -> None:
        """Tell somebody as much as may be told at a time."""
        if not sight.is_ordered:
            # Clients that take the first announced server for the best one get the earliest.
            sight.is_ordered = True
            ordered = sorted(sight.unseen, key=self._ranks.__getitem__)
            sight.unseen = {each: sight.unseen[each] for each in ordered}
        lesson = _Lesson(sight)
        if sight.interest is None and not any(sight.unseen.values()):
            self._read_out(sight, lesson)
        for server, ids in list(sight.unseen.items()):
            if self.room <= 0 or lesson.room <= 0:
                break
            if server is sight.member:
                del sight.unseen[server]
                continue
            self.room -= 1 + len(server.methods if ids is None else ids)
            if ids is None:
                lesson.add(self._sights[server].coming(sight.member).tail)
                sight.meet(server)
                ids = dict.fromkeys(server.methods)
            lesson.tell_of(server, ids)
        sight.is_reading = lesson.room <= 0 and bool(sight.unseen)
        self.taught.append(sight)
        if lesson.tails:
            key = (sight.takes_batches, tuple(lesson.tails))
            self.given.setdefault(key, []).append(sight)

    def _read_out(self, sight: Sight, lesson: _Lesson) -> None:
        """Tell of those in front of whom everybody is told the same."""
        servers = tuple(sight.unseen)
        key = (sight.member.peer.is_service, servers)
        roll = self._rolls.get(key)
        if roll is None:
            roll = self._rolls[key] = self._call_the_roll(sight.member, servers)
        self.room -= 1 + len(servers) // _SHARED
        own = roll.places.get(sight.member)
        if own is None or sight.takes_batches:
            # In a batch it may hear of itself, which makes it the same for all.
            lesson.tails += roll.tails
        else:
            lesson.tails += roll.tails[: own.start] + roll.tails[own.stop :]
        lesson.room -= roll.size
        sight.unseen = dict.fromkeys(servers[len(roll.places) :])

    def _call_the_roll(self, viewer: Member, servers: Sequence[Member]) -> _Roll:
        tails: list[bytes] = []
        size = 0
        places: dict[Member, slice] = {}
        for server in servers:
            if self.room <= 0 or size >= LESSON:
                break
            whole = self._whole(server, viewer)
            if whole is None:
                break
            places[server] = slice(len(tails), len(tails) + len(whole.tails))
            tails += whole.tails
            size += whole.size
            self.room -= whole.weight
        return _Roll(tails, size, places)

    def _whole(self, server: Member, viewer: Member) -> _Whole | None:
        """All of a server in one piece, where that is the same for all and not much."""
        if not server.methods:
            tail = self._sights[server].coming(viewer).tail
            return _Whole([tail], len(tail), 1)
        key = (server, viewer.peer.is_service)
        if key not in self._wholes:
            tails = [self._sights[server].coming(viewer).tail]
            methods = list(server.methods.values())
            size = sum(len(bytes(method.definition)) for method in methods)
            if size > FRAME or any(method.restriction is not None for method in methods):
                self._wholes[key] = None
            else:
                tails.append(encode_tail(_added(server, methods)))
                size = sum(map(len, tails))
                self._wholes[key] = _Whole(tails, size, 1 + len(methods))
        return self._wholes[key]


class _Ranks(dict[Member, tuple[float, int]]):
    """By what members are in order: their earliest registration, then when they came."""

    def __missing__(self, member: Member) -> tuple[float, int]:
        rank = self[member] = (member.first_registration, member.number)
        return rank


class _Whole(NamedTuple):
    """What is told of one member; ``weight`` is how much has to be looked at for it."""

    tails: list[bytes]
    size: int
    weight: int


class _Roll(NamedTuple):
    """What is told of several members; ``places`` has which of it is of whom."""

    tails: list[bytes]
    size: int
    places: dict[Member, slice]


class _Lesson:
    """
    What one member is told at a time.

    Attributes:
        tails: The messages, but for their beginnings.
        room: Bytes that it may still be told.
    """

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self.tails: list[bytes] = []
        self.room = LESSON

    def add(self, *tails: bytes) -> None:
        self.tails.extend(tails)
        self.room -= sum(map(len, tails))

    def tell_of(self, server: Member, ids: dict[MethodId, None]) -> None:
        """Tell of methods of a server, as far as there is room; the rest stays unseen."""
        sight = self._sight
        piece: list[OfferedMethod] = []
        size = 0
        told: list[MethodId] = []
        verdicts: Verdicts = {}
        for id in ids:
            if self.room <= size:
                break
            method = server.methods[id]
            told.append(id)
            if not sight.shows(method, verdicts):
                continue
            length = len(bytes(method.definition))
            if piece and size + length > FRAME:
                self.add(encode_tail(_added(server, piece)))
                piece, size = [], 0
            piece.append(method)
            size += length
        if piece:
            self.add(encode_tail(_added(server, piece)))
        for id in told:
            del ids[id]
        if ids:
            sight.unseen[server] = ids
        else:
            del sight.unseen[server]


def _added(server: Member, methods: Iterable[OfferedMethod]) -> AddedMethods:
    return AddedMethods(server.id, [method.definition for method in methods])


def _batched(tails: Sequence[bytes]) -> list[bytes]:
    """The same in fewer frames."""
    batches: list[list[bytes]] = []
    size = 0
    for tail in tails:
        if not batches or size + len(tail) > FRAME:
            batches.append([])
            size = 0
        batches[-1].append(tail)
        size += len(tail)
    return [
        batch[0]
        if len(batch) == 1
        else b"".join((_BATCH_HEAD, b"{", b",{".join(batch), _BATCH_TAIL))
        for batch in batches
    ]


def _audience_of(sights: Sequence[Sight]) -> Audience:
    if len(sights) == 1:
        return sights[0].address
    heads: dict[ConnectionId, tuple[bytes, ...]] = {}
    for sight in sights:
        ((connection, its),) = sight.address
        heads[connection] = heads.get(connection, ()) + its
    return tuple(heads.items())
