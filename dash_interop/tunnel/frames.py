"""What travels between the two ends of a tunnel, each a JSON object."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ..errors import ProtocolError

__all__ = [
    "Answer",
    "Cancel",
    "Frame",
    "Incoming",
    "Message",
    "Request",
    "read_frame",
    "write_frame",
]

_NAMES: Final = {"request_id": "requestId"}


class Message(Struct, frozen=True, tag_field="type", tag="message"):
    """``data`` is a text or another value of JSON."""

    version: int
    data: Any


class Request(Struct, frozen=True, tag_field="type", tag="request", rename=_NAMES):
    """A message that is to be answered."""

    version: int
    data: Any
    request_id: str


class Answer(Struct, frozen=True, tag_field="type", tag="answer", rename=_NAMES):
    """Either ``data`` or ``error``, as ``wire.failures`` describes it."""

    request_id: str
    data: Any = UNSET
    error: dict[str, Any] | UnsetType = UNSET


class Cancel(Struct, frozen=True, tag_field="type", tag="cancel", rename=_NAMES):
    """Nobody waits for the answer any more."""

    request_id: str


Frame: TypeAlias = Message | Request | Answer | Cancel

Incoming: TypeAlias = Message | Request
"""What the receivers of the other end get."""


def read_frame(value: Any) -> Frame:
    """
    Raises:
        ProtocolError: It is not a frame of a tunnel.
    """
    try:
        return msgspec.convert(value, Frame)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"not a frame of a tunnel: {error}") from error


def write_frame(frame: Frame) -> dict[str, Any]:
    return msgspec.to_builtins(frame)
