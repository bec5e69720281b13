"""
Random histories of a handful of sessions at one router, frames under way included.

What has to hold whatever happens: what was asked for is settled once, and each result is that of
its own call; progress is told in order, and before the end; a method's invocations are run in their
order, one at a time and once each; a subscriber gets what was pushed in its order, without
repetitions and only what is for it; and when all is quiet, everybody knows what the router knows,
and nothing is left of what has ended.
"""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dash_interop.errors import (
    HandlerFailed,
    InvocationCancelled,
    InvocationError,
    MethodNotFound,
    NotConnected,
)
from dash_interop.peer.invoking import Invoking
from dash_interop.peer.publishing import Publication, StreamInterest
from dash_interop.peer.queue import Invocation
from dash_interop.peer.results import InvocationResult
from dash_interop.peer.subscribing import SubscriptionLine
from dash_interop.wire.payloads import encode_payload
from tests.support.wired import DOWN, UP, Wired, WiredPeer, arguments

ANY = st.integers(0, 10_000)
"""Picks one of whatever there is by then."""

AT_ONCE = st.sampled_from([True, True, True, False])
"""Whether what was done is delivered before the next thing happens."""

METHODS = st.sampled_from(["A", "A", "B"])
TARGETS = st.sampled_from(
    [None, None, "all", "all", "skipMine", {"application": "a"}, [{"application": "b"}]]
)
SECONDS = st.sampled_from([0.0, 1.0, 3.0, 10.0])
KEYS = st.sampled_from(["eu", "us"])

LONG = 1000.0
"""Longer than anything takes."""


