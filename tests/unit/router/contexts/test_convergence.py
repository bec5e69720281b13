"""
Whatever peers do with contexts, and in whatever order, those who share one end up with the same
value, and nothing is left of who is gone.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import json

from dash_interop.router.contexts.channels import DEFAULT_CHANNELS
from dash_interop.router.contexts.domain import Contexts
from dash_interop.wire.contexts import LIFETIMES
from tests.support.context_room import ContextPeer, ContextRoom

NAMES = st.sampled_from(["x", "x", "x", "y", DEFAULT_CHANNELS[0].context_name])
KEYS = st.sampled_from(["a", "b", "c.d", "0", "1", "length"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)
DATA = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.lists(st.sampled_from(["a", "b", "0", "1", "length", ""]), min_size=1, max_size=4).map(
    ".".join
)
COMMANDS = st.one_of(
    st.fixed_dictionaries({"type": st.just("set"), "path": PATHS, "value": VALUES}),
    st.fixed_dictionaries({"type": st.just("set"), "path": PATHS}),
    st.fixed_dictionaries({"type": st.just("remove"), "path": PATHS}),
)
DELTAS = st.one_of(
    st.fixed_dictionaries({"commands": st.lists(COMMANDS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"reset": DATA}),
    st.fixed_dictionaries(
        {},
        optional={"added": DATA, "updated": DATA, "removed": st.lists(KEYS, max_size=2)},
    ),
)
ANY = st.integers(0, 1000)
"""Picks one of whatever there is by then."""


class Convergence(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = ContextRoom(channels=DEFAULT_CHANNELS[:2])
        self.users: dict[str, str] = {}

    @property
    def peers(self) -> list[ContextPeer]:
        return list(self.room.peers.values())

    def pick(self, which: int) -> ContextPeer:
        return self.peers[which % len(self.peers)]

    def known(self, which: int, name: str) -> ContextPeer | None:
        peer = self.pick(which)
        return peer if name in peer.ids else None

    def values(self) -> dict[str, Any]:
        """What the gateway has, by id."""
        domain: Any = self.room.router._domains["context"]
        assert isinstance(domain, Contexts)
        return {each.id: json.decode(each.value.text) for each in domain._table}

    @initialize()
    def begin_with_company(self) -> None:
        for echoes in (False, False, True):
            self.come("anna", echoes)
        for peer in self.peers:
            peer.create("x", {"a": {"b": 1}})

    @precondition(lambda self: len(self.peers) < 6)
    @rule(user=st.sampled_from(["anna", "anna", "bert"]), echoes=st.booleans())
    def come(self, user: str, echoes: bool) -> None:
        peer = self.room.enter(user, echoes=echoes)
        self.users[peer.connection] = user

    @precondition(lambda self: self.peers)
    @rule(which=ANY)
    def go(self, which: int) -> None:
        self.pick(which).end()

    @precondition(lambda self: self.peers)
    @rule(which=ANY, is_member=st.booleans())
    def choose_a_domain(self, which: int, is_member: bool) -> None:
        peer = self.pick(which)
        if is_member:
            peer.join()
        else:
            peer.leave()

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES, data=DATA, lifetime=st.sampled_from(LIFETIMES))
    def create(self, which: int, name: str, data: Any, lifetime: str) -> None:
        self.pick(which).create(name, data, lifetime=lifetime)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES, data=DATA, version=st.integers(1, 200))
    def restore(self, which: int, name: str, data: Any, version: int) -> None:
        peer = self.pick(which)
        # Only clients that know of it restore, and those ask for echoes.
        if peer.echoes:
            peer.create(name, data, version=version)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES, data=DATA, paths=st.lists(PATHS, max_size=3))
    def create_in_part(self, which: int, name: str, data: Any, paths: list[str]) -> None:
        self.pick(which).create(name, data, paths=paths)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES)
    def subscribe(self, which: int, name: str) -> None:
        if (peer := self.known(which, name)) is not None:
            peer.subscribe(name)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES)
    def unsubscribe(self, which: int, name: str) -> None:
        if (peer := self.known(which, name)) is not None:
            peer.unsubscribe(name)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES, delta=DELTAS)
    def update(self, which: int, name: str, delta: Any) -> None:
        if (peer := self.known(which, name)) is not None:
            peer.update(name, delta)

    @precondition(lambda self: self.peers)
    @rule(first=ANY, second=ANY, name=NAMES, deltas=st.tuples(DELTAS, DELTAS))
    def both_update(self, first: int, second: int, name: str, deltas: tuple[Any, Any]) -> None:
        for which, delta in zip((first, second), deltas, strict=True):
            self.update(which, name, delta)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, name=NAMES)
    def destroy(self, which: int, name: str) -> None:
        if (peer := self.known(which, name)) is not None:
            peer.destroy(name)

    @precondition(lambda self: self.peers)
    @rule(which=ANY)
    def take_up(self, which: int) -> None:
        self.pick(which).catch_up()

    @precondition(lambda self: self.room.probes)
    @rule(which=ANY)
    def answer_a_probe(self, which: int) -> None:
        probe = self.room.probes.pop(which % len(self.room.probes))
        peer = self.room.peers.get(str(probe.connection))
        if peer is not None:
            peer.catch_up()
        self.room.take(self.room.router.heard(probe, 0.0))

    @rule()
    def come_to_rest(self) -> None:
        self.room.answer_probes()
        values = self.values()
        for peer in self.peers:
            peer.catch_up()
            for id, copy in peer.copies.items():
                assert json.decode(json.encode(copy)) == values[id]

    @invariant()
    def copies_of_those_who_echo_are_the_value(self) -> None:
        values = self.values()
        for peer in self.peers:
            if peer.echoes:
                for id, copy in peer.copies.items():
                    assert copy == values[id]

    @invariant()
    def peers_know_the_contexts_of_their_user(self) -> None:
        snapshot = self.room.router.snapshot()["context"]
        for peer in self.peers:
            user = self.users[peer.connection]
            theirs = {each["name"]: id for id, each in snapshot.items() if each["user"] == user}
            assert peer.ids == theirs
            mine = {id for id, each in snapshot.items() if peer.id in each["members"]}
            assert mine == set(peer.copies)

    def teardown(self) -> None:
        self.come_to_rest()
        for peer in self.peers:
            peer.end()
        for user in ("anna", "bert"):
            cleaner = self.room.enter(user, echoes=True)
            for name in list(cleaner.ids):
                cleaner.destroy(name)
            cleaner.end()
        nothing = dict.fromkeys(self.room.counters(), 0)
        counters = self.room.counters()
        done = {key: counters[key] for key in ("context_probes", "context_heals")}
        assert counters == nothing | done
        domain: Any = self.room.router._domains["context"]
        assert (domain._members, domain._table._by_id, domain._table._by_user) == ({}, {}, {})


TestConvergence = Convergence.TestCase
TestConvergence.settings = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], stateful_step_count=20
)
