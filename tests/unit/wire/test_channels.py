"""What a channel is among contexts."""

import pytest

from dash_interop.wire.channels import (
    channel_of,
    channel_value,
    context_of,
    is_reserved,
    publishing,
    read_data,
)
from dash_interop.wire.deltas import apply_delta


def test_channel_is_a_context_of_a_name_with_a_prefix():
    assert context_of("Red") == "___channel___Red"
    assert channel_of("___channel___Red") == "Red"
    assert (channel_of("Red"), channel_of("___window___Red")) == (None, None)
    assert [is_reserved(name) for name in ("Order", "___window___1", "__x")] == [False, True, False]


def test_what_is_published_sets_keys_of_the_data_by_commands_alone():
    delta = publishing({"client": {"id": 1}, "gone": None})
    assert delta == {
        "commands": [
            {"type": "set", "path": "data.client", "value": {"id": 1}},
            {"type": "remove", "path": "data.gone"},
        ]
    }
    value = {**channel_value("Red", {"color": "red"}), "data": {"gone": 1, "client": {"n": 2}}}
    assert apply_delta(value, delta) == {
        "name": "Red",
        "meta": {"color": "red"},
        "data": {"client": {"id": 1}},
    }


def test_data_of_fdc3_says_which_type_came_last():
    delta = publishing({"fdc3_fdc3&instrument": {"id": {"ticker": "VOD"}}, "n": 1})
    value = apply_delta(channel_value("Red", {"color": "red"}), delta)
    assert value["latest_fdc3_type"] == "fdc3&instrument"
    assert read_data(value) == {
        "n": 1,
        "fdc3": {"type": "fdc3.instrument", "id": {"ticker": "VOD"}},
    }


@pytest.mark.parametrize(
    "value, data",
    [
        ({}, {}),
        ({"data": None}, {}),
        ({"data": {"n": 1}}, {"n": 1}),
        ({"data": {"n": 1}, "latest_fdc3_type": "fdc3&contact"}, {"n": 1}),
        ({"data": {"fdc3_x": 5}, "latest_fdc3_type": "x"}, {"fdc3_x": 5}),
        ({"data": {"n": 1}, "latest_fdc3_type": 7}, {"n": 1}),
    ],
)
def test_value_of_somebody_else_is_read_as_far_as_it_goes(value, data):
    assert read_data(value) == data