class SessionPromises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.wired = Wired(at_once=False)
        self.users = {"a": "anna", "b": "anna", "c": "ben", "d": "service"}
        self.peers = [self.wired.stranger(name, user) for name, user in self.users.items()]
        self.count = 0
        # What has to be settled, by token; and who asked.
        self.asked: dict[str, WiredPeer] = {}
        self.unwanted: set[str] = set()
        self.cancelled: set[str] = set()
        self.invoking: dict[str, Invoking] = {}
        self.streams: list[tuple[WiredPeer, Publication]] = []
        self.lines: dict[str, tuple[WiredPeer, SubscriptionLine]] = {}
        self.ended_at: dict[str, int] = {}

    # The machinery

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def token(self, peer: WiredPeer) -> str:
        token = f"t{self.fresh()}"
        self.asked[token] = peer
        return token

    def pick(self, number: int) -> WiredPeer:
        return self.peers[number % len(self.peers)]

    def done(self, at_once: bool) -> None:
        if at_once:
            self.wired.deliver()

    def is_quiet(self) -> bool:
        return not any(frames for peer in self.peers for frames in peer.frames.values())

    # Connections and time

    @initialize()
    def begin_with_company(self) -> None:
        for number, _ in enumerate(self.peers):
            self.connect(number, True)
            self.register(number, "A", LONG, True)
        self.create_stream(0, False, LONG, True)
        self.create_stream(3, True, LONG, True)
        for number in (1, 1, 2):
            self.invoke(number, "A", "all", 10.0, 10.0, True)
            self.subscribe(number, "eu", "all", False, 10.0, 10.0, True)

    @precondition(lambda self: any(peer.connection is None for peer in self.peers))
    @rule(number=ANY, at_once=AT_ONCE)
    def connect(self, number: int, at_once: bool) -> None:
        away = [peer for peer in self.peers if peer.connection is None]
        self.wired.connect(away[number % len(away)])
        self.done(at_once)

    @rule(number=ANY, comes_back=st.booleans(), at_once=AT_ONCE)
    def cut(self, number: int, comes_back: bool, at_once: bool) -> None:
        peer = self.pick(number)
        if peer.connection is not None:
            in_flight = self.in_flight(peer)
            self.wired.cut(peer)
            assert all(peer.is_settled(token) for token in in_flight)
            if comes_back:
                self.wired.connect(peer)
        self.done(at_once)

    def in_flight(self, peer: WiredPeer) -> list[str]:
        """Invocations that have been sent and wait for their answers."""
        return [
            token
            for token, invoking in self.invoking.items()
            if self.asked[token] is peer and invoking._requests and not peer.is_settled(token)
        ]

    @rule(stays_away=st.none() | ANY, at_once=AT_ONCE)
    def restart(self, stays_away: int | None, at_once: bool) -> None:
        were_connected = [peer for peer in self.peers if peer.connection is not None]
        in_flight = {peer: self.in_flight(peer) for peer in were_connected}
        self.wired.restart()
        assert all(peer.is_settled(token) for peer in in_flight for token in in_flight[peer])
        for number, peer in enumerate(were_connected):
            if stays_away is None or stays_away % 4 != number:
                self.wired.connect(peer)
        self.done(at_once)

    @rule(seconds=SECONDS, is_late=st.booleans(), at_once=AT_ONCE)
    def tick(self, seconds: float, is_late: bool, at_once: bool) -> None:
        if is_late:
            self.wired.jump(seconds)
        else:
            self.wired.tick(seconds)
        self.done(at_once)

    @rule(number=ANY, direction=st.sampled_from([UP, DOWN]), frames=st.integers(1, 3))
    def deliver_some(self, number: int, direction: str, frames: int) -> None:
        for _ in range(frames):
            self.wired.deliver_one(self.pick(number), direction)

    @rule()
    def deliver(self) -> None:
        self.wired.deliver()

    # Methods

    @rule(number=ANY, name=METHODS, timeout=SECONDS, at_once=AT_ONCE)
    def register(self, number: int, name: str, timeout: float, at_once: bool) -> None:
        peer = self.pick(number)
        if peer.agm.serving.find(name) is None:
            peer.register(name, token=self.token(peer), timeout=timeout, response_timeout=7.0)
        self.done(at_once)

    @rule(number=ANY, name=METHODS, at_once=AT_ONCE)
    def unregister(self, number: int, name: str, at_once: bool) -> None:
        peer = self.pick(number)
        offering = peer.agm.serving.find(name)
        if offering is not None:
            self.asked[peer.unregister(offering)] = peer
        self.done(at_once)

    @rule(
        number=ANY,
        name=METHODS,
        whom=TARGETS,
        wait=SECONDS,
        response=SECONDS.filter(bool),
        at_once=AT_ONCE,
    )
    def invoke(
        self, number: int, name: str, whom: Any, wait: float, response: float, at_once: bool
    ) -> None:
        peer = self.pick(number)
        token = self.token(peer)
        self.invoking[token] = peer.start_invoking(
            token,
            name,
            {"call": token, "n": self.fresh()},
            whom,
            wait_timeout=wait,
            response_timeout=response,
            listener=token,
        )
        self.done(at_once)

    @precondition(lambda self: self.invoking)
    @rule(which=ANY, at_once=AT_ONCE)
    def cancel(self, which: int, at_once: bool) -> None:
        token = list(self.invoking)[which % len(self.invoking)]
        peer = self.asked[token]
        if not peer.is_settled(token):
            peer.ask(self.invoking[token].cancel)
            self.cancelled.add(token)
        self.done(at_once)

    def runs(self) -> list[tuple[WiredPeer, Invocation]]:
        return [(peer, invocation) for peer in self.peers for invocation in peer.running]

    @precondition(lambda self: self.runs())
    @rule(which=ANY, fails=st.booleans(), twice=st.booleans(), at_once=AT_ONCE)
    def answer(self, which: int, fails: bool, twice: bool, at_once: bool) -> None:
        runs = self.runs()
        peer, invocation = runs[which % len(runs)]
        for _ in range(1 + twice):
            self.finish(peer, invocation, fails)
        self.done(at_once)

    @precondition(lambda self: self.runs())
    @rule(which=ANY, times=st.integers(1, 3), at_once=AT_ONCE)
    def report_progress(self, which: int, times: int, at_once: bool) -> None:
        runs = self.runs()
        peer, invocation = runs[which % len(runs)]
        for _ in range(times):
            value = encode_payload({"by": peer.name, "n": self.fresh()})
            peer.ask(lambda value=value: peer.agm.serving.progress(invocation, value))
        self.done(at_once)

    @precondition(lambda self: any(peer.stopped for peer in self.peers))
    @rule(which=ANY, at_once=AT_ONCE)
    def end_what_was_stopped(self, which: int, at_once: bool) -> None:
        stopped = [(peer, invocation) for peer in self.peers for invocation in peer.stopped]
        peer, invocation = stopped[which % len(stopped)]
        peer.end(invocation)
        self.done(at_once)

    @precondition(lambda self: any(peer.stopped for peer in self.peers))
    @rule(which=ANY, fails=st.booleans(), at_once=AT_ONCE)
    def answer_late(self, which: int, fails: bool, at_once: bool) -> None:
        stopped = [(peer, invocation) for peer in self.peers for invocation in peer.stopped]
        peer, invocation = stopped[which % len(stopped)]
        before = list(peer.frames[UP])
        self.finish(peer, invocation, fails)
        assert list(peer.frames[UP]) == before, "a late answer was sent"
        self.done(at_once)

    def finish(self, peer: WiredPeer, invocation: Invocation, fails: bool) -> None:
        call = arguments(invocation)["call"]
        if fails:
            peer.refuse(invocation, HandlerFailed(f"no {call}", exception="ValueError"))
        else:
            peer.answer(invocation, {"call": call, "by": peer.name})

    @rule(number=ANY, name=METHODS, timeout=SECONDS, at_once=AT_ONCE)
    def wait_for_method(self, number: int, name: str, timeout: float, at_once: bool) -> None:
        peer = self.pick(number)
        self.asked[peer.wait_for_method(name, timeout)] = peer
        self.done(at_once)

    # Streams

    @rule(number=ANY, decides=st.booleans(), timeout=SECONDS, at_once=AT_ONCE)
    def create_stream(self, number: int, decides: bool, timeout: float, at_once: bool) -> None:
        peer = self.pick(number)
        if peer.agm.serving.find("S") is None:
            owner = f"stream{self.fresh()}"
            stream = peer.create_stream(
                "S", token=self.token(peer), owner=owner, decides=decides, timeout=timeout
            )
            self.streams.append((peer, stream))
        self.done(at_once)

    @precondition(lambda self: self.streams)
    @rule(which=ANY, at_once=AT_ONCE)
    def close_stream(self, which: int, at_once: bool) -> None:
        peer, stream = self.streams.pop(which % len(self.streams))
        self.asked[peer.close_stream(stream)] = peer
        self.done(at_once)

    def undecided(self) -> list[tuple[WiredPeer, StreamInterest]]:
        return [
            (peer, interest)
            for peer, stream in self.streams
            for interest in stream.interests.values()
            if interest.branch_key is None
        ]

    @precondition(lambda self: self.undecided())
    @rule(which=ANY, accepts=st.sampled_from([True, True, False]), at_once=AT_ONCE)
    def decide(self, which: int, accepts: bool, at_once: bool) -> None:
        undecided = self.undecided()
        peer, interest = undecided[which % len(undecided)]
        if accepts:
            peer.accept(interest, interest.arguments["key"])
        else:
            peer.reject(interest, f"no {interest.arguments['line']}")
        self.done(at_once)

    @precondition(lambda self: self.streams)
    @rule(which=ANY, key=st.none() | KEYS, how_many=st.integers(1, 3), at_once=AT_ONCE)
    def push(self, which: int, key: str | None, how_many: int, at_once: bool) -> None:
        peer, stream = self.streams[which % len(self.streams)]
        for _ in range(how_many):
            # Who is accepted as it comes is on no branch of a key.
            keys = () if key is None else (key,)
            peer.push(stream, {"n": self.fresh(), "by": peer.name, "key": key}, *keys)
        self.done(at_once)

    @precondition(lambda self: any(stream.interests for _, stream in self.streams))
    @rule(which=ANY, ends=st.booleans(), at_once=AT_ONCE)
    def push_to_or_close_one(self, which: int, ends: bool, at_once: bool) -> None:
        accepted = [
            (peer, interest)
            for peer, stream in self.streams
            for interest in stream.interests.values()
            if interest.branch_key is not None
        ]
        if accepted:
            peer, interest = accepted[which % len(accepted)]
            data = {"n": self.fresh(), "by": peer.name, "line": interest.arguments["line"]}
            peer.push_to(interest, data)
            if ends:
                peer.close_interests(interest)
        self.done(at_once)

    @rule(
        number=ANY,
        key=KEYS,
        whom=TARGETS,
        follows=st.booleans(),
        wait=SECONDS,
        response=SECONDS.filter(bool),
        at_once=AT_ONCE,
    )
    def subscribe(
        self,
        number: int,
        key: str,
        whom: Any,
        follows: bool,
        wait: float,
        response: float,
        at_once: bool,
    ) -> None:
        peer = self.pick(number)
        token = self.token(peer)
        line = peer.subscribe(
            "S",
            {"line": token, "key": key},
            whom,
            owner=token,
            follows=follows,
            wait_timeout=wait,
            response_timeout=response,
        )
        self.lines[token] = (peer, line)
        self.done(at_once)

    @precondition(lambda self: self.lines)
    @rule(which=ANY, at_once=AT_ONCE)
    def close(self, which: int, at_once: bool) -> None:
        token = list(self.lines)[which % len(self.lines)]
        self.close_line(token)
        self.done(at_once)

    def close_line(self, token: str) -> None:
        peer, line = self.lines.pop(token)
        if not peer.is_settled(token):
            self.unwanted.add(token)
        peer.close(line)
        self.ended_at[token] = len(peer.heard(token))

    # What holds at all times

    @invariant()
    def nothing_is_settled_twice(self) -> None:
        for peer in self.peers:
            for token, settles in peer.settled.items():
                assert len(settles) == 1, f"{token} was settled twice"
                assert token not in self.unwanted, f"{token} was settled though nobody wants it"
                assert (token in self.cancelled) == (
                    type(peer.outcome(token)) is InvocationCancelled
                )
                if token in self.invoking:
                    check_own(token, peer.outcome(token))

    @invariant()
    def progress_is_told_in_order(self) -> None:
        # That none is told after the end, the peers see to.
        for token in self.invoking:
            last: dict[str, int] = {}
            for _, value in self.asked[token].heard(token, "progress"):
                assert value["n"] > last.get(value["by"], 0)
                last[value["by"]] = value["n"]

    @invariant()
    def methods_run_in_order_one_at_a_time_and_once(self) -> None:
        for peer in self.peers:
            last: dict[Any, int] = {}
            for invocation in peer.started:
                place = (invocation.offering, self.asked[arguments(invocation)["call"]].name)
                number = arguments(invocation)["n"]
                assert number > last.get(place, 0), "run out of order, or twice"
                last[place] = number
            busy = Counter(invocation.offering for invocation in peer.running)
            assert all(count == 1 for count in busy.values()), "several run at a time"

    @invariant()
    def subscribers_get_what_is_for_them_in_order_and_once(self) -> None:
        for token, peer in self.asked.items():
            if token in self.invoking:
                continue
            last: dict[str, int] = {}
            is_over = False
            events = peer.heard(token)
            for name, *details in events:
                assert not is_over, f"{name} after the end"
                is_over = name in ("closed", "failed")
                if name == "data":
                    ((data, server, asked_with),) = [
                        (each.data, each.server, each.request_arguments) for each in details
                    ]
                    assert data["by"] == server["application"]
                    assert data["n"] > last.get(data["by"], 0), "data out of order, or twice"
                    last[data["by"]] = data["n"]
                    assert data.get("line", token) == token, "data that are private to another"
                    assert data.get("key") in (None, asked_with["key"]), "data of another branch"
            assert len(events) == self.ended_at.get(token, len(events)), "told after it was closed"

    @invariant()
    def when_all_is_quiet_everybody_knows_what_the_router_knows(self) -> None:
        if not self.is_quiet():
            return
        router = self.wired.router
        for peer in self.peers:
            link = peer.session.link
            if peer.connection is None:
                assert peer.agm.directory.pairs() == []
                assert (peer.pending_requests(), link.peer_id) == (0, None)
                continue
            agm: Any = router._domains["agm"]
            members = agm._members
            known = members.get(peer.id)
            assert known is not None
            others = [*members.visible_to(known), known]
            assert set(peer.agm.directory._instances) == {other.id for other in others}
            offers = {
                (other.id, method.id)
                for other in others
                for method in other.methods.values()
                if method.admits(known)
            }
            assert {
                (id, offer)
                for id, known_of in peer.agm.directory._offers.items()
                for offer in known_of
            } == offers
            assert set(known.methods) == {offering.id for offering in peer.agm.serving}
            self.check_streams(peer, known)
            waiting = len(known.calling) + sum(
                not subscription.streams for subscription in known.subscribed.values()
            )
            assert peer.pending_requests() <= waiting, "a request that nobody will answer"
            awaited = sum(len(self.invoking[token]._requests) for token in self.in_flight(peer))
            assert len(known.calling) == awaited, "a call that nobody waits for"

    @staticmethod
    def check_streams(peer: WiredPeer, known: Any) -> None:
        accepted = {s.id for s in known.subscribed.values() if s.streams}
        assert set(peer.agm.subscribing._open) == accepted
        interests: dict[str, bool] = {}
        for publication in peer.agm.publishing._publications.values():
            accepted_by_branch: dict[str, set[str]] = {}
            for interest in publication.interests.values():
                interests[interest.id] = interest.branch_key is not None
                if interest.branch_key is not None:
                    accepted_by_branch.setdefault(interest.branch_key, set()).add(interest.id)
            assert {key: set(of) for key, of in publication.branches.items()} == accepted_by_branch
        assert interests == {s.id: bool(s.streams) for s in known.subscribers.values()}

    # The end

    def teardown(self) -> None:
        for peer in self.peers:
            if peer.connection is None:
                self.wired.connect(peer)
        self.wired.deliver()
        self.finish_everything()
        self.wired.tick(LONG)
        self.wired.deliver()
        self.finish_everything()
        self.check_all()
        for token, peer in self.asked.items():
            assert token in self.unwanted or peer.is_settled(token), f"{token} never ended"
        for peer in self.peers:
            assert (peer.timers(), peer.pending_requests()) == (0, 0)
        self.check_that_pushes_arrive()
        self.leave_everything()

    def finish_everything(self) -> None:
        while self.runs() or self.undecided():
            for peer, invocation in self.runs():
                self.finish(peer, invocation, False)
            for peer in self.peers:
                for invocation in peer.stopped:
                    peer.end(invocation)
            for peer, interest in self.undecided():
                peer.accept(interest, interest.arguments["key"])
            self.wired.deliver()

    def check_that_pushes_arrive(self) -> None:
        """Whoever is subscribed gets what is pushed now."""
        number = self.fresh()
        for peer, stream in self.streams:
            peer.push(stream, {"n": number, "by": peer.name})
        self.wired.deliver()
        for token, (peer, line) in self.lines.items():
            got = [each for each in peer.data(token) if each["n"] == number]
            expected = [server["application"] for server in line.servers]
            assert line.state != "waiting" or not self.overlooked(peer, line)
            assert sorted(each["by"] for each in got) == sorted(expected)
        self.check_all()

    @staticmethod
    def overlooked(peer: WiredPeer, line: SubscriptionLine) -> list[Any]:
        """Publishers that a subscription might have."""
        link = peer.session.link
        streams = peer.agm.directory.offers(line._method, streaming=True)
        return line._choose(line._not_past(streams), link.peer_id)

    def leave_everything(self) -> None:
        for token in list(self.lines):
            self.close_line(token)
        for peer, stream in self.streams:
            peer.close_stream(stream)
        for peer in self.peers:
            for offering in list(peer.agm.serving):
                peer.unregister(offering)
        self.wired.deliver()
        for peer in self.peers:
            assert peer.agm.directory.pairs() == []
            assert (peer.timers(), peer.pending_requests()) == (0, 0)
        counters = self.wired.router.counters()
        assert (counters["methods"], counters["calls"], counters["subscriptions"]) == (0, 0, 0)

    def check_all(self) -> None:
        self.nothing_is_settled_twice()
        self.methods_run_in_order_one_at_a_time_and_once()
        self.subscribers_get_what_is_for_them_in_order_and_once()
        self.when_all_is_quiet_everybody_knows_what_the_router_knows()


def check_own(token: str, outcome: Any) -> None:
    """The outcome of an invocation is that of its own call."""
    assert isinstance(outcome, InvocationResult | InvocationError)
    if isinstance(outcome, InvocationResult):
        assert outcome.called_with["call"] == token
        assert outcome.all_return_values
        for value in outcome.all_return_values:
            assert value.returned == {"call": token, "by": value.executed_by["application"]}
    elif not isinstance(outcome, MethodNotFound | NotConnected | InvocationCancelled):
        assert outcome.all_errors
    for error in outcome.all_errors:
        assert error.get("exception") != "ValueError" or error["message"] == f"no {token}"


TestSessionPromises = SessionPromises.TestCase
TestSessionPromises.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
