"""The contexts that every user has from the first login on."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from ...wire.codec import encode

__all__ = ["CHANNEL_PREFIX", "DEFAULT_CHANNELS", "Channel"]

CHANNEL_PREFIX: Final = "___channel___"
"""Begins the name of the context that is a channel."""


class Channel(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        name: As people know it.
        meta: Has its ``color``, as CSS writes it, and whatever else is to be known of it.
        data: What is on it at first.
    """

    name: str
    meta: dict[str, Any]
    data: dict[str, Any] = {}

    @property
    def context_name(self) -> str:
        return CHANNEL_PREFIX + self.name

    @property
    def value(self) -> bytes:
        """Of its context, as JSON."""
        return encode({"name": self.name, "meta": self.meta, "data": self.data})


DEFAULT_CHANNELS: Final = tuple(
    Channel(name=name, meta={"color": color})
    for name, color in {
        "Red": "#d32f2f",
        "Orange": "#f57c00",
        "Yellow": "#fbc02d",
        "Green": "#388e3c",
        "Cyan": "#00acc1",
        "Blue": "#1976d2",
        "Purple": "#7b1fa2",
        "Pink": "#d81b60",
    }.items()
)
