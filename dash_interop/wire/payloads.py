"""
Arguments, results and stream data: Python values to JSON text and back.

A ``datetime`` travels as ``#T42_DATE#<milliseconds since 1970>``, the form in which the clients of
this family write a ``Date``, and comes back as an aware ``datetime`` in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, UnsetType

from ..errors import InvalidResult
from .codec import encode
from .values import DATE_MARK, EPOCH, MILLISECOND, PayloadError, portable_value

__all__ = [
    "PayloadError",
    "as_object",
    "copy_with_dates",
    "decode_object",
    "decode_map",
    "decode_payload",
    "encode_payload",
    "result_object",
    "without_object",
]

_MARK_BYTES: Final = DATE_MARK.encode()
_DATE: Final = re.compile(f"{DATE_MARK}-?[0-9]+")
_decoder: Final = msgspec.json.Decoder()


def encode_payload(value: Any, name: str = "value") -> Raw:
    """
    Args:
        value: Anything that the table in docs/values.md has.
        name: What an error calls it, such as ``"args"``.

    Raises:
        PayloadError: ``value`` holds something that cannot travel.
    """
    return Raw(encode(portable_value(value, name)))


def decode_payload(raw: Raw) -> Any:
    """
    Raises:
        PayloadError: It is correct JSON that Python cannot hold, such as a number out of range.
    """
    value = _decode(raw)
    try:
        return _revive_dates(value) if _MARK_BYTES in bytes(raw) else value
    except RecursionError:
        raise PayloadError("it is nested too deeply") from None


def decode_map(raw: Raw) -> dict[str, Any]:
    """
    As ``decode_object``, but dates stay the texts that they travel as.

    Raises:
        PayloadError: As ``decode_payload``.
    """
    value = _decode(raw)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _decode(raw: Raw) -> Any:
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PayloadError(str(error)) from error
    except RecursionError:
        raise PayloadError("it is nested too deeply") from None


def copy_with_dates(value: Any) -> Any:
    """What ``decode_payload`` makes of the text that ``decode_map`` made ``value`` of."""
    top: dict[str, Any] = {}
    # However deeply it is nested: a listener must not fail where the gateway has no limit.
    unfinished: list[tuple[Any, Any, Any]] = [(top, "value", value)]
    while unfinished:
        parent, place, original = unfinished.pop()
        if isinstance(original, dict):
            items = cast("dict[str, Any]", original)
            parent[place] = copied = dict[str, Any].fromkeys(items)
            unfinished.extend((copied, key, item) for key, item in items.items())
        elif isinstance(original, list):
            elements = cast("list[Any]", original)
            parent[place] = row = elements.copy()
            unfinished.extend((row, index, item) for index, item in enumerate(elements))
        elif isinstance(original, str) and original.startswith(DATE_MARK):
            parent[place] = _date(original)
        else:
            parent[place] = original
    return top["value"]


def decode_object(raw: Raw | UnsetType) -> dict[str, Any]:
    """
    The JSON object that ``raw`` holds; empty where it holds something else, or nothing.

    Raises:
        PayloadError: As ``decode_payload``.
    """
    value = decode_payload(raw) if raw else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_object(value: Any) -> dict[str, Any]:
    """A result as the dict that travels: ``None`` is the empty one, other values are wrapped."""
    if value is None:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"_value": value}


def without_object(result: Any) -> Any:
    """The value that a result was before ``as_object``."""
    if not result:
        return None
    return result["_value"] if result.keys() == {"_value"} else result


def result_object(returned: Any) -> dict[str, Any]:
    """
    What a handler returned, as the dict that travels.

    Raises:
        InvalidResult: It holds something that cannot travel.
    """
    try:
        plain = portable_value(returned, "result")
    except PayloadError as error:
        raise InvalidResult(f"The result cannot travel: {error}") from error
    # NaN becomes None, but only a handler that returned None itself has no result.
    return {"_value": None} if plain is None and returned is not None else as_object(plain)


def _revive_dates(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _revive_dates(item) for key, item in items}
    if isinstance(value, list):
        return [_revive_dates(item) for item in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith(DATE_MARK):
        return _date(value)
    return value


def _date(text: str) -> datetime | str:
    """The date that a marked text stands for, or the text itself where it is not a date."""
    if not _DATE.fullmatch(text):
        return text
    try:
        return EPOCH + int(text[len(DATE_MARK) :]) * MILLISECOND
    except (ValueError, OverflowError):
        return text
