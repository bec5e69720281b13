"""
What comes back of a value after a restart of the gateway goes below what was written since: the
order in which former members and writers come decides nothing.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.router.contexts.channels import DEFAULT_CHANNELS
from dash_interop.router.limits import Limits
from dash_interop.wire.deltas import apply_delta
from tests.support.context_room import ContextPeer, ContextRoom

KEYS = st.sampled_from(["a", "b"])
VALUES = st.recursive(
    st.integers(0, 9) | st.none(),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
MAPS = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(".".join)
COMMANDS = st.one_of(
    st.fixed_dictionaries({"type": st.just("set"), "path": PATHS, "value": VALUES}),
    st.fixed_dictionaries({"type": st.just("remove"), "path": PATHS}),
)
BY_PATHS = st.fixed_dictionaries({"commands": st.lists(COMMANDS, max_size=3)})
WRITES = st.one_of(
    BY_PATHS,
    BY_PATHS,
    st.fixed_dictionaries({"added": MAPS, "removed": st.lists(KEYS, max_size=2)}),
    st.fixed_dictionaries({"reset": MAPS}),
)
EVENTS = st.lists(
    st.one_of(st.tuples(st.just("restore"), MAPS), st.tuples(st.just("write"), WRITES)),
    min_size=1,
    max_size=8,
)


def make(peer: ContextPeer, delta: Any) -> None:
    """As clients make a context that they find none of."""
    commands = delta.get("commands")
    more = {} if commands is None else {"paths": [command["path"] for command in commands]}
    peer.create("x", apply_delta({}, delta), **more)


def value_after(base: Any, writes: list[Any]) -> Any:
    value = base
    for write in writes:
        value = apply_delta(value, write)
    return value


@settings(deadline=None, max_examples=400)
@given(EVENTS, st.randoms(use_true_random=False))
def test_value_is_the_newest_that_came_back_with_all_writes_whoever_comes_first(events, random):
    room = ContextRoom()
    writer = room.enter(echoes=True)
    restored = sum(kind == "restore" for kind, _ in events)
    versions = random.sample(range(100, 100 + restored), restored)
    peers, bases, writes = [writer], dict[int, Any]({0: {}}), list[Any]()
    for kind, what in events:
        if kind == "restore":
            former = room.enter(echoes=True)
            peers.append(former)
            version = versions.pop()
            bases[version] = what
            former.create("x", what, version=version)
        elif "x" in writer.ids:
            writer.update("x", what)
            writes.append(what)
        elif "added" not in what:
            make(writer, what)
            writes.append(what)
    if "x" in writer.ids:
        if writer.copy("x") is None:
            writer.subscribe("x")
        expected = value_after(bases[max(bases)], writes)
        assert [peer.copy("x") for peer in peers] == [expected] * len(peers)
        assert room.read("x") == expected


def written_below(first: Any, *writes: Any, base: Any, limits: Limits | None = None) -> Any:
    """The value when somebody has made and written a context before ``base`` comes back."""
    room = ContextRoom(limits)
    writer, former = room.enter(echoes=True), room.enter(echoes=True)
    make(writer, first)
    for write in writes:
        writer.update("x", write)
    former.create("x", base, version=500)
    assert writer.copy("x") == former.copy("x") == room.read("x")
    assert writer.versions[writer.ids["x"]] == former.versions[former.ids["x"]]
    return writer.copy("x")


def put(path: str, value: Any) -> Any:
    return {"commands": [{"type": "set", "path": path, "value": value}]}


def take(path: str) -> Any:
    return {"commands": [{"type": "remove", "path": path}]}


def test_keys_that_a_newcomer_did_not_write_come_back():
    base = {"price": 1, "config": {"a": 1, "b": 2}, "gone": {"n": 1, "m": 2}}
    value = written_below(put("price", 2), put("config.a", 3), take("gone.n"), base=base)
    assert value == {"price": 2, "config": {"a": 3, "b": 2}, "gone": {"m": 2}}


def test_maps_on_the_way_to_what_was_set_are_there_also_when_it_was_removed_again():
    assert written_below(put("a.b", 1), take("a.b"), base={"a": 5, "m": 1}) == {"a": {}, "m": 1}
    assert written_below(put("n", 1), take("a.b"), base={"a": 5}) == {"n": 1, "a": 5}


def test_who_made_all_of_a_value_keeps_it_so():
    assert written_below({"reset": {"n": 1}}, base={"m": 1}) == {"n": 1}
    assert written_below(put("n", 1), {"reset": {"k": 2}}, put("n", 2), base={"m": 1}) == {
        "k": 2,
        "n": 2,
    }


def test_element_of_a_list_that_comes_back_is_written_by_its_index():
    base = {"lines": [{"n": 1}, {"n": 2}], "other": 1}
    assert written_below(put("lines.1.n", 5), base=base) == {
        "lines": [{"n": 1}, {"n": 5}],
        "other": 1,
    }


def test_list_that_was_written_stays_as_it_is():
    value = written_below(put("lines", [1, 2, 3]), put("lines.0", 5), base={"lines": [7], "m": 1})
    assert value == {"lines": [5, 2, 3], "m": 1}


def test_list_that_came_back_and_was_written_stays_as_it_is():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x", {"lines": [1, 2], "n": 1}, version=500)
    a.update("x", put("lines.0", 5))
    b.create("x", {"lines": [7], "n": 2}, version=501)
    assert room.read("x") == {"lines": [5, 2], "n": 2}


def test_keys_with_dots_are_kept_apart_from_paths():
    first, base = put("n", 1), {"a.b": 1, "a": {"b": 1}, "c.d": 1}
    value = written_below(first, {"added": {"a.b": 2}, "removed": ["c.d"]}, base=base)
    assert value == {"n": 1, "a.b": 2, "a": {"b": 1}}


def test_what_was_written_stays_where_it_has_no_place_in_what_comes_back():
    assert written_below(put("lines.last", 5), base={"lines": [1], "m": 1}) == {
        "lines": {"last": 5}
    }


def test_what_was_written_stays_where_both_together_are_too_large():
    limits = Limits(context_size=100)
    value = written_below(put("n", "x" * 60), base={"m": "y" * 60}, limits=limits)
    assert value == {"n": "x" * 60}


def test_value_that_was_written_in_very_many_places_is_complete():
    writes = [put(f"key-{number}", number) for number in range(1100)]
    value = written_below(*writes, base={"m": 1})
    assert value == {f"key-{number}": number for number in range(1100)}


def test_context_that_nobody_may_bring_back_is_as_it_was_made():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x", {"n": 1}, paths=["n"], lifetime="ownership")
    b.create("x", {"m": 1}, version=500)
    assert room.read("x") == {"n": 1}


def test_channel_that_was_written_gets_what_was_on_it_before():
    room = ContextRoom(channels=DEFAULT_CHANNELS)
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    name = DEFAULT_CHANNELS[0].context_name
    a.update(name, put("data.n", 1))
    value = {"name": "Red", "meta": {"color": "red", "label": "Desk"}, "data": {"m": 1, "n": 0}}
    b.create(name, value, version=500)
    assert room.read(name) == {**value, "data": {"m": 1, "n": 1}}
