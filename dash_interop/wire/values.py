"""
Values of Python as the JSON that travels; docs/values.md has the table, and ``payloads`` the way
back.

NumPy, pandas and pydantic are not imported: where there is a value of theirs, they are loaded.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
from collections import UserString
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec

__all__ = ["DATE_MARK", "EPOCH", "MAX_INT", "MILLISECOND", "PayloadError", "portable_value"]

DATE_MARK: Final = "#T42_DATE#"
"""Begins the text that stands for a date: milliseconds since 1970 follow."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND: Final = timedelta(milliseconds=1)

MAX_INT: Final = 2**53 - 1
"""JavaScript holds every whole number up to this one exactly, and only some beyond it."""

_Rule: TypeAlias = Callable[[Any], Any]


class PayloadError(ValueError):
    """A value that cannot travel; the text says where it is, and what."""


class _Refused(Exception):
    """A value that cannot travel; ``path`` leads to it, the last step first."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str] = []

    def inside(self, step: str | int) -> _Refused:
        if isinstance(step, int):
            self.path.append(f"[{step}]")
        else:
            self.path.append(f".{step}" if step.isidentifier() else f"[{step!r}]")
        return self


def portable_value(value: Any, name: str = "value") -> Any:
    """
    Turn a value into the form in which it travels, for what a callback writes to
    ``MethodInvoke.invoke``: Dash writes JSON by other rules than this library.

    What ``method_handler``, ``Interop`` or a client sends needs no such call.

    Args:
        value: Anything that the table of values has, and lists and dicts of it.
        name: What the error calls it.

    Returns:
        The same of dicts, lists, texts, numbers, booleans and ``None`` only.

    Raises:
        ValueError: It holds something that cannot travel; the text says where and of which type,
            such as ``value.orders[3].price is of type complex, which has no form in JSON``.

    Example:
        ::

            @callback(Output("invoke-order", "invoke"), Input("order", "n_clicks"))
            def order(_):
                arguments = {"price": Decimal("1.10"), "due": datetime.now(timezone.utc)}
                return {"definition": "Order", "argumentObj": portable_value(arguments)}
    """
    try:
        return _portable(value)
    except _Refused as refused:
        where = "".join([name, *reversed(refused.path)])
        raise PayloadError(f"{where} {refused.problem}") from refused.__cause__
    except RecursionError:
        raise PayloadError(f"{name} is nested too deeply, or holds itself") from None


def _portable(value: Any) -> Any:
    return _rule_of(value.__class__)(value)


def _itself(value: Any) -> Any:
    return value


# Texts and numbers


def _text(value: str) -> str:
    if value.startswith(DATE_MARK) and _is_number(value[len(DATE_MARK) :]):
        raise _Refused("is a text that others take for a date")
    return _whole_text(str.__str__(value))


def _is_number(text: str) -> bool:
    # A page reads all that JavaScript takes for a number.
    try:
        float(text)
    except ValueError:
        return False
    return True


def _whole_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Refused("is a text with half of a surrogate pair, which UTF-8 lacks") from None
    return text


def _int(value: int) -> int:
    if not -MAX_INT <= value <= MAX_INT:
        raise _Refused("is an int beyond 2**53 - 1, which a page would round: send it as text")
    return int.__int__(value)


def _float(value: float) -> float | None:
    number = float.__float__(value)
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return None
    raise _Refused(f"is a float that is {number}, which JSON lacks: send None, or a text")


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(bytes(value)).decode()


# Times


def _datetime(value: datetime) -> str | None:
    if _is_nan(value):
        return None
    try:
        moment = _plain_datetime(value).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise _Refused("is a datetime that is out of range in UTC") from None
    return f"{DATE_MARK}{(moment - EPOCH) // MILLISECOND}"


def _plain_datetime(value: datetime) -> datetime:
    # Subclasses, such as the one of pandas, have methods of the same names that do other things.
    return datetime(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
        fold=value.fold,
    )


def _duration(value: timedelta) -> str:
    plain = timedelta(value.days, value.seconds, value.microseconds)
    text: str = msgspec.to_builtins(plain)
    return text


def _is_nan(value: Any) -> bool:
    """Whether it is pandas' ``NaT``, the one datetime that does not equal itself."""
    return bool(value != value)


