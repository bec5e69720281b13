"""A domain that the package does not know: it is handed to a session, and nothing else changes."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from msgspec import Raw

from dash_interop.errors import AuthenticationFailed
from dash_interop.peer.agm import Agm
from dash_interop.peer.contexts import Contexts
from dash_interop.peer.domain import Domain
from dash_interop.peer.link import Link
from dash_interop.peer.session import Session
from dash_interop.router.effects import Probe
from dash_interop.router.peers import Peer
from dash_interop.router.switchboard import Switchboard
from dash_interop.wire import agm
from dash_interop.wire.agm import Event
from dash_interop.wire.envelope import NULL, Inbound, Outbound, RequestId, Vocabulary
from dash_interop.wire.login import Join
from tests.support.room import DOMAINS
from tests.support.wired import DOWN, UP, Wired, WiredPeer


class Write(Inbound, frozen=True):
    line: str = ""


class Written(Outbound, frozen=True, tag="subscribed"):
    """An answer whose type the domain ``agm`` has, too."""

    request_id: RequestId
    peer_id: str
    number: int
    domain: str = "wall"


class Line(Outbound, frozen=True, tag="event"):
    peer_id: str
    line: str
    domain: str = "wall"


WALL = Vocabulary(domain="wall", accepted={"write": Write}, sent=(Written, Line))


class GatewayWall:
    """Everybody sees the lines that members write, from the first one on."""

    vocabularies = (WALL,)

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.members: dict[str, Peer] = {}
        self.lines: list[str] = []

    def arrive(self, peer: Peer) -> None: ...

    def depart(self, peer: Peer) -> None: ...

    def heard(self, probe: Probe) -> None: ...

    def end_turn(self) -> None: ...

    def join(self, peer: Peer, message: Join) -> bool:
        if peer.user == "vandal":
            self.board.refuse(peer, message.request_id, "wall.closed", "Not on our wall", "wall")
            return False
        self.members[peer.id] = peer
        for line in self.lines:
            self.board.send(peer.connection, Line(peer.id, line))
        return True

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        self.members.pop(peer.id, None)

    def handle(self, peer: Peer, message: Write) -> None:
        self.lines.append(message.line)
        self.board.send(peer.connection, Written(message.request_id, peer.id, len(self.lines)))
        for member in self.members.values():
            self.board.send(member.connection, Line(member.id, message.line))

    def passes_over(self, message: Any) -> bool:
        return False

    @property
    def is_busy(self) -> bool:
        return False

    def tick(self) -> None: ...

    def next_deadline(self) -> float | None:
        return None

    def counters(self) -> dict[str, int]:
        return {}

    def snapshot(self) -> dict[str, Any]:
        return {"lines": self.lines}


class Wall:
    """The peer's end: what is written during an outage is said when it is over."""

    vocabulary: ClassVar[Vocabulary] = WALL

    def __init__(self, link: Link) -> None:
        self.link = link
        self.seen: list[str] = []
        self.past: list[str] = []
        self.unsaid: list[tuple[Any, str]] = []

    @property
    def handlers(self) -> Mapping[type[Outbound], Callable[[Any], None]]:
        return {Written: self.link.answered, Line: self.line}

    def logged_in(self) -> None:
        self.past.append(f"in as {self.link.peer_id}, {self.link.identity['user']}")

    def joining(self, join: Join) -> Join:
        return join

    def joined(self) -> None:
        self.past.append("joined")
        unsaid, self.unsaid = self.unsaid, []
        for token, line in unsaid:
            self.write(token, line)

    def lost(self) -> None:
        self.past.append("lost")
        self.seen.clear()

    def write(self, token: Any, line: str) -> None:
        if not self.link.is_joined:
            self.unsaid.append((token, line))
            return

        def answered(answer: Outbound | None) -> None:
            self.link.settle(token, answer.number if isinstance(answer, Written) else None)

        write = Write(self.link.new_request_id(), self.link.peer_id, line)
        self.link.request(write, answered)

    def line(self, message: Line) -> None:
        self.seen.append(message.line)
        self.link.tell("line", message.line)


def a_wired_wall(**options: Any) -> Wired:
    return Wired(domains=[*DOMAINS, GatewayWall], peer_domains=[Agm, Wall], **options)


def wall_of(peer: WiredPeer) -> Wall:
    return peer.session.domain(Wall)


def write(peer: WiredPeer, line: str) -> str:
    token = peer.token()
    peer.ask(lambda: wall_of(peer).write(token, line))
    return token


def test_session_joins_each_of_its_domains():
    wired = a_wired_wall()
    a = wired.peer("a")
    assert a.state == "connected"
    assert wall_of(a).past == [f"in as {a.id}, anna", "joined"]
    assert wired.router.snapshot()["wall"] == {"lines": []}
    assert (a.pending_requests(), a.timers()) == (0, 0)


