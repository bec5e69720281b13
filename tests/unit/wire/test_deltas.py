"""What deltas mean, by the vectors that hold all who apply them, and what the appliers promise."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
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
