"""Writers that hear late of what they have written end up with what there is."""

from typing import Any

import pytest

from dash_interop.router.contexts.late import LateWriter
from tests.support.context_room import ContextPeer, ContextRoom


def set_of(path: str, value: Any) -> dict[str, Any]:
    return {"commands": [{"type": "set", "path": path, "value": value}]}


def remove(path: str) -> dict[str, Any]:
    return {"commands": [{"type": "remove", "path": path}]}


def two(data: Any) -> tuple[ContextRoom, ContextPeer, ContextPeer]:
    """A late writer and another one, both members."""
    room = ContextRoom()
    late, other = room.enter(), room.enter(echoes=True)
    other.create("x", data)
    late.subscribe("x")
    return room, late, other


@pytest.mark.parametrize(
    "data, mine, theirs",
    [
        ({}, set_of("k", "mine"), set_of("k", "theirs")),
        ({"k": {}}, set_of("k", {"a": 1}), set_of("k.b", 2)),
        ({"k": {"b": 1}}, set_of("k.b.c", "mine"), set_of("k", 5)),
        ({"k": {"b": 1}}, set_of("k.b.c", "mine"), remove("k")),
        ({"k": {"b": 1}}, set_of("k.b.c", "mine"), set_of("k", {"d": 1})),
        ({"k": {"b": 1}}, remove("k.b"), set_of("k.b", "theirs")),
        ({"k": [1, 2, 3]}, set_of("k.2", "mine"), set_of("k.length", 1)),
        ({"k": 1}, {"reset": {"a": 1, "b": 1}}, {"added": {"b": 2}}),
        ({"k": 1}, {"reset": {"a": 1}}, {"reset": {"b": 2}}),
        ({"k": 1}, {"added": {"a.b": 1}}, {"added": {"a.b": 2}}),
        ({"k": 1}, {"added": {"a.b": 1}}, {"removed": ["a.b", "k"]}),
        ({"k": {"a": 1}}, {"updated": {"k": {"b": "mine"}}}, {"updated": {"k": {"b": "theirs"}}}),
        ({"k": {"a": {"b": 1}}}, set_of("k.a.b", 2), {"updated": {"k": {"a": 3}}}),
        ({"k": 1}, {"reset": {}}, {"commands": [{"type": "set", "path": "a.b"}]}),
        (
            {"k": {}},
            {"commands": [*set_of("k.length", "x")["commands"], *set_of("other", 1)["commands"]]},
            set_of("k", []),
        ),
    ],
)
def test_copy_that_went_apart_is_mended(data, mine, theirs):
    room, late, other = two(data)
    late.update("x", mine)
    other.update("x", theirs)
    assert len(room.probes) == 1
    room.answer_probes()
    assert late.copy("x") == other.copy("x") == room.read("x")
    assert late.changes[-1][0] == other.id
    assert (room.counters()["context_probes"], room.counters()["context_heals"]) == (1, 1)


@pytest.mark.parametrize(
    "mine, theirs",
    [
        (set_of("a", 1), set_of("b", 2)),
        (set_of("k.a", 1), set_of("k.b", 2)),
        (set_of("a", 1), remove("ab")),
        ({"updated": {"a": {"b": 1}}}, {"removed": ["b"]}),
    ],
)
def test_writes_to_different_places_cost_nothing(mine, theirs):
    room, late, other = two({"k": {}})
    before = room.counters()
    late.update("x", mine)
    other.update("x", theirs)
    assert room.probes == []
    assert room.counters() == before


def test_writers_that_echo_are_never_probed():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x")
    b.create("x")
    for number in range(10):
        a.update("x", set_of("k", number))
        b.update("x", set_of("k", -number))
    assert room.counters()["context_probes"] == 0
    assert a.copy("x") == b.copy("x") == {"k": -9}


