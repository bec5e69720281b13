"""
Random histories of peers that write to a few contexts, frames under way included.

What has to hold whatever happens: each write is settled once; over one connection a subscriber is
told of growing versions, and of each version everybody is told the same value; and when all is
quiet, every subscriber and a newcomer have the same values, and nothing is left of what has ended.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dash_interop.errors import (
    ConnectionLost,
    ContextConflict,
    ContextError,
    ContextNotFound,
    ContextTimeout,
    NotConnected,
)
from dash_interop.peer.context_requests import Watch
from tests.support.wired import DOWN, UP, Wired, WiredPeer

ANY = st.integers(0, 10_000)
"""Picks one of whatever there is by then."""

AT_ONCE = st.sampled_from([True, True, False])
"""Whether what was done is delivered before the next thing happens."""

NAMES = st.sampled_from(["A", "A", "A", "B"])
PATHS = st.sampled_from(["n", "m", "a.n", "a.m", "lines.0", "lines.1", "lines.x"])
VERSIONS = st.sampled_from([None, None, None, 0, "present"])
SECONDS = st.sampled_from([1.0, 10.0])

LONG = 1000.0
"""Longer than anything takes."""

KINDS = (
    ContextConflict,
    ContextNotFound,
    ContextTimeout,
    ContextError,
    ConnectionLost,
    NotConnected,
)


class ContextPromises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.wired = Wired(at_once=False)
        self.peers = [self.wired.stranger(name) for name in "abc"]
        self.count = 0
        self.asked: dict[str, WiredPeer] = {}
        self.watches: dict[str, tuple[WiredPeer, Watch]] = {}
        self.ended: set[str] = set()
        self.told: dict[str, int] = {}
        """How many changes of each subscription were looked at."""
        self.latest: dict[str, int] = {}
        """The version that each subscription was told last over the present connection."""
        self.values: dict[tuple[int, int], dict[str, Any]] = {}
        """By gateway and version."""
        self.gateway = 0

    # The machinery

    def pick(self, number: int) -> WiredPeer:
        return self.peers[number % len(self.peers)]

    def done(self, at_once: bool) -> None:
        if at_once:
            self.wired.deliver()

    def write(
        self, peer: WiredPeer, name: str, delta: dict[str, Any] | None, **options: Any
    ) -> None:
        self.asked[peer.write(name, delta, **options)] = peer

    # Connections and time

    @initialize()
    def begin_with_company(self) -> None:
        self.wired.connect(*self.peers)
        self.wired.deliver()
        for peer in self.peers[:2]:
            self.watch(self.peers.index(peer), "A", True)

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
            self.forget_versions(peer)
            self.wired.cut(peer)
            if comes_back:
                self.wired.connect(peer)
        self.done(at_once)

    @rule(order=st.permutations(range(3)), at_once=AT_ONCE)
    def restart(self, order: list[int], at_once: bool) -> None:
        there = [peer for peer in self.peers if peer.connection is not None]
        self.forget_versions(*self.peers)
        self.gateway += 1
        self.wired.restart()
        for number in order:
            if self.peers[number] in there:
                self.wired.connect(self.peers[number])
        self.done(at_once)

    @rule(number=ANY, direction=st.sampled_from([UP, DOWN]), frames=st.integers(1, 5))
    def deliver_some(self, number: int, direction: str, frames: int) -> None:
        for _ in range(frames):
            self.wired.deliver_one(self.pick(number), direction)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.wired.tick(seconds)

    # Contexts

    @rule(number=ANY, name=NAMES, at_once=AT_ONCE)
    def watch(self, number: int, name: str, at_once: bool) -> None:
        self.count += 1
        owner = f"w{self.count}"
        peer = self.pick(number)
        self.watches[owner] = (peer, peer.watch(name, owner))
        self.done(at_once)

    @precondition(lambda self: self.watches.keys() - self.ended)
    @rule(number=ANY, at_once=AT_ONCE)
    def unwatch(self, number: int, at_once: bool) -> None:
        going = sorted(self.watches.keys() - self.ended)
        owner = going[number % len(going)]
        peer, watch = self.watches[owner]
        peer.ask(lambda: peer.contexts.unwatch(watch))
        self.ended.add(owner)
        self.done(at_once)

    @rule(number=ANY, name=NAMES, timeout=SECONDS, at_once=AT_ONCE)
    def read(self, number: int, name: str, timeout: float, at_once: bool) -> None:
        peer = self.pick(number)
        self.asked[peer.read(name, timeout)] = peer
        self.done(at_once)

    @rule(number=ANY, name=NAMES, path=PATHS, version=VERSIONS, timeout=SECONDS, at_once=AT_ONCE)
    def put(
        self, number: int, name: str, path: str, version: Any, timeout: float, at_once: bool
    ) -> None:
        self.count += 1
        command = {"type": "set", "path": path, "value": self.count}
        self.write_at(number, name, {"commands": [command]}, version, timeout)
        self.done(at_once)

    @rule(number=ANY, name=NAMES, path=PATHS, timeout=SECONDS, at_once=AT_ONCE)
    def remove(self, number: int, name: str, path: str, timeout: float, at_once: bool) -> None:
        delta = {"commands": [{"type": "remove", "path": path}]}
        self.write(self.pick(number), name, delta, timeout=timeout)
        self.done(at_once)

    @rule(number=ANY, name=NAMES, version=VERSIONS, timeout=SECONDS, at_once=AT_ONCE)
    def reset(self, number: int, name: str, version: Any, timeout: float, at_once: bool) -> None:
        self.count += 1
        value = {"lines": [self.count], "a": {"n": self.count}}
        self.write_at(number, name, {"reset": value}, version, timeout)
        self.done(at_once)

    @rule(number=ANY, name=NAMES, timeout=SECONDS, at_once=AT_ONCE)
    def destroy(self, number: int, name: str, timeout: float, at_once: bool) -> None:
        self.write(self.pick(number), name, None, creates=False, timeout=timeout)
        self.done(at_once)

    def write_at(
        self, number: int, name: str, delta: dict[str, Any], version: Any, timeout: float
    ) -> None:
        peer = self.pick(number)
        if version == "present":
            told = [
                change.version
                for owner, (watcher, watch) in self.watches.items()
                if watcher is peer and watch.name == name
                for change in peer.changes(owner)
                if change.version
            ]
            version = max(told, default=1)
        self.write(peer, name, delta, if_version=version, timeout=timeout)

    # What is told

    def forget_versions(self, *peers: WiredPeer) -> None:
        for owner, (peer, _) in self.watches.items():
            if peer in peers:
                self.latest.pop(owner, None)

    @invariant()
    def changes_are_those_of_the_gateway(self) -> None:
        for owner, (peer, _) in self.watches.items():
            changes = peer.changes(owner)
            for change in changes[self.told.get(owner, 0) :]:
                if not change.is_destroyed:
                    assert change.version is not None
                    assert change.version > self.latest.get(owner, 0), (owner, changes)
                    self.latest[owner] = change.version
                    of_gateway = (self.gateway, change.version)
                    assert self.values.setdefault(of_gateway, change.data) == change.data
            self.told[owner] = len(changes)

    # The end

    def teardown(self) -> None:
        for peer in self.peers:
            if peer.connection is None:
                self.wired.connect(peer)
        self.wired.deliver()
        self.wired.tick(LONG)
        self.wired.deliver()
        for token, peer in self.asked.items():
            (settle,) = peer.settled.get(token, [])
            assert settle.error is None or type(settle.error) in KINDS, settle
        self.check_values()
        for owner, (peer, watch) in self.watches.items():
            if owner not in self.ended:
                peer.ask(lambda peer=peer, watch=watch: peer.contexts.unwatch(watch))
        self.wired.deliver()
        for peer in self.wired.peers.values():
            assert (peer.pending_requests(), peer.timers()) == (0, 0)
        for context in self.wired.router.snapshot()["context"].values():
            assert context["members"] == []

    def check_values(self) -> None:
        newcomer = self.wired.peer("newcomer")
        self.wired.deliver()
        names = newcomer.contexts.names()
        for peer in self.peers:
            assert sorted(peer.contexts.names()) == sorted(names)
        for name in ("A", "B"):
            token = newcomer.read(name)
            self.wired.deliver()
            value, version = newcomer.outcome(token)
            assert (name in names) == (version != 0)
            for owner, (peer, watch) in self.watches.items():
                changes = peer.changes(owner)
                if watch.name == name and owner not in self.ended:
                    last = changes[-1] if changes else None
                    present = {} if last is None else last.data
                    assert present == value, (peer.name, present, value)
                    assert (last is None or last.is_destroyed) == (name not in names)


TestContextPromises = ContextPromises.TestCase
TestContextPromises.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