def test_session_does_not_join_a_domain_whose_messages_come_in_that_of_all():
    wired = Wired(at_once=False, peer_domains=[Contexts, Agm])
    a = wired.stranger("a")
    wired.connect(a)
    wired.deliver_one(a, UP)
    wired.deliver_one(a, DOWN)
    frames = [json.loads(frame) for frame in a.frames[UP]]
    assert [(frame["type"], frame["destination"]) for frame in frames] == [("join", "agm")]
    wired.deliver()
    assert a.state == "connected"


def test_domains_of_one_session_do_not_meet():
    wired = a_wired_wall()
    a, b = wired.peer("a"), wired.peer("b")
    stream = a.create_stream("Prices")
    b.subscribe("Prices", owner="subscription")
    a.register("Sum")
    assert a.outcome(write(a, "hello")) == 1
    assert a.outcome(write(a, "again")) == 2
    a.push(stream, {"n": 1})
    assert wall_of(b).seen == ["hello", "again"]
    assert b.told("line") == [("line", "hello"), ("line", "again")]
    assert b.data("subscription") == [{"n": 1}]
    assert b.servers("Sum") == ["a"]


def test_message_is_known_by_its_domain_and_its_type():
    session = Session({}, [Agm, Wall])
    line = session.codec.from_gateway(b'{"domain":"wall","type":"event","peer_id":"p","line":"x"}')
    assert line == Line("p", "x")
    event = Event("p", "s", False, NULL, NULL, Raw(b"{}"))
    assert type(event) in session.domain(Agm).handlers
    assert session.codec.to_gateway(Write("1", "p", "x")).startswith(b'{"domain":"wall"')


def test_session_without_a_domain_does_not_read_its_messages():
    session = Session({}, [Wall])
    added = b'{"domain":"agm","type":"result","request_id":"1","peer_id":"p","result":{}}'
    assert session.codec.from_gateway(added) is None
    line = b'{"domain":"wall","type":"event","peer_id":"p","line":"x"}'
    assert isinstance(session.codec.from_gateway(line), Line)


def test_peer_is_connected_when_it_has_joined_all_and_no_sooner():
    wired = a_wired_wall(at_once=False)
    a = wired.stranger("a")
    wired.connect(a)
    token = write(a, "early")
    assert [wired.deliver_one(a, direction) for direction in (UP, DOWN, UP, UP)] == [True] * 4
    wired.deliver_one(a, DOWN)
    while len(a.frames[DOWN]) > 0:
        assert a.state == "connecting"
        assert "joined" not in wall_of(a).past
        wired.deliver_one(a, DOWN)
    assert a.state == "connected"
    wired.deliver()
    assert a.outcome(token) == 1


def test_domain_that_refuses_a_peer_refuses_its_login():
    wired = a_wired_wall()
    a = wired.stranger("a", user="vandal")
    wired.connect(a)
    ((_, error),) = a.told("refused")
    assert type(error) is AuthenticationFailed
    assert str(error) == "Not on our wall"
    assert a.state == "connecting"
    assert "joined" not in wall_of(a).past


def test_domain_hears_of_an_outage_and_of_its_end():
    wired = a_wired_wall()
    a, b = wired.peer("a"), wired.peer("b")
    write(a, "before")
    wired.cut(b)
    first, second = wall_of(b).past[:1], b.token()
    assert (wall_of(b).past, wall_of(b).seen) == ([*first, "joined", "lost"], [])
    b.ask(lambda: wall_of(b).write(second, "meanwhile"))
    assert not b.is_settled(second)
    wired.connect(b)
    assert b.outcome(second) == 2
    assert wall_of(b).seen == ["before", "meanwhile"]
    assert wall_of(b).past[3:] == [f"in as {b.id}, anna", "joined"]


def test_question_that_an_outage_cut_off_is_settled():
    wired = a_wired_wall()
    a = wired.peer("a")
    wired.hold(a, DOWN)
    token = write(a, "x")
    wired.cut(a)
    assert a.outcome(token) is None


def test_domain_finds_the_time_at_its_link():
    wired = a_wired_wall()
    a = wired.peer("a")
    times: list[float] = []

    def later() -> None:
        link = a.session.link
        link.deadlines.at(link.now + 5.0, lambda _: times.append(link.now))

    wired.tick(3.0)
    a.ask(later)
    wired.tick(4.0)
    assert times == []
    wired.tick(4.0)
    assert times == [8.0]


def test_domains_keep_to_the_seam():
    for make, vocabulary in ((Agm, agm.VOCABULARY), (Wall, WALL)):
        domain: Domain = make(Link({}, [make.vocabulary]))
        assert domain.vocabulary is vocabulary
        assert set(domain.handlers) == set(vocabulary.sent)
