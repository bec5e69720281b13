"""Channels, by the table of cases that pages follow, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dash_interop.wire.channels import (
    channel_of,
    channel_value,
    context_of,
    is_reserved,
    publishing,
    read_data,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "channels.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", VECTORS["read"])
def test_data_is_read(case: dict[str, Any]) -> None:
    before = json.dumps(case["value"])
    assert read_data(case["value"]) == case["data"]
    assert json.dumps(case["value"]) == before


@pytest.mark.parametrize("case", VECTORS["publish"])
def test_data_is_published(case: dict[str, Any]) -> None:
    assert publishing(case["data"]) == {"commands": case["commands"]}


def test_a_channel_is_a_context_with_a_name_of_its_own() -> None:
    assert channel_of(context_of("Red")) == "Red"
    assert is_reserved(context_of("Red"))
    assert channel_of("Red") is None
    assert channel_value("Red", {"color": "red"}) == {
        "name": "Red",
        "meta": {"color": "red"},
        "data": {},
    }
