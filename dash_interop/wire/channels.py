"""
Channels: contexts of a name that begins with a prefix, in the form that io.Connect gives them.

The value is a dict with ``name``, ``meta`` (at least its ``color``) and ``data``. What is published
sets top-level keys of ``data``. Data of FDC3 is in a key of ``data`` for each type, and beside
``data`` stands the type that was published last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = [
    "channel_of",
    "channel_value",
    "context_of",
    "is_reserved",
    "publishing",
    "read_data",
    "read_meta",
]

_RESERVED: Final = "___"
"""Begins the names of contexts that channels, windows and the like are made of."""

_PREFIX: Final = "___channel___"
_LATEST_TYPE: Final = "latest_fdc3_type"
_FDC3: Final = "fdc3_"


def is_reserved(name: str) -> bool:
    """Whether the context of that name is not one of users."""
    return name.startswith(_RESERVED)


def context_of(channel: str) -> str:
    """The name of the context of a channel."""
    return _PREFIX + channel


def channel_of(context: str) -> str | None:
    """The channel that a context is; ``None`` where it is something else."""
    return context.removeprefix(_PREFIX) if context.startswith(_PREFIX) else None


def channel_value(name: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The value of a new channel."""
    return {"name": name, "meta": dict(meta), "data": {}}


def publishing(data: Mapping[str, Any]) -> dict[str, Any]:
    """The delta that publishes data: each top-level key is set, one that is ``None`` removed."""
    commands = [
        {"type": "remove", "path": f"data.{key}"}
        if value is None
        else {"type": "set", "path": f"data.{key}", "value": value}
        for key, value in data.items()
    ]
    types = [key.removeprefix(_FDC3) for key in data if key.startswith(_FDC3)]
    latest = [{"type": "set", "path": _LATEST_TYPE, "value": name} for name in types[-1:]]
    return {"commands": [*commands, *latest]}


def read_data(value: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a channel, where what was last published of FDC3 is the key ``fdc3``."""
    data = _dict(value.get("data"))
    latest = value.get(_LATEST_TYPE)
    published = data.get(f"{_FDC3}{latest}") if isinstance(latest, str) else None
    if not isinstance(published, dict):
        return data
    del data[f"{_FDC3}{latest}"]
    return {**data, "fdc3": {"type": str(latest).replace("&", "."), **published}}


def read_meta(value: Mapping[str, Any]) -> dict[str, Any]:
    """What a channel says of itself."""
    return _dict(value.get("meta"))


def _dict(value: Any) -> dict[str, Any]:
    """A copy; empty where whoever wrote it has put something else there."""
    return dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else {}
