"""Which channels every user of a gateway has, as it was configured."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from ..errors import ConfigError
from ..router.contexts.channels import DEFAULT_CHANNELS, Channel

__all__ = ["read_channels"]

_COLORS: Final = {channel.name: channel.meta["color"] for channel in DEFAULT_CHANNELS}
_NO_CHANNELS: Final = "none"
_JSON: Final = ".json"
_FILE: Final[msgspec.json.Decoder[dict[str, str] | list[Channel]]] = msgspec.json.Decoder(
    dict[str, str] | list[Channel]
)


def read_channels(text: str | None) -> tuple[Channel, ...]:
    """
    Args:
        text: Names with colours as CSS writes them, such as ``Red=#d32f2f,Sales=navy``, where the
            colour of a default channel may be left out; or the path of a JSON file, ``*.json``,
            with a dict of colours by name, or a list of dicts with ``name``, ``meta`` (which has a
            ``color``) and, where there is something on the channel at first, ``data``. ``none`` is
            for no channels, and ``None`` for the eight defaults.

    Raises:
        ConfigError: It cannot be read; the text says why.
    """
    if text is None:
        return DEFAULT_CHANNELS
    if text == _NO_CHANNELS:
        return ()
    if text.endswith(_JSON):
        channels = _of_file(Path(text))
    else:
        channels = [_of_words(each) for each in text.split(",")]
    names: set[str] = set()
    for channel in channels:
        if not channel.name or channel.name in names:
            what = f"two channels {channel.name!r}" if channel.name else "a channel without a name"
            raise ConfigError(f"there is {what} in {text!r}")
        if not isinstance(channel.meta.get("color"), str):
            raise ConfigError(f"the channel {channel.name!r} has no color in {text!r}")
        names.add(channel.name)
    return tuple(channels)


def _of_words(text: str) -> Channel:
    name, has_color, color = (part.strip() for part in text.partition("="))
    if not has_color and name not in _COLORS:
        raise ConfigError(f"the channel {name!r} needs a colour, such as {name or 'Red'}=#d32f2f")
    return Channel(name=name, meta={"color": color or _COLORS.get(name)})


def _of_file(path: Path) -> list[Channel]:
    try:
        found = _FILE.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise ConfigError(f"cannot read channels from {path}: {error}") from error
    if isinstance(found, dict):
        return [Channel(name=name, meta={"color": color}) for name, color in found.items()]
    return found
