"""What the subscribers of a context are told."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, cast

from ..wire.deltas import apply_delta
from ..wire.payloads import copy_with_dates

__all__ = ["ContextChange", "differences", "what_it_says"]

_NOTHING: Final[dict[str, Any]] = {}


class ContextChange:
    """
    One change of a context; the first that a subscription gets is the value that was there, unless
    this client has made the context since.

    Attributes:
        removed: Top-level keys that were taken away.
        updater_id: The peer id of who has written; ``None`` for the first one, and where it is not
            known, as after an outage.
        is_mine: Whether this client has written.
        version: Of the context from now on, an integer that grows with every write; ``None`` at a
            gateway that has none.
        is_destroyed: Whether the context was destroyed. Its ``data`` are empty, and the
            subscription goes on: the next change comes when it is made anew.
    """

    def __init__(
        self,
        value: dict[str, Any],
        delta: dict[str, Any] = _NOTHING,
        removed: tuple[str, ...] = (),
        *,
        updater_id: str | None = None,
        is_mine: bool = False,
        version: int | None = None,
        is_destroyed: bool = False,
    ) -> None:
        self._value = value
        self._delta = delta
        self.removed = list(removed)
        self.updater_id = updater_id
        self.is_mine = is_mine
        self.version = version
        self.is_destroyed = is_destroyed

    # The values are shared by all changes of the context and all subscriptions, so whoever looks
    # gets a copy; a context of a megabyte is not copied for those who look at the delta alone.

    @cached_property
    def data(self) -> dict[str, Any]:
        """The whole value of the context, a dict."""
        return copy_with_dates(self._value)

    @cached_property
    def delta(self) -> dict[str, Any]:
        """
        What was written, a dict: the top-level keys that were set, or the paths as nested dicts,
        with ``None`` for what was removed. Empty for the first change.
        """
        return copy_with_dates(self._delta)

    def __repr__(self) -> str:
        kind = "destroyed" if self.is_destroyed else repr(self._value)
        return f"<ContextChange {kind:.200} version={self.version}>"


def what_it_says(
    delta: Mapping[str, Any], former: dict[str, Any], value: dict[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """
    A delta that was applied, as subscribers are told of it: ``delta`` and ``removed``.

    Args:
        delta: As it travels, decoded.
        former: The value before.
        value: The value after it.
    """
    if delta.get("reset"):
        return value, _missing(former, value)
    commands = delta.get("commands")
    if commands is None:
        said: dict[str, Any] = {**(delta.get("added") or {}), **(delta.get("updated") or {})}
        return said, tuple(map(str, delta.get("removed") or ()))
    known = [command for command in commands if command.get("type") in ("set", "remove")]
    written = [
        {
            "type": "set",
            "path": command["path"],
            "value": command.get("value") if command["type"] == "set" else None,
        }
        for command in known
    ]
    removed = dict.fromkeys(
        cast(str, command["path"])
        for command in known
        if command["type"] == "remove" and "." not in command["path"]
    )
    return apply_delta({}, {"commands": written}), tuple(removed)


def differences(
    former: dict[str, Any], value: dict[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What has changed while nobody looked, as ``what_it_says``."""
    missing = object()
    changed = {key: item for key, item in value.items() if former.get(key, missing) != item}
    return changed, _missing(former, value)


def _missing(former: dict[str, Any], value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(key for key in former if key not in value)
