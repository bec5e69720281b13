"""
Arguments, results and stream data: Python values to JSON and back.

A ``datetime`` travels as ``#T42_DATE#<milliseconds since 1970>``, the form in which the clients of
this family write a ``Date``, and comes back as an aware ``datetime`` in UTC; a naive one is local
time. Dataclasses, msgspec structs, enums, ``Decimal``, ``UUID`` and arrays with a ``tolist`` method
travel as what they hold; NaN and infinities as null, as in JavaScript.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, UnsetType

from .codec import encode

__all__ = [
    "PayloadError",
    "as_object",
    "decode_object",
    "decode_payload",
    "encode_payload",
    "without_object",
]

_MARK: Final = "#T42_DATE#"
_MARK_BYTES: Final = _MARK.encode()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DATE: Final = re.compile(f"{_MARK}-?[0-9]+")
_decoder: Final = msgspec.json.Decoder()


class PayloadError(ValueError):
    """A value that cannot travel as JSON; the text says what it is."""


def encode_payload(value: Any) -> Raw:
    """
    Raises:
        PayloadError: ``value`` holds something that has no form in JSON.
    """
    try:
        plain = msgspec.to_builtins(
            value, builtin_types=(datetime,), str_keys=True, enc_hook=_simplify
        )
        # Here dates become plain text. To look for them in Python takes longer than all the rest.
        if plain != msgspec.to_builtins(plain):
            plain = _mark_dates(plain)
        return Raw(encode(plain))
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError(str(error)) from error
    except RecursionError:
        raise PayloadError("it is nested too deeply, or holds itself") from None


def decode_payload(raw: Raw) -> Any:
    """
    Raises:
        PayloadError: It is correct JSON that Python cannot hold, such as a number out of range.
    """
    try:
        value = _decoder.decode(raw)
        return _revive_dates(value) if _MARK_BYTES in bytes(raw) else value
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PayloadError(str(error)) from error
    except RecursionError:
        raise PayloadError("it is nested too deeply") from None


def decode_object(raw: Raw | UnsetType) -> dict[str, Any]:
    """
    The JSON object that ``raw`` holds; empty where it holds something else, or nothing.

    Raises:
        PayloadError: As ``decode_payload``.
    """
    value = decode_payload(raw) if raw else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_object(value: Any) -> dict[str, Any]:
    """A result as the dict that results are: other values are wrapped, nothing is empty."""
    if value is None:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"_value": value}


def without_object(result: Any) -> Any:
    """The value that a result was before ``as_object``."""
    if not result:
        return None
    return result["_value"] if result.keys() == {"_value"} else result


def _simplify(value: Any) -> Any:
    # Kinds of them that others made, as in pandas and NumPy.
    if isinstance(value, datetime):
        return _marked(value)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        try:
            return to_list()
        except Exception as error:
            raise TypeError(f"{type(value).__name__}.tolist() failed: {error}") from error
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")


def _mark_dates(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _mark_dates(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [_mark_dates(item) for item in cast("list[Any]", value)]
    return _marked(value) if isinstance(value, datetime) else value


def _marked(date: datetime) -> str:
    return f"{_MARK}{(date.astimezone(timezone.utc) - _EPOCH) // _MILLISECOND}"


def _revive_dates(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _revive_dates(item) for key, item in items}
    if isinstance(value, list):
        return [_revive_dates(item) for item in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith(_MARK):
        return _date(value)
    return value


def _date(text: str) -> datetime | str:
    """The date that a marked text stands for, or the text where it is none after all."""
    if not _DATE.fullmatch(text):
        return text
    try:
        return _EPOCH + int(text[len(_MARK) :]) * _MILLISECOND
    except (ValueError, OverflowError):
        return text
