"""
Arguments, results and stream data: Python values to JSON and back.

A ``datetime`` travels as ``#T42_DATE#<milliseconds since 1970>``, the form in which the clients of
this family write a ``Date``, and comes back as an aware ``datetime`` in UTC; a naive one is local
time. Dataclasses, msgspec structs, enums, ``Decimal``, ``UUID`` and arrays with a ``tolist`` method
travel as what they hold; NaN and infinities as null, as in JavaScript.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, UnsetType

from .codec import encode

__all__ = ["PayloadError", "as_object", "decode_object", "decode_payload", "encode_payload"]

_MARK: Final = "#T42_DATE#"
_MARK_BYTES: Final = _MARK.encode()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND: Final = timedelta(milliseconds=1)
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
        return Raw(encode(_mark_dates(plain)))
    except (TypeError, ValueError, OverflowError) as error:
        raise PayloadError(str(error)) from error
    except RecursionError:
        raise PayloadError("it is nested too deeply, or holds itself") from None


def decode_payload(raw: Raw) -> Any:
    value = _decoder.decode(raw)
    return _revive_dates(value) if _MARK_BYTES in bytes(raw) else value


def decode_object(raw: Raw | UnsetType) -> dict[str, Any]:
    """The JSON object that ``raw`` holds; empty where it holds something else, or nothing."""
    value = decode_payload(raw) if raw else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_object(value: Any) -> dict[str, Any]:
    """A result as the dict that results are: other values are wrapped, nothing is empty."""
    if value is None:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"_value": value}


def _simplify(value: Any) -> Any:
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        return to_list()
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")


def _mark_dates(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _mark_dates(item) for key, item in items}
    if isinstance(value, list | tuple):
        return [_mark_dates(item) for item in cast("list[Any]", value)]
    if isinstance(value, datetime):
        return f"{_MARK}{(value.astimezone(timezone.utc) - _EPOCH) // _MILLISECOND}"
    return value


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
    try:
        return _EPOCH + int(text[len(_MARK) :]) * _MILLISECOND
    except (ValueError, OverflowError):
        return text