# What holds other values


def _list(value: Any) -> list[Any]:
    is_plain = value.__class__ is list
    copy: list[Any] = list(value) if is_plain else _asked(value, lambda: list(value), "items")
    kinds: set[type] = set(map(type, copy))
    # A long list is mostly one of numbers, which need not be looked at one by one.
    if kinds == {float} and all(map(math.isfinite, copy)):
        return copy
    if kinds == {int} and -MAX_INT <= min(copy) <= max(copy) <= MAX_INT:
        return copy
    items: list[Any] = []
    for item in copy:
        try:
            items.append(_rule_of(item.__class__)(item))
        except _Refused as refused:
            raise refused.inside(len(items)) from refused.__cause__
    return items


def _dict(value: Mapping[Any, Any]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    is_plain = value.__class__ is dict
    items = value.items() if is_plain else _asked(value, lambda: list(value.items()), "items()")
    for key, item in list(items):
        text = key if type(key) is str and key.isascii() else _key(key)
        if text in entries:
            raise _Refused(f"has two keys that are {text!r} as text")
        try:
            entries[text] = _rule_of(item.__class__)(item)
        except _Refused as refused:
            raise refused.inside(text) from refused.__cause__
    return entries


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        return _key(key.value)
    if isinstance(key, str):
        return _in_key(key, _whole_text, str.__str__(key))
    if isinstance(key, datetime) and not _is_nan(key):
        return _plain_datetime(key).isoformat()
    plain = _in_key(key, _portable, key)
    if isinstance(plain, int | float):
        return msgspec.json.encode(plain).decode()
    if not isinstance(plain, str):
        raise _Refused(f"has the key {key!r} of type {_kind(key)}, which has no form as text")
    # A key is a label, read by people: NumPy's times are written out like those of Python.
    return str(key) if plain.startswith(DATE_MARK) else plain


def _in_key(key: Any, rule: _Rule, value: Any) -> Any:
    try:
        return rule(value)
    except _Refused as refused:
        raise _Refused(f"has the key {key!r}, which {refused.problem}") from None


def _fields(value: Any, names: Sequence[str]) -> dict[str, Any]:
    return _dict(_asked(value, lambda: {name: getattr(value, name) for name in names}, "fields"))


def _struct(value: msgspec.Struct) -> Any:
    config = value.__struct_config__
    fields = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    entries = {name: getattr(value, field) for name, field in fields}
    if config.array_like:
        tag = [] if config.tag is None else [config.tag]
        return _list([*tag, *entries.values()])
    given = {name: item for name, item in entries.items() if item is not msgspec.UNSET}
    return _dict(given if config.tag is None else {config.tag_field: config.tag, **given})


# Objects of other libraries


def _asked(value: Any, ask: Callable[[], Any], name: str) -> Any:
    """What a method of another library's object returns; an error of its own is a refusal."""
    try:
        return ask()
    except RecursionError:
        raise
    except Exception as error:
        raise _Refused(f"is of type {_kind(value)}, whose {name} failed: {error}") from error


def _from_method(name: str) -> _Rule:
    def rule(value: Any) -> Any:
        return _portable(_asked(value, getattr(value, name), f"{name}()"))

    return rule


def _plotly(value: Any) -> Any:
    """A figure or a component. Dash's instructions for a page, such as a ``Patch``, are refused."""
    plain = _asked(value, value.to_plotly_json, "to_plotly_json()")
    if isinstance(plain, dict) and ("__dash_patch_update" in plain or "_dash_no_update" in plain):
        raise _Refused(
            f"is of type {_kind(value)}, which tells a page to change a prop and is not a value: "
            "return the value itself"
        )
    return _portable(plain)


def _numpy_array(value: Any) -> Any:
    """An array or a scalar of NumPy."""
    numpy: Any = sys.modules["numpy"]
    array = numpy.asanyarray(value)
    kind = array.dtype.kind
    if kind in "Mm":
        array = _in_microseconds(numpy, array)
    elif kind == "V" and array.dtype.names and array.ndim == 0:
        return _dict({name: array[name] for name in array.dtype.names})
    elif kind == "V" and array.dtype.names:
        return _list(array)
    elif kind == "f":
        array = array.astype(float, copy=False)
    plain = array.tolist()
    if isinstance(plain, type(value)):
        return _refuse(value)
    return _portable(plain)


def _in_microseconds(numpy: Any, array: Any) -> Any:
    """
    Times of NumPy in a unit of which ``tolist`` makes ``date``, ``datetime`` and ``timedelta``: of
    finer units, and of times that are out of range, it would make plain ints.
    """
    unit, _ = numpy.datetime_data(array.dtype)
    is_known = ~numpy.isnat(array)
    if array.dtype.kind == "m":
        if unit in ("generic", "Y", "M") and is_known.any():
            raise _Refused(f"is a timedelta64 whose unit is {unit!r}, which has no fixed length")
        return array.astype("m8[us]")
    days = array.astype("M8[D]")
    first, last = (numpy.datetime64(str(day), "D") for day in (date.min, date.max))
    if ((days < first) | (days > last)).any():
        raise _Refused("is a datetime64 beyond the years 1 to 9999")
    return days if unit in ("Y", "M", "W", "D") else array.astype("M8[us]")


def _frame(value: Any) -> list[Any]:
    """The rows of a DataFrame; an index that has a name is a column, as ``reset_index`` has it."""
    if any(name is not None for name in value.index.names):
        value = _asked(value, value.reset_index, "reset_index()")
    columns = [_key(name) for name in value.columns]
    doubled = next((name for name in columns if columns.count(name) > 1), None)
    if doubled is not None:
        raise _Refused(f"is a DataFrame with two columns that are {doubled!r}")
    values = (value.iloc[:, index].tolist() for index in range(len(columns)))
    return _list([dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)])


