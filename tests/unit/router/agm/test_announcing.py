"""Who is told of whom, when, and in how many frames."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.router.agm import announcing
from dash_interop.router.effects import EndTurn, FanOut, Probe, RouterEffect, Send
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import (
    Announcements,
    Call,
    Invoke,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Register,
    Subscribe,
    Unregister,
    Widen,
)
from dash_interop.wire.envelope import Error, Inbound, Success
from dash_interop.wire.login import Authentication, Join, Leave
from tests.support.room import DOMAINS, BelieveLogins, Room, frames_of, sends_of, settled

SUM = {"id": "0", "name": "Sum"}
BATCHES = ["batches"]


class BelieveServices(BelieveLogins):
    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        principal = super().authenticate(authentication, remote)
        return Principal(principal.user, is_service=principal.user == "service")


class Turns(Room):
    """A room in which the test ends the turns, and says who has read."""

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.router = Router(BelieveServices(), DOMAINS, node="N", limits=limits)
        self.probes: list[Probe] = []
        self.is_open = False

    def say(self, connection: str, message: Inbound) -> list[Send]:
        return self.take(self.router.handle(connection, message, 0.0))

    def cut(self, connection: str) -> list[Send]:
        return self.take(self.router.disconnect(connection, 0.0))

    def end_turn(self) -> list[Send]:
        assert self.is_open, "nobody asked for it"
        self.is_open = False
        return self.take(self.router.end_turn(0.0))

    def end_turns(self) -> list[Send]:
        sends: list[Send] = []
        while self.is_open:
            sends += self.end_turn()
        return sends

    def read(self) -> None:
        """Whoever has to read has read."""
        probes, self.probes = self.probes, []
        for probe in probes:
            assert self.take(self.router.heard(probe, 0.0)) == []

    def take(self, effects: list[RouterEffect]) -> list[Send]:
        self.probes += [each for each in effects if isinstance(each, Probe)]
        ends = [each for each in effects if isinstance(each, EndTurn)]
        assert len(ends) <= (0 if self.is_open else 1), "asked twice"
        self.is_open |= bool(ends)
        return sends_of(self.router.codec, effects)

    def log_in(self, connection: str, user: str = "anna") -> str:
        self.connect(connection)
        return self.hello(connection, user, instance=connection)

    def join(self, connection: str, user: str = "anna", **fields: Any) -> str:
        """A member that has not been told anything yet."""
        peer = self.log_in(connection, user)
        assert self.say(connection, Join("j", peer, "agm", **fields)) == []
        return peer

    def member(
        self, connection: str, user: str = "anna", *methods: dict[str, Any], **fields: Any
    ) -> str:
        peer = self.join(connection, user, **fields)
        self.end_turns()
        if methods:
            self.say(connection, Register("r", peer, list(methods)))
            self.end_turns()
        return peer


def words(sends: list[Send], connection: str) -> list[Any]:
    """What a connection is told: of whom who came and went, and which methods; and answers."""
    said: list[Any] = []
    for send in sends:
        if send.connection == connection:
            message: Any = send.message
            for each in message.announcements if isinstance(message, Announcements) else [message]:
                said.append(word(each))
    return said


def word(message: Any) -> Any:
    match type(message).__name__:
        case "PeerAdded" | "AddedPeer":
            return ("+", message.new_peer_id)
        case "PeerRemoved" | "RemovedPeer":
            return ("-", message.removed_id)
        case "MethodsAdded" | "AddedMethods":
            ids = [json.loads(bytes(each))["id"] for each in message.methods]
            return ("+", message.server_id, *ids)
        case "MethodsRemoved" | "RemovedMethods":
            return ("-", message.server_id, *message.methods)
        case name:
            return name


def many(count: int, size: int = 0) -> list[dict[str, Any]]:
    return [{"id": str(n), "name": f"M{n}", "description": "x" * size} for n in range(count)]


# News


def test_what_happens_in_a_turn_is_told_at_its_end():
    room = Turns()
    a = room.member("a")
    b = room.join("b")
    c = room.join("c")
    sends = room.end_turn()
    assert words(sends, "a") == [("+", b), ("+", c)]
    assert words(sends, "b") == [("+", a), ("+", c), "Success"]
    assert words(sends, "c") == [("+", a), ("+", b), "Success"]
    assert not room.is_open


def test_who_is_sent_something_has_been_told_what_came_before():
    room = Turns()
    a, b = room.member("a", "anna", SUM), room.member("b")
    c = room.member("c")
    room.say("c", Register("r", c, [{"id": "1", "name": "Mean"}]))
    (told, invoke) = room.say("b", Call("1", b, a, "0"))
    assert (told.connection, word(told.message)) == ("a", ("+", c, "1"))
    assert isinstance(invoke.message, Invoke)
    sends = room.end_turn()
    assert words(sends, "a") == [], "told twice"
    assert words(sends, "b") == [("+", c, "1")]
    assert words(sends, "c") == [("+", c, "1"), "Success"]


def test_answers_come_when_the_others_have_been_told():
    room = Turns()
    a, _ = room.member("a"), room.member("b")
    assert room.say("a", Register("r", a, [SUM])) == []
    sends = room.say("a", Unregister("u", a, ["nothing"]))
    assert [send.connection for send in sends] == ["b", "a", "a", "a"]
    assert words(sends, "a") == [("+", a, "0"), "Success", "Error"]


def test_who_comes_and_goes_within_a_turn_is_told_to_nobody():
    room = Turns()
    a = room.member("a")
    for _ in range(3):
        peer = room.join("b")
        room.say("b", Register("r", peer, [SUM]))
        room.cut("b")
    assert words(room.end_turn(), "a") == []
    c = room.join("c")
    assert words(room.end_turn(), "a") == [("+", c)]
    room.cut("c")
    assert words(room.end_turn(), "a") == [("-", c)]
    assert room.router.counters()["peers"] == 1 and a


def test_who_was_told_of_a_coming_within_the_turn_is_told_of_the_going():
    room = Turns()
    a = room.member("a", "anna", SUM)
    b = room.join("b")
    assert words(room.say("b", Call("1", b, a, "0")), "a") == [("+", b), "Invoke"]
    room.cut("b")
    assert ("-", b) in words(room.end_turn(), "a")


def test_leaving_and_joining_in_one_turn_is_told_in_that_order():
    room = Turns()
    room.member("a")
    b = room.member("b", "anna", SUM)
    room.say("b", Leave("l", b, "agm"))
    room.say("b", Join("j", b, "agm"))
    assert words(room.end_turn(), "a") == [("-", b, "0"), ("-", b), ("+", b)]


def test_join_that_is_not_answered_yet_is_answered_before_the_leave():
    room = Turns()
    room.member("a")
    b = room.join("b")
    room.say("b", Leave("l", b, "agm"))
    answers = [
        send.message.request_id
        for send in room.end_turn()
        if isinstance(send.message, Success) and send.connection == "b"
    ]
    assert answers == ["j", "l"]


# Frames and texts


def audiences(effects: list[RouterEffect]) -> list[int]:
    """How many connections each text goes to that is written once."""
    return [len(each.audience) for each in effects if isinstance(each, FanOut)]


def test_what_many_are_told_is_written_once():
    room = Turns()
    for n in range(20):
        room.member(f"a{n}")
    b = room.join("b")
    room.end_turns()
    room.say("b", Register("r", b, many(3)))
    effects = room.router.end_turn(0.0)
    assert audiences(effects) == [20]


@pytest.mark.parametrize("present", [0, 30])
def test_those_who_come_together_get_one_frame_that_is_written_once(present: int):
    room = Turns()
    for n in range(present):
        room.member(f"a{n}", extensions=BATCHES)
    count = 50
    for n in range(count):
        room.join(f"b{n}", extensions=BATCHES)
    effects = room.router.end_turn(0.0)
    assert sorted(audiences(effects)) == sorted(each for each in (present, count) if each)
    frames = list(frames_of(effects))
    assert len(frames) == present + 2 * count, "one each, and the answer of each join"


def test_plain_members_get_no_batches_and_nothing_of_themselves():
    room = Turns()
    plain = [room.join(f"p{n}") for n in range(3)]
    batched = [room.join(f"b{n}", extensions=BATCHES) for n in range(3)]
    sends = room.end_turns()
    for n, peer in enumerate(plain):
        others = [("+", each) for each in [*plain, *batched] if each != peer]
        assert words(sends, f"p{n}") == [*others, "Success"]
    assert not any(
        isinstance(send.message, Announcements) for send in sends if str(send.connection)[0] == "p"
    )
    for n in range(3):
        assert words(sends, f"b{n}") == [*(("+", each) for each in [*plain, *batched]), "Success"]


def test_batches_are_not_longer_than_a_frame():
    room = Turns()
    for n in range(40):
        room.member(f"a{n}", "anna", {"id": "0", "name": "M", "description": "x" * 10_000})
    room.join("b", extensions=BATCHES)
    effects = settled(room.router, room.router.end_turn(0.0))
    frames = [frame for to, frame in frames_of(effects) if to == "b"]
    assert max(map(len, frames)) < announcing.FRAME + 1_000
    assert len(frames) < 15


# Learning


def test_newcomer_is_told_as_it_reads():
    room = Turns()
    a = room.member("a")
    for n in range(30):
        methods = [{"id": f"{n}-{k}", "name": f"{n}-{k}", "notes": "x" * 60_000} for k in "ab"]
        room.say("a", Register("r", a, methods))
    room.end_turns()
    s = room.join("s", "service")
    told: list[Any] = []
    rounds = 0
    while "Success" not in told:
        sends = room.end_turns()
        size = sum(len(frame) for frame in texts(sends, "s"))
        assert size < 2 * announcing.LESSON
        told += words(sends, "s")
        rounds += 1
        assert "Success" in told or len(room.probes) == 1
        room.read()
    assert rounds > 10
    assert told[0] == ("+", a)
    assert sum(len(each) - 2 for each in told if each[:2] == ("+", a)) == 60
    assert s


def texts(sends: list[Send], connection: str) -> list[bytes]:
    return [frame for to, frame in frames_of(sends) if to == connection]


def learning(room: Turns) -> tuple[str, str, list[Any]]:
    """A server of many methods, and who was told some of them and has not read yet."""
    a = room.member("a")
    for half in (many(100, 9_000)[:50], many(100, 9_000)[50:]):
        room.say("a", Register("r", a, half))
    room.end_turns()
    b = room.join("b")
    told = words(room.end_turns(), "b")
    assert room.probes and "Success" not in told
    return a, b, told


def known(told: list[Any], server: str) -> set[str]:
    methods: set[str] = set()
    for each in told:
        if each[1:2] == (server,) and len(each) > 2:
            assert methods.isdisjoint(each[2:]) or each[0] == "-", f"told twice: {each[:4]}"
            methods = methods | set(each[2:]) if each[0] == "+" else methods - set(each[2:])
    return methods


def test_what_changes_while_somebody_learns_is_neither_lost_nor_told_twice():
    room = Turns()
    a, _, told = learning(room)
    first = next(iter(known(told, a)))
    room.say("a", Unregister("u", a, [first, "99"]))
    room.say("a", Register("r", a, [{"id": "new", "name": "New"}]))
    c = room.join("c")
    told += words(room.end_turns(), "b")
    assert first not in known(told, a)
    room.say("a", Register("r", a, [{"id": "98", "name": "Another"}]))
    while "Success" not in told:
        room.read()
        told += words(room.end_turns(), "b")
    assert known(told, a) == {str(n) for n in range(99)} - {first} | {"new"}
    assert told.count(("+", c)) == 1
    removed = [each for each in told if each[0] == "-"]
    assert removed == [("-", a, first)]


def test_who_leaves_before_it_is_told_of_is_not_mentioned():
    room = Turns()
    a, _, told = learning(room)
    c = room.join("c")
    room.cut("c")
    told += words(room.end_turns(), "b")
    room.cut("a")
    told += words(room.end_turns(), "b")
    assert told[-1] == ("-", a)
    assert set(told[-2][2:]) == known(told[:-2], a)
    assert not [each for each in told if c in each]
    room.read()
    assert words(room.end_turns(), "b") == ["Success"]


@pytest.mark.parametrize("named_by", ["call", "subscribe"])
def test_who_is_named_is_introduced_before(named_by: str):
    room = Turns()
    a, b, _ = learning(room)
    room.say("b", Register("r", b, [SUM]))
    c = room.member("c", "anna", {"id": "1", "name": "Mean"})
    kind = Call if named_by == "call" else Subscribe
    sends = room.say("c", kind("1", c, b, "0"))
    assert words(sends, "b")[-2:] == [("+", c), "Invoke" if named_by == "call" else "AddInterest"]
    told = words(sends, "b")
    while "Success" not in told[-1:]:
        room.read()
        told += words(room.end_turns(), "b")
    assert told.count(("+", c)) == 1 and told.count(("+", c, "1")) == 1
    assert a


def test_work_for_newcomers_is_spread_over_turns(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(announcing, "TURN", 50)
    room = Turns()
    for n in range(40):
        room.member(f"a{n}", "anna", *many(3))
    for n in range(5):
        room.join(f"b{n}", restrictions=f"$instance != 'nobody-{n}'")
    turns = 0
    answered = 0
    while room.is_open:
        sends = room.end_turn()
        answered += len([each for each in sends if isinstance(each.message, Success)])
        turns += 1
    assert answered == 5
    assert turns > 5


# Interest


def test_member_with_an_interest_hears_of_these_methods_only():
    room = Turns()
    a = room.member("a", "anna", SUM, {"id": "1", "name": "Mean"})
    room.member("b", "ben", {"id": "0", "name": "Other"})
    room.join("s", "service", interest=["sUM"])
    assert words(room.end_turns(), "s") == [("+", a), ("+", a, "0"), "Success"]
    c = room.join("c", "carl")
    room.say("c", Register("r", c, [{"id": "x", "name": "Nothing"}]))
    assert words(room.end_turns(), "s") == []
    room.say("c", Register("r", c, [{"id": "y", "name": "Sum"}]))
    assert words(room.end_turns(), "s") == [("+", c), ("+", c, "y")]
    room.say("c", Unregister("u", c, ["x", "y"]))
    assert words(room.end_turns(), "s") == [("-", c, "y")]
    room.cut("c")
    room.cut("b")
    assert words(room.end_turns(), "s") == [("-", c)]


def test_interest_can_be_widened_by_names_and_to_all():
    room = Turns()
    a = room.member("a", "anna", SUM, {"id": "1", "name": "Mean"}, {"id": "2", "name": "Max"})
    b = room.member("b", "ben", {"id": "0", "name": "Mean"})
    c = room.member("c", "carl")
    s = room.member("s", "service", interest=[])
    room.say("s", Widen("w", s, ["Sum"]))
    assert words(room.end_turns(), "s") == [("+", a), ("+", a, "0"), "Success"]
    room.say("s", Widen("w", s, ["mean", "sum"]))
    told = words(room.end_turns(), "s")
    assert sorted(told[:-1]) == sorted([("+", a, "1"), ("+", b), ("+", b, "0")])
    room.say("s", Widen("w", s, None))
    told = words(room.end_turns(), "s")
    assert sorted(told[:-1]) == sorted([("+", a, "2"), ("+", c)]) and told[-1] == "Success"
    room.say("c", Register("r", c, [{"id": "9", "name": "More"}]))
    assert words(room.end_turns(), "s") == [("+", c, "9")]


def test_callers_are_introduced_to_who_has_an_interest_in_others():
    room = Turns()
    s = room.member("s", "service", SUM, interest=[])
    a = room.member("a", "anna", {"id": "1", "name": "Mean"})
    assert words(room.say("a", Call("1", a, s, "0")), "s") == [("+", a), "Invoke"]
    assert words(room.say("a", Call("2", a, s, "0")), "s") == ["Invoke"]
    room.cut("a")
    assert words(room.end_turns(), "s") == [("-", a)]


def test_interest_is_bounded():
    room = Turns(Limits(interest_per_peer=3))
    peer = room.log_in("s", "service")
    sends = room.say("s", Join("j", peer, "agm", interest=["a", "b", "c", "d"]))
    assert [type(each.message) for each in sends] == [Error]
    room.say("s", Join("j", peer, "agm", interest=["a", "b"]))
    room.end_turns()
    assert words(room.say("s", Widen("w", peer, ["A", "c"])), "s") == []
    assert words(room.end_turns(), "s") == ["Success"]
    (refusal,) = room.say("s", Widen("w", peer, ["d"]))
    assert isinstance(refusal.message, Error)
    assert refusal.message.reason_uri == "global.errors.limits_exceeded"


def test_service_of_many_users_learns_of_what_it_asks_for_only():
    room = Turns()
    for user in range(30):
        room.member(f"u{user}", f"user{user}", *many(50))
    room.join("s", "service", interest=["M7"])
    sends = room.end_turns()
    told = words(sends, "s")
    assert len(told) == 30 * 2 + 1
    assert all(each[2:] in ((), ("7",)) for each in told[:-1])


def test_announcements_of_all_kinds_are_heard_by_a_plain_member_as_before():
    room = Turns()
    room.member("a")
    b = room.member("b", "anna", SUM)
    kinds = [PeerRemoved, MethodsRemoved]
    assert [type(each.message) for each in room.cut("b") + room.end_turns()] == kinds[::-1]
    room.member("c", "anna", SUM)
    room.join("d")
    kinds = {type(each.message) for each in room.end_turns() if each.connection == "d"}
    assert kinds == {PeerAdded, MethodsAdded, Success} and b


# Whatever happens


class Listener:
    """What one member makes of what it is told."""

    def __init__(self) -> None:
        self.known: dict[str, set[str]] = {}

    def hear(self, own: str, told: list[Any]) -> None:
        for each in told:
            if isinstance(each, str):
                continue
            sign, peer, *ids = each
            if peer == own:
                continue
            if ids:
                assert peer in self.known, f"methods of somebody unknown: {each}"
                if sign == "+":
                    assert self.known[peer].isdisjoint(ids), f"told twice: {each}"
                    self.known[peer].update(ids)
                else:
                    assert self.known[peer].issuperset(ids), f"gone, and never there: {each}"
                    self.known[peer].difference_update(ids)
            elif sign == "+":
                assert peer not in self.known, f"came twice: {each}"
                self.known[peer] = set()
            else:
                assert self.known.pop(peer, None) == set(), f"left, and not known: {each}"


@pytest.mark.parametrize("lesson", [2_000, announcing.LESSON])
@settings(deadline=None, max_examples=60)
@given(random=st.randoms(use_true_random=False))
def test_everybody_knows_in_the_end_what_there_is(lesson: int, random: Random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announcing, "LESSON", lesson)
        patch.setattr(announcing, "FRAME", 500)
        patch.setattr(announcing, "TURN", 7)
        play(Turns(), random)


def play(room: Turns, random: Random) -> None:
    peers: dict[str, str] = {}
    listeners: dict[str, Listener] = {}
    methods: dict[str, set[str]] = {}
    plans = {
        "a": ("anna", {}),
        "b": ("anna", {"extensions": BATCHES}),
        "c": ("anna", {"restrictions": "$instance != 'b'"}),
        "d": ("ben", {}),
        "s": ("service", {}),
        "t": ("service", {"interest": ["M1"], "extensions": BATCHES}),
    }
    logged_in = {name: room.log_in(name, user) for name, (user, _) in plans.items()}

    def take(sends: list[Send]) -> None:
        for name, listener in listeners.items():
            listener.hear(logged_in[name], words(sends, name))

    for _ in range(80):
        name = random.choice(list(plans))
        what = random.choice(["join", "leave", "register", "unregister", "call", "turn", "read"])
        peer = logged_in[name]
        if what == "turn" and room.is_open:
            take(room.end_turn())
        elif what == "read":
            room.read()
        elif what == "join" and name not in peers:
            peers[name], listeners[name], methods[name] = peer, Listener(), set()
            take(room.say(name, Join("j", peer, "agm", **plans[name][1])))
        elif name in peers and what == "leave":
            del peers[name], methods[name]
            sends = room.say(name, Leave("l", peer, "agm"))
            take(sends)
            del listeners[name]
        elif name in peers and what == "register":
            fresh = [str(n) for n in range(8) if str(n) not in methods[name]]
            ids = random.sample(fresh, min(len(fresh), random.randint(1, 3)))
            if ids:
                methods[name].update(ids)
                offered = [{"id": each, "name": f"M{each}", "notes": "x" * 300} for each in ids]
                take(room.say(name, Register("r", peer, offered)))
        elif name in peers and what == "unregister" and methods[name]:
            ids = random.sample(sorted(methods[name]), 1)
            methods[name].difference_update(ids)
            take(room.say(name, Unregister("u", peer, [*ids])))
        elif name in peers and what == "call":
            server = random.choice(list(peers))
            take(room.say(name, Call("c", peer, peers[server], "1")))
    while room.is_open or room.probes:
        take(room.end_turns())
        room.read()
    for name, listener in listeners.items():
        expected = {
            peers[other]: ids
            for other, ids in methods.items()
            if other != name and sees(plans, name, other)
        }
        if name == "t":
            expected = {peer: ids & {"1"} for peer, ids in expected.items()}
            # It may have been called by others, too.
            expected = {
                peer: ids for peer, ids in expected.items() if ids or peer in listener.known
            }
        assert listener.known == expected, name


def sees(plans: dict[str, Any], name: str, other: str) -> bool:
    users = {plans[name][0], plans[other][0]}
    return (len(users) == 1 or "service" in users) and {name, other} != {"b", "c"}
