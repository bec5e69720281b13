"""What deltas mean, by the vectors that hold all who apply them, and what the appliers promise."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from dash_interop.wire.deltas import DeltaRefused, Edit, Texts, apply_delta, read_delta

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "context-deltas.json").read_text("utf-8")
)
by_name = pytest.mark.parametrize("vector", VECTORS, ids=[each["what"] for each in VECTORS])


def text_of(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def open_everywhere(node: Any) -> Any:
    """The same value with all of its maps and lists opened."""
    inner = Texts().enter(node)
    if isinstance(inner, dict):
        return {key: open_everywhere(each) for key, each in inner.items()}
    if isinstance(inner, list):
        return [open_everywhere(each) for each in inner]
    return node


def value_of(node: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(node))


@by_name
def test_python_values(vector: dict[str, Any]) -> None:
    value, delta = copy.deepcopy(vector["value"]), copy.deepcopy(vector["delta"])
    if "refused" in vector:
        with pytest.raises(DeltaRefused) as refusal:
            apply_delta(value, delta)
        assert vector["refused"] in str(refusal.value)
    else:
        assert apply_delta(value, delta) == vector["result"]
    assert (value, delta) == (vector["value"], vector["delta"])


@by_name
@pytest.mark.parametrize("is_open", [False, True])
def test_texts(vector: dict[str, Any], is_open: bool) -> None:
    node = text_of(vector["value"])
    edit = Edit(Texts(), open_everywhere(node) if is_open else node)
    if "refused" in vector:
        with pytest.raises(DeltaRefused) as refusal:
            edit.apply(read_delta(text_of(vector["delta"])))
        assert vector["refused"] in str(refusal.value)
    else:
        edit.apply(read_delta(text_of(vector["delta"])))
        assert value_of(edit.value) == vector["result"]
        edit.undo()
    assert value_of(edit.value) == vector["value"]


@pytest.mark.parametrize("length", ["1e999", "true", "null", '"1"', "{}", "1" * 400])
def test_length_that_no_list_can_have_is_refused_whatever_it_is(length: str) -> None:
    edit = Edit(Texts(), text_of({"rows": [1]}))
    text = f'{{"commands": [{{"type": "set", "path": "rows.length", "value": {length}}}]}}'
    with pytest.raises(DeltaRefused, match=r"rows\.length"):
        edit.apply(read_delta(Raw(text.encode())))
    assert value_of(edit.value) == {"rows": [1]}


def test_numbers_keep_their_digits() -> None:
    text = b'{"a":1.10,"b":12345678901234567890123,"c":1e400}'
    edit = Edit(Texts(), Raw(b'{"x":{"y":1}}'))
    edit.apply(read_delta(Raw(b'{"commands":[{"type":"set","path":"x.z","value":%b}]}' % text)))
    assert msgspec.json.encode(edit.value) == b'{"x":{"y":1,"z":%b}}' % text


def test_what_a_value_holds_does_not_hold_the_frame_that_it_came_in() -> None:
    frame = b'{"commands":[{"type":"set","path":"a","value":1}],"more":"%b"}' % (b"x" * 100_000)
    edit = Edit(Texts(), Raw(b"{}"))
    raw = Raw(frame)
    before = sys.getrefcount(frame)
    edit.apply(read_delta(raw))
    assert sys.getrefcount(frame) == before


def test_former_value_stays_and_what_did_not_change_is_shared() -> None:
    value = {"a": {"b": {"c": 1}, "same": {"d": 1}}, "other": [1]}
    before = copy.deepcopy(value)
    delta = {"commands": [{"type": "set", "path": "a.b.c", "value": 2}]}
    changed = apply_delta(value, delta)
    assert value == before
    assert changed["a"]["b"] == {"c": 2}
    assert changed["a"]["same"] is value["a"]["same"]
    assert changed["other"] is value["other"]


KEYS = st.sampled_from(["a", "b", "0", "1", "length", "", "x.y"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([0.0, 1.5, "", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.lists(st.sampled_from(["a", "b", "0", "1", "9", "length", ""]), max_size=4).map(".".join)
COMMANDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["set", "remove"]), "path": PATHS}, optional={"value": VALUES}
)
DELTAS = st.one_of(
    st.fixed_dictionaries({"commands": st.lists(COMMANDS, max_size=4)}),
    st.fixed_dictionaries({"reset": VALUES}),
    st.fixed_dictionaries(
        {}, optional={"added": MAPS, "updated": MAPS, "removed": st.lists(KEYS, max_size=2)}
    ),
)


@given(MAPS, st.lists(DELTAS, max_size=6))
def test_texts_and_values_are_changed_alike(value: Any, deltas: list[Any]) -> None:
    text: Any = text_of(value)
    for delta in deltas:
        edit = Edit(Texts(), text)
        try:
            changed = apply_delta(value, delta)
        except DeltaRefused as refusal:
            with pytest.raises(DeltaRefused) as other:
                edit.apply(read_delta(text_of(delta)))
            assert str(other.value) == str(refusal)
            assert value_of(edit.value) == value
            continue
        edit.apply(read_delta(text_of(delta)))
        assert value_of(edit.value) == changed
        edit.undo()
        assert value_of(edit.value) == value
        edit = Edit(Texts(), text)
        edit.apply(read_delta(text_of(delta)))
        value, text = changed, edit.value