def test_writer_is_told_where_the_conflict_is_and_not_the_whole_value():
    room, late, other = two({"big": "x" * 1000, "k": {"deep": {"a": 0, "b": 0}}})
    late.update("x", set_of("k.deep", {"a": 1, "b": 1}))
    other.update("x", set_of("k.deep.b", 2))
    room.answer_probes()
    assert late.changes[-1] == (other.id, set_of("k.deep.b", 2))


def test_conflicts_while_a_probe_is_under_way_need_no_other_one_unless_the_writer_wrote_again():
    room, late, other = two({})
    late.update("x", set_of("k", 1))
    for number in range(5):
        other.update("x", set_of("k", f"theirs {number}"))
    assert len(room.probes) == 1
    late.update("x", set_of("k", 2))
    other.update("x", set_of("k", "last"))
    assert len(room.probes) == 1
    probe = room.probes.pop()
    # What it wrote before the probe is applied; what it wrote behind it is not yet.
    room.take(room.router.heard(probe, 0.0))
    assert len(room.probes) == 1
    room.answer_probes()
    assert late.copy("x") == {"k": "last"}


def test_writer_that_subscribes_afterwards_is_told_once_it_has_the_value():
    room = ContextRoom()
    late, other = room.enter(), room.enter(echoes=True)
    other.create("x", {"k": 0})
    late.update("x", set_of("k", "mine"))
    other.update("x", set_of("k", "theirs"))
    assert room.probes == []
    late.subscribe("x")
    room.answer_probes()
    assert late.copy("x") == {"k": "theirs"}


def test_creator_may_take_up_late_that_it_is_one():
    room = ContextRoom()
    creator, other = room.enter(), room.enter(echoes=True)
    creator.create("x", {"a": 1, "b": 1})
    other.update("x", set_of("b", 2))
    creator.copies[creator.ids["x"]] = {"a": 1, "b": 1}
    room.answer_probes()
    assert creator.copy("x") == {"a": 1, "b": 2}


def test_own_write_of_the_whole_value_may_be_taken_up_before_an_earlier_one():
    room, late, _ = two({"a": {"b": 0}})
    late.update("x", set_of("a.b", 1))
    late.update("x", {"reset": {"c": 2}})
    late.copies[late.ids["x"]] = {"c": 2, "a": {"b": 1}}
    late._late.clear()
    room.answer_probes()
    assert late.copy("x") == {"c": 2}
    assert late.changes[-1][0] == late.id


def test_writer_of_many_places_is_probed_so_that_they_can_be_forgotten():
    room, late, _ = two({})
    for number in range(64):
        late.update("x", set_of(f"k{number}", 1))
    assert room.probes == []
    late.update("x", set_of("k64", 1))
    heals = room.counters()["context_heals"]
    room.answer_probes()
    assert room.counters()["context_heals"] == heals
    (context,) = room.router.snapshot()["context"].values()
    assert context["writers"] == []


@pytest.mark.parametrize("way", ["unsubscribe", "end", "destroy"])
def test_nothing_is_remembered_of_a_writer_that_is_gone(way):
    room, late, other = two({})
    late.update("x", set_of("k", 1))
    other.update("x", set_of("k", 2))
    if way == "unsubscribe":
        late.unsubscribe("x")
    elif way == "end":
        late.end()
    else:
        other.destroy("x")
    assert all(not each["writers"] for each in room.router.snapshot()["context"].values())
    heals = room.counters()["context_heals"]
    room.answer_probes()
    assert room.counters()["context_heals"] == heals


def test_what_is_remembered_of_a_writer_is_bounded():
    writer = LateWriter()
    for number in range(5000):
        writer.write([(f"k{number}",)], number, "w")
    assert len(writer._written) <= 1024
    writer.disturb([("k0", "deep")], "other")
    assert writer.wants_probe
    assert writer.applied(5001) == [("k0", "deep")]
    writer.write([(f"k{number}",) for number in range(1000)], 1, "w")
    for start in range(0, 3000, 500):
        writer.disturb([(f"k{number % 1000}", f"{start}") for number in range(500)], "other")
    assert len(writer._disturbed) <= 1024
    assert writer.applied(2) == [()]
