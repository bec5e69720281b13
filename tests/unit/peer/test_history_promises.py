"""
Random pushes, outages and branches of streams that keep a history, frames under way included.

What has to hold: a subscriber gets each datum once and in its order; from one that it has to the
next there is no hole, unless it was told in between that something is missed; and where the newest
of each key is kept, it ends with the newest of each.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dash_interop.peer.history import StreamHistory
from dash_interop.peer.publishing import Publication
from dash_interop.wire.history import HistorySettings
from tests.support.wired import DOWN, UP, Wired, WiredPeer

ANY = st.integers(0, 10_000)
AT_ONCE = st.sampled_from([True, True, False])
KEYS = st.none() | st.sampled_from(["eu", "us"])
BRANCHES = st.sampled_from(["", "eu", "us", "asia"])
HISTORIES = st.sampled_from([HistorySettings(2), HistorySettings(1000), HistorySettings(5, "sym")])
SYMBOLS = st.sampled_from(["A", "B", "C"])


class HistoryPromises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.wired = Wired(at_once=False)
        self.publishers = [self.wired.stranger(name) for name in ("p", "q")]
        self.subscribers = [self.wired.stranger(name) for name in ("a", "b")]
        self.peers = self.publishers + self.subscribers
        self.streams: dict[WiredPeer, tuple[str, HistorySettings, Publication]] = {}
        self.pushed: dict[str, list[tuple[int, str | None, str]]] = {}
        """Number, branch and symbol of all data of a stream."""
        self.keyed: set[str] = set()
        self.branches: dict[str, tuple[WiredPeer, str]] = {}
        """Who subscribes on which branch, by the owner of the subscription."""
        self.count = 0

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def done(self, at_once: bool) -> None:
        if at_once:
            self.settle()

    def settle(self) -> None:
        """Until all is quiet, and all who ask are accepted."""
        self.wired.deliver()
        while self.decide():
            self.wired.deliver()

    def decide(self) -> bool:
        undecided = [
            (peer, interest)
            for peer, (_, _, stream) in self.streams.items()
            for interest in list(stream.interests.values())
            if interest.branch_key is None
        ]
        for peer, interest in undecided:
            peer.accept(interest, interest.arguments["branch"])
        return bool(undecided)

    @rule()
    def accept_all(self) -> None:
        self.decide()

    @initialize(first=HISTORIES, second=HISTORIES)
    def begin(self, first: HistorySettings, second: HistorySettings) -> None:
        self.wired.connect(*self.peers)
        self.create(0, first, True)
        self.create(1, second, False)

    @precondition(lambda self: len(self.streams) < len(self.publishers))
    @rule(which=ANY, history=HISTORIES, at_once=AT_ONCE)
    def create(self, which: int, history: HistorySettings, at_once: bool) -> None:
        idle = [peer for peer in self.publishers if peer not in self.streams]
        peer = idle[which % len(idle)]
        name = f"stream{self.fresh()}"
        self.pushed[name] = []
        if history.key:
            self.keyed.add(name)
        stream = peer.create_stream(
            "S", owner=name, decides=True, history=StreamHistory(history, name), timeout=1e6
        )
        self.streams[peer] = (name, history, stream)
        self.done(at_once)

    @precondition(lambda self: self.streams)
    @rule(which=ANY, at_once=AT_ONCE)
    def close_stream(self, which: int, at_once: bool) -> None:
        peer = list(self.streams)[which % len(self.streams)]
        _, _, stream = self.streams.pop(peer)
        peer.close_stream(stream)
        self.done(at_once)

    @precondition(lambda self: self.streams)
    @rule(which=ANY, key=KEYS, symbol=SYMBOLS, how_many=st.integers(1, 4), at_once=AT_ONCE)
    def push(self, which: int, key: str | None, symbol: str, how_many: int, at_once: bool) -> None:
        peer = list(self.streams)[which % len(self.streams)]
        name, _, stream = self.streams[peer]
        for _ in range(how_many):
            n = self.fresh()
            self.pushed[name].append((n, key, symbol))
            data = {"n": n, "stream": name, "sym": symbol}
            peer.push(stream, data, *([] if key is None else [key]))
        self.done(at_once)

    @rule(which=ANY, branch=BRANCHES, whom=st.sampled_from([None, "all"]), at_once=AT_ONCE)
    def subscribe(self, which: int, branch: str, whom: Any, at_once: bool) -> None:
        peer = self.subscribers[which % len(self.subscribers)]
        owner = f"subscription{self.fresh()}"
        self.branches[owner] = (peer, branch)
        peer.subscribe("S", {"branch": branch}, whom, owner=owner, follows=True)
        self.done(at_once)

    @rule(which=ANY, comes_back=st.booleans(), at_once=AT_ONCE)
    def cut(self, which: int, comes_back: bool, at_once: bool) -> None:
        peer = self.peers[which % len(self.peers)]
        if peer.connection is not None:
            self.wired.cut(peer)
            if comes_back:
                self.wired.connect(peer)
        self.done(at_once)

    @precondition(lambda self: any(peer.connection is None for peer in self.peers))
    @rule(at_once=AT_ONCE)
    def connect(self, at_once: bool) -> None:
        self.wired.connect(*(peer for peer in self.peers if peer.connection is None))
        self.done(at_once)

    @rule(at_once=AT_ONCE)
    def restart(self, at_once: bool) -> None:
        connected = [peer for peer in self.peers if peer.connection is not None]
        self.wired.restart()
        self.wired.connect(*reversed(connected))
        self.done(at_once)

    @rule(which=ANY, direction=st.sampled_from([UP, DOWN]), frames=st.integers(1, 5))
    def deliver_some(self, which: int, direction: str, frames: int) -> None:
        for _ in range(frames):
            self.wired.deliver_one(self.peers[which % len(self.peers)], direction)

    # What holds

    def meant(self, name: str, branch: str) -> list[int]:
        """The data of a stream that are for a branch."""
        return [n for n, key, _ in self.pushed[name] if key in (None, branch)]

    @invariant()
    def nothing_comes_twice_and_nothing_is_missed_without_a_word(self) -> None:
        for owner, (peer, branch) in self.branches.items():
            had: dict[str, int] = {}
            may_be_missed: dict[str, bool] = {}
            for event, *details in peer.heard(owner, "recovered", "data"):
                if event == "recovered":
                    is_whole, server = details
                    may_be_missed[server["instance"]] = not is_whole
                    continue
                (datum,) = details
                name, instance = datum.data["stream"], datum.server["instance"]
                place = self.meant(name, branch).index(datum.data["n"])
                expected = had.get(name, -1) + 1
                assert place >= expected, "a datum came twice, or out of order"
                if name not in self.keyed and not may_be_missed[instance]:
                    assert place == expected, "a hole that was not told"
                had[name] = place
                if name not in self.keyed:
                    may_be_missed[instance] = False

    def teardown(self) -> None:
        self.wired.connect(*(peer for peer in self.peers if peer.connection is None))
        self.settle()
        for peer in list(self.streams):
            name, history, stream = self.streams[peer]
            for key in (None, "eu", "us"):
                n = self.fresh()
                self.pushed[name].append((n, key, "last"))
                peer.push(stream, {"n": n, "stream": name, "sym": "last"}, *([key] if key else []))
        self.settle()
        self.nothing_comes_twice_and_nothing_is_missed_without_a_word()
        for owner in self.branches:
            self.has_the_newest(owner)

    def has_the_newest(self, owner: str) -> None:
        peer, branch = self.branches[owner]
        data = [event[1].data for event in peer.heard(owner, "data")]
        whole = all(event[1] for event in peer.heard(owner, "recovered"))
        for name, _, _ in self.streams.values():
            mine = [datum for datum in data if datum["stream"] == name]
            if not mine or mine[-1]["sym"] != "last":
                # It is a subscription at the other publisher by now.
                continue
            assert mine[-1]["n"] == self.meant(name, branch)[-1]
            if name in self.keyed and whole:
                got = {datum["sym"]: datum["n"] for datum in mine}
                pushed = self.pushed[name]
                assert got == {sym: n for n, key, sym in pushed if key in (None, branch)}


TestHistoryPromises = HistoryPromises.TestCase
TestHistoryPromises.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
