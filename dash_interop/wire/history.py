"""
History of streams: what a publisher keeps, and what travels so that a subscriber gets what it has
not seen.

All of it stands in fields that gateways relay unread. ``subscribe`` has a ``Position`` in its
``context``; the answer is one ``post``, with a ``Replay``: one frame, which arrives whole or not at
all. What is published has its offset as ``sequence``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from ..errors import RegistrationError
from ..types import HistoryDict
from .codec import encode
from .keys import unknown_key

__all__ = [
    "LOST",
    "NEWCOMER",
    "Announcement",
    "History",
    "HistorySettings",
    "Position",
    "Replay",
    "context_of",
    "position_in",
    "read_history",
    "read_offset",
    "read_replay",
    "replay_fields",
]

History: TypeAlias = "int | HistoryDict | Mapping[str, Any] | None"
"""How many data a publisher keeps, or a dict with ``size`` and ``key``, or ``None`` for none."""

_Count: TypeAlias = Annotated[int, Meta(ge=0)]

_MOST: Final = 50_000
"""Data of a history: half of those that may wait for the listeners of a subscriber."""

_HINT: Final = "a number of data, such as 100, or a dict, such as {'size': 1000, 'key': 'symbol'}"


class HistorySettings(Struct, frozen=True):
    """
    Attributes:
        size: How many data are kept for each branch.
        key: The field by which they are kept: of each value the newest datum. Without it, the
            newest data whatever they hold.
    """

    size: int
    key: str | None = None


class Position(Struct, frozen=True, omit_defaults=True):
    """
    How far a subscriber has got.

    Attributes:
        epoch: Of the history that the offset belongs to; ``None`` for a newcomer. The empty text,
            which no history has, where data was got of which the position is not known.
        branch: The branch of the publisher that it was on.
        offset: Of the last datum that it has; what is older it has, too, or has been told to have
            missed.
    """

    epoch: str | None = None
    branch: str = ""
    offset: _Count = 0


NEWCOMER: Final = Position()
LOST: Final = Position(epoch="")


class Announcement(Struct, frozen=True):
    """
    Where a subscriber stands once it has what was kept for it.

    Attributes:
        epoch: Of the history; offsets of two epochs have nothing to do with one another.
        branch: Where the subscriber is.
        offset: Of the newest datum of the history; what comes live has a higher one.
        recovered: Whether it has missed nothing then.
    """

    epoch: str
    branch: str
    offset: _Count
    recovered: bool


class Replay(Struct, frozen=True):
    """
    What a subscriber gets before what comes live.

    Attributes:
        announcement: Where that brings it.
        data: What it has not seen, the oldest first.
    """

    announcement: Announcement
    data: list[Raw]


class _Context(Struct, frozen=True):
    recover: Position | UnsetType = UNSET


def context_of(position: Position) -> Raw:
    """The ``context`` of a ``subscribe`` that asks for what is kept from a position on."""
    return Raw(encode(_Context(position)))


def position_in(context: Raw) -> Position | None:
    """The position in the ``context`` of a request; ``None`` where it does not ask."""
    try:
        position = _contexts.decode(context).recover
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return None if position is UNSET else position


def replay_fields(replay: Replay) -> tuple[Raw, Raw]:
    """The ``data`` and the ``snapshot`` of the ``post`` that brings it."""
    return Raw(encode(replay.data)), Raw(encode(replay.announcement))


def read_replay(data: Raw, snapshot: Raw) -> Replay | None:
    """What an event brings; ``None`` where it is not a replay."""
    try:
        return Replay(_announcements.decode(snapshot), _lists.decode(data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def read_offset(sequence: Raw) -> int | None:
    """The offset in the ``sequence`` of an event; ``None`` where there is not one."""
    try:
        return _offsets.decode(sequence)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def read_history(history: History) -> HistorySettings | None:
    """
    What a publisher wants to be kept.

    Raises:
        RegistrationError: It is not a valid history; the text says how one looks.
    """
    if history is None:
        return None
    if isinstance(history, Mapping):
        problem = unknown_key("The history", history, HistorySettings.__struct_fields__)
        if problem is not None:
            raise RegistrationError(problem)
        size, key = history.get("size"), history.get("key")
    else:
        size, key = history, None
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise RegistrationError(f"The history is not usable: it has to be {_HINT}, not {history!r}")
    if size > _MOST:
        raise RegistrationError(f"A history keeps at most {_MOST} data of a branch, not {size}")
    if key is not None and (not isinstance(key, str) or not key):
        raise RegistrationError(
            f"The key of the history has to be the name of a field, not {key!r}"
        )
    return HistorySettings(size, key)


_contexts: Final = msgspec.json.Decoder(_Context)
_announcements: Final = msgspec.json.Decoder(Announcement)
_lists: Final = msgspec.json.Decoder(list[Raw])
_offsets: Final = msgspec.json.Decoder(_Count)
