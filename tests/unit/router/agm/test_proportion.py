"""What a frame costs is in proportion to what it asks for, not to what there is."""

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from dash_interop.router.effects import RouterEffect
from dash_interop.router.limits import Limits
from dash_interop.router.patterns import HAS_RE2, compiled
from dash_interop.wire.agm import MethodId, Register, Subscribe, Unregister
from dash_interop.wire.envelope import Error, Inbound
from dash_interop.wire.login import Join, Leave
from tests.support.room import Room, frames_of, settled


def steps(function: Callable[[], Any]) -> int:
    """How many lines of code run, those of loops as often as they run."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    # What other tests left behind would be collected meanwhile, and its finalizers count.
    gc.disable()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def steps_of(room: Room, connection: str, message: Inbound) -> int:
    return steps(lambda: room.router.handle(connection, message, 0.0))


def publisher(subscriptions: int, methods: int = 20) -> tuple[Room, str]:
    """One that offers ``0``, to which others subscribe, and as many other methods."""
    room = Room()
    names = [{"id": str(n), "name": f"M{n}"} for n in range(methods + 1)]
    a = room.enter("a", "anna", *names)
    b = room.enter("b")
    for n in range(subscriptions):
        room.router.handle("b", Subscribe(f"s{n}", b, a, "0"), 0.0)
    return room, a


def test_unregistering_does_not_look_at_the_subscriptions_of_other_methods():
    others: list[MethodId] = [str(n) for n in range(1, 21)]
    few, many = (
        steps_of(room, "a", Unregister("u", a, others)) for room, a in map(publisher, (1, 500))
    )
    assert many == few


def test_registering_does_not_look_at_all_that_is_registered():
    few, many = (
        steps_of(room, "a", Register("r", a, [{"id": "new", "name": "New"}]))
        for room, a in (publisher(0, methods) for methods in (1, 500))
    )
    assert many == few


def crowd(count: int, methods: int = 0) -> Room:
    room = Room()
    for n in range(count):
        room.enter(f"c{n}", "anna", *({"id": str(k), "name": f"M{k}"} for k in range(methods)))
    return room


@pytest.mark.parametrize("methods", [0, 10])
def test_joining_and_leaving_in_a_loop_is_told_to_nobody_within_a_turn(methods: int):
    room = crowd(50, methods)
    room.connect("b")
    b = room.hello("b", "anna")
    effects: list[RouterEffect] = []
    for _ in range(10):
        effects += room.router.handle("b", Join("j", b, "agm"), 0.0)
        effects += room.router.handle("b", Leave("l", b, "agm"), 0.0)
    effects = settled(room.router, effects)
    assert [to for to, _ in frames_of(effects)] == ["b"] * 20, "the answers, and nothing else"


@pytest.mark.skipif(not HAS_RE2, reason="google-re2 is not installed")
def test_patterns_are_compiled_once_however_many_there_are():
    room = Room(Limits(restrictions_per_peer=400))
    methods = [
        {"id": str(n), "name": f"M{n}", "restrictions": f"$instance ? 'only-{n}-.*'"}
        for n in range(300)
    ]
    room.enter("a", "anna", *methods)
    before = compiled.cache_info().misses
    for n in range(3):
        room.enter(f"b{n}", instance=f"only-{n}-x")
    assert compiled.cache_info().misses == before


def test_equal_restrictions_are_asked_once_for_each_viewer():
    def room_of(methods: int) -> Room:
        room = Room()
        room.enter(
            "a",
            "anna",
            *(
                {"id": str(n), "name": f"M{n}", "restrictions": "$role == 'admin' && $desk == 7"}
                for n in range(methods)
            ),
        )
        return room

    def cost(methods: int) -> int:
        room = room_of(methods)
        return steps(lambda: room.enter("b", role="admin", desk=7))

    # Each method more costs what it is to tell of it, not to check it.
    assert cost(60) - cost(10) < 50 * 25


def test_different_restrictions_of_one_peer_are_bounded():
    room = Room(Limits(restrictions_per_peer=3))
    a = room.enter("a")
    methods = [
        {"id": str(n), "name": f"M{n}", "restrictions": f"$desk == {n % 4}"} for n in range(9)
    ]
    (refusal,) = room.handle("a", Register("r", a, methods))
    assert isinstance(refusal.message, Error)
    assert refusal.message.reason == "The limit of different restrictions of one peer is 3"
    fewer = [each for each in methods if each["restrictions"] != "$desk == 3"]
    assert not isinstance(room.handle("a", Register("r", a, fewer))[-1].message, Error)
    another = {"id": "x", "name": "X", "restrictions": "$desk == 9"}
    assert isinstance(room.handle("a", Register("r", a, [another]))[-1].message, Error)
    room.handle("a", Unregister("u", a, ["0", "4", "8"]))
    assert not isinstance(room.handle("a", Register("r", a, [another]))[-1].message, Error)