def _refuse(value: Any) -> Any:
    problem = f"is of type {_kind(value)}, which has no form in JSON"
    if isinstance(value, Iterator):
        problem += ": make it a list"
    raise _Refused(problem)


def _kind(value: Any) -> str:
    return type(value).__name__


# The rule for each type. The order counts: an enum may be a str, and a datetime is a date.

_RULES: Final[tuple[tuple[type | tuple[type, ...], _Rule], ...]] = (
    (Enum, lambda value: _portable(value.value)),
    ((bool, type(None)), _itself),
    (str, _text),
    (int, _int),
    (float, _float),
    (datetime, _datetime),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, _duration),
    ((Decimal, UUID, UserString), lambda value: _text(str(value))),
    ((bytes, bytearray, memoryview), _bytes),
    (msgspec.Struct, _struct),
)


@lru_cache(maxsize=1024)
def _rule_of(kind: Any) -> _Rule:
    for kinds, rule in _RULES:
        if issubclass(kind, kinds):
            return rule
    return _rule_of_foreign(kind) or _rule_of_container(kind) or _refuse


def _rule_of_container(kind: Any) -> _Rule | None:
    if issubclass(kind, Mapping):
        return _dict
    if issubclass(kind, Sequence | Set | ValuesView):
        return _list
    return None


def _rule_of_foreign(kind: Any) -> _Rule | None:
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
        return lambda value: _fields(value, names)
    if hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
        return lambda value: _fields(value, names)
    if hasattr(kind, "model_dump") and hasattr(kind, "model_fields"):
        return _from_method("model_dump")
    if hasattr(kind, "to_plotly_json"):
        return _plotly
    return _rule_of_numpy(kind) or _rule_of_pandas(kind) or _rule_of_list_like(kind)


def _rule_of_numpy(kind: Any) -> _Rule | None:
    numpy: Any = _loaded("numpy")
    return _numpy_array if numpy and issubclass(kind, (numpy.ndarray, numpy.generic)) else None


def _rule_of_pandas(kind: Any) -> _Rule | None:
    pandas: Any = _loaded("pandas")
    if not pandas:
        return None
    if kind is type(pandas.NA):
        return lambda _: None
    if issubclass(kind, (pandas.Period, pandas.Interval)):
        return str
    return _frame if issubclass(kind, pandas.DataFrame) else None


def _rule_of_list_like(kind: Any) -> _Rule | None:
    """Arrays of others: of pandas, of array.array and of many more."""
    return _from_method("tolist") if callable(getattr(kind, "tolist", None)) else None


def _loaded(name: str) -> ModuleType | None:
    return sys.modules.get(name)
