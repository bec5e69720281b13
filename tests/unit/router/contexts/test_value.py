"""The value of a context: what a change costs, and what a copy needs to be equal to it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from dash_interop.router.contexts.value import Value, ValueTooLarge
from dash_interop.wire.deltas import DeltaRefused, apply_delta, read_delta
from tests.support.room import raw

LIMIT = 10_000_000


def applied(value: Value, delta: object) -> list[tuple[str, ...]]:
    text = raw(delta)
    return list(value.apply(read_delta(text), len(bytes(text))))


def set_of(path: str, value: object) -> dict[str, object]:
    return {"commands": [{"type": "set", "path": path, "value": value}]}


def test_change_touches_nothing_beside_its_path():
    large = {f"key-{number}": {"text": "x" * 80} for number in range(10_000)}
    value = Value(raw({"large": large, "small": {"k": 1}}), LIMIT)
    text = value.text
    applied(value, set_of("small.k", 2))
    # The other side is the text that it was, and was not read.
    assert isinstance(value._node["large"], Raw)
    assert len(bytes(value.text)) == len(bytes(text))
    applied(value, set_of("large.key-5.text", "new"))
    before = dict(value._node["large"])
    applied(value, set_of("large.key-6.text", "new"))
    changed = [key for key, node in value._node["large"].items() if node is not before[key]]
    assert changed == ["key-6"]
    assert {type(node) for key, node in before.items() if key not in ("key-5", "key-6")} == {Raw}


def test_text_is_made_once_and_anew_after_a_change():
    value = Value(raw({"k": 1}), LIMIT)
    assert value.text is value.text
    former = value.text
    applied(value, set_of("k", 2))
    assert msgspec.json.decode(value.text) == {"k": 2}
    assert value.text is not former


@pytest.mark.parametrize("data", ["null", "1", '"text"', "true", ""])
def test_what_is_neither_map_nor_list_is_refused(data: str):
    with pytest.raises(DeltaRefused):
        Value(Raw(data.encode()), LIMIT)


def test_value_above_the_limit_is_refused_and_stays_as_it_was():
    with pytest.raises(ValueTooLarge):
        Value(raw({"k": "x" * 100}), 100)
    value = Value(raw({"k": "x" * 50}), 100)
    for delta in (
        set_of("l", "x" * 50),
        {"reset": {"k": "x" * 100}},
        {"added": {"a": [1] * 100}},
    ):
        with pytest.raises(ValueTooLarge):
            applied(value, delta)
        assert msgspec.json.decode(value.text) == {"k": "x" * 50}
    # What is replaced does not count.
    for _ in range(10):
        applied(value, set_of("k", "y" * 80))
    assert msgspec.json.decode(value.text) == {"k": "y" * 80}


def test_elements_without_a_value_count():
    value = Value(raw({"rows": []}), 1000)
    with pytest.raises(ValueTooLarge):
        applied(value, set_of("rows.length", 1000))
    applied(value, set_of("rows.length", 100))


KEYS = st.sampled_from(["a", "b", "c"])


def maps(scalars: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.recursive(
        st.dictionaries(KEYS, scalars, max_size=3),
        lambda inner: st.dictionaries(KEYS, inner | scalars, max_size=3),
        max_leaves=6,
    )


SCALARS = st.integers(0, 3) | st.none()
MAPS = maps(SCALARS | st.just([1]))
COPIES = maps(SCALARS)
"""Where the value has a map and a copy a list, somebody has written the map: it is told whole."""

PATHS = st.lists(st.lists(KEYS, max_size=3).map(tuple), min_size=1, max_size=4)


@given(MAPS, COPIES, PATHS)
def test_copy_is_equal_where_it_was_told_what_there_is(
    there: dict[str, object], copy: dict[str, object], paths: list[tuple[str, ...]]
):
    value = Value(raw(there), LIMIT)
    told = apply_delta(copy, msgspec.json.decode(value.delta_at(paths)))
    for path in paths:
        mine: object = told
        its: object = there
        for step in path:
            # As far as both lead through maps.
            if not isinstance(its, dict):
                break
            assert isinstance(mine, dict)
            mine, its = mine.get(step, "nothing"), its.get(step, "nothing")
        assert mine == its


def test_keys_with_dots_are_told_whole():
    value = Value(raw({"a.b": 1, "c": {"d": 2, "e": 3}}), LIMIT)
    delta = msgspec.json.decode(value.delta_at([("a.b",), ("gone",), ("c", "d")]))
    assert delta["added"] == {"a.b": 1, "c": {"d": 2, "e": 3}}
    assert delta["removed"] == ["gone"]
