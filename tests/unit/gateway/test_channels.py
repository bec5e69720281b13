"""Which channels a configuration means."""

import json
from pathlib import Path

import pytest

from dash_interop.errors import ConfigError
from dash_interop.gateway.channels import read_channels
from dash_interop.gateway.config import GatewayConfig
from dash_interop.router.contexts.channels import DEFAULT_CHANNELS, Channel


def colors(text: str | None) -> dict[str, str]:
    return {channel.name: channel.meta["color"] for channel in read_channels(text)}


def test_without_a_configuration_there_are_the_eight_of_every_platform():
    assert read_channels(None) == DEFAULT_CHANNELS == GatewayConfig().channels
    assert list(colors(None)) == "Red Orange Yellow Green Cyan Blue Purple Pink".split()


def test_names_with_colours_and_default_ones_without():
    found = colors("Sales=navy, Red ,Blue=#00f")
    assert found == {"Sales": "navy", "Red": colors(None)["Red"], "Blue": "#00f"}


def test_none_is_no_channels():
    assert read_channels("none") == ()


@pytest.mark.parametrize(
    "value",
    [
        {"Sales": "navy"},
        [{"name": "Sales", "meta": {"color": "navy"}}],
    ],
)
def test_file_has_colours_by_name_or_whole_channels(tmp_path: Path, value: object):
    file = tmp_path / "channels.json"
    file.write_text(json.dumps(value))
    assert read_channels(str(file)) == (Channel(name="Sales", meta={"color": "navy"}),)


def test_file_may_say_what_else_is_known_of_a_channel(tmp_path: Path):
    file = tmp_path / "channels.json"
    meta = {"color": "navy", "label": "S", "fdc3": {"id": "fdc3.channel.1"}}
    file.write_text(json.dumps([{"name": "Sales", "meta": meta, "data": {"px": 1}}]))
    (channel,) = read_channels(str(file))
    assert json.loads(channel.value) == {"name": "Sales", "meta": meta, "data": {"px": 1}}


@pytest.mark.parametrize(
    "text, words",
    [
        ("Sales", "the channel 'Sales' needs a colour"),
        ("Red,,Blue", "the channel '' needs a colour"),
        ("Red,Red", "two channels 'Red'"),
        ("Sales=", "the channel 'Sales' has no color"),
        ("=navy", "a channel without a name"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_why(text: str, words: str):
    with pytest.raises(ConfigError, match=words):
        read_channels(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("not JSON", "cannot read channels"),
        ("[1]", "cannot read channels"),
        ('{"Sales": 5}', "cannot read channels"),
        ('[{"name": "Sales", "meta": {}}]', "has no color"),
        ('[{"name": "Sales", "meta": {"color": 5}}]', "has no color"),
    ],
)
def test_file_that_cannot_be_read_is_an_error_that_says_why(tmp_path: Path, text: str, words: str):
    file = tmp_path / "channels.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_channels(str(file))
    with pytest.raises(ConfigError, match="cannot read channels"):
        read_channels(str(tmp_path / "missing.json"))
