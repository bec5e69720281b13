"""
Which values fit a signature: in words for people, and as JSON Schema for other tools.

Both say the same of every JSON value. Beyond JSON, ``problems`` knows Python's ``datetime``,
``date`` and ``tuple``. Fields that a signature does not name are always welcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Any, Final, cast

from .signature import Field, Signature

__all__ = ["json_schema", "problems"]

_MOST_PROBLEMS: Final = 10
"""Enough to see the mistake: a list may hold a million values that are wrong alike."""

# Dates and times of ISO 8601 as Python and JavaScript write them, and the form of the wire.
_TIME: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_OFFSET: Final = "(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.][0-9]+)?)?)?)"
_DATE: Final = "(?:[0-9]{4}|[+-][0-9]{6})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
# The end is not "$", which means different places in Python and in JavaScript.
_DATETIME: Final = (
    rf"^(?:{_DATE}(?:[Tt ]{_TIME}{_OFFSET}?)?|#T42_DATE#-?[0-9]+(?:\.[0-9]+)?)(?![\s\S])"
)
_is_datetime_text: Final = re.compile(_DATETIME).match


def problems(signature: Signature, value: Any, noun: str = "argument") -> list[str]:
    """
    Say what keeps a value from fitting a signature.

    Args:
        signature: What ``accepts`` or ``returns`` says.
        value: The dict of arguments, or the result. A ``tuple`` field may be a dict or the list of
            its values in order; a whole ``float`` is an ``int``, since JavaScript has one type of
            number; a ``datetime`` may also be a string in ISO 8601 or the wire's ``#T42_DATE#``.
        noun: What one field of the value is called in the answer.

    Returns:
        One sentence for each field that is wrong, at most 10, without a full stop, such as
        ``"argument orders[2].price has to be a double, not a string"``. Empty when all is well.
    """
    if not isinstance(value, dict):
        return [f"the {noun}s have to be a dict, not {_described(value)}"]
    wrong = _wrong_fields(signature.fields, cast("dict[str, Any]", value), "")
    return [f"{noun} {problem}" for problem in islice(wrong, _MOST_PROBLEMS)]


def _wrong_fields(fields: tuple[Field, ...], value: dict[str, Any], path: str) -> Iterator[str]:
    for field in fields:
        where = f"{path}{field.name}"
        if field.name in value:
            yield from _wrong_field(field, value[field.name], where)
        elif not field.is_optional:
            yield f"{where} is missing"


def _wrong_items(fields: tuple[Field, ...], values: list[Any], path: str) -> Iterator[str]:
    for index, field in enumerate(fields):
        if index < len(values):
            yield from _wrong_field(field, values[index], f"{path}[{index}]")
        elif not field.is_optional:
            yield f"{path}[{index}] ({field.name}) is missing"


def _wrong_field(field: Field, value: Any, path: str) -> Iterator[str]:
    if value is None and field.is_optional:
        return
    if not field.is_array:
        yield from _wrong_value(field, value, path)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _wrong_value(field, item, f"{path}[{index}]")
    else:
        yield f"{path} has to be a list, not {_described(value)}"


def _wrong_value(field: Field, value: Any, path: str) -> Iterator[str]:
    expected, fits = _KINDS[field.type]
    if not fits(value):
        yield f"{path} has to be {expected}, not {_described(value)}"
    elif isinstance(value, dict):
        yield from _wrong_fields(field.fields, cast("dict[str, Any]", value), f"{path}.")
    elif field.fields:
        yield from _wrong_items(field.fields, value, path)


def _is_int(value: Any) -> bool:
    return _is_double(value) and (isinstance(value, int) or value.is_integer())


def _is_double(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_datetime(value: Any) -> bool:
    if isinstance(value, str):
        return _is_datetime_text(value) is not None
    return isinstance(value, date)


_KINDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "bool": ("a bool", lambda value: isinstance(value, bool)),
    "int": ("an int", _is_int),
    "long": ("an int", _is_int),
    "double": ("a double", _is_double),
    "string": ("a string", lambda value: isinstance(value, str)),
    "datetime": ("a datetime", _is_datetime),
    "composite": ("a dict", lambda value: isinstance(value, dict)),
    "tuple": ("a dict or a list", lambda value: isinstance(value, dict | list | tuple)),
}
"""For each type what a value has to be, in words and as a check."""

_NAMES: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (type(None), "None"),
    (bool, "a bool"),
    (str, "a string"),
    (date, "a datetime"),
    (dict, "a dict"),
    ((list, tuple), "a list"),
)


def _described(value: Any) -> str:
    if _is_double(value):
        return "an int" if _is_int(value) else "a double"
    names = (name for kind, name in _NAMES if isinstance(value, kind))
    return next(names, f"a {type(cast(object, value)).__name__}")


def json_schema(signature: Signature) -> dict[str, Any]:
    """
    The signature as JSON Schema, draft 2020-12, of the dict of arguments or of the result.

    Each field has its name as ``title`` and its description as ``description``; ``datetime`` is a
    string with a ``pattern``. What tuples consist of stands in ``$defs``.
    """
    definitions: dict[str, Any] = {}
    schema = _object_schema(signature.fields, definitions)
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return {**described, "$defs": definitions} if definitions else described


def _object_schema(fields: tuple[Field, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {field.name: _field_schema(field, definitions) for field in fields}
    required = [field.name for field in fields if not field.is_optional]
    return {"type": "object", "properties": properties, "required": required}


def _field_schema(field: Field, definitions: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.name}
    if field.description:
        schema["description"] = field.description
    if field.is_array:
        schema |= {"type": "array", "items": _value_schema(field, definitions)}
    else:
        schema |= _value_schema(field, definitions)
    if field.is_optional:
        types = schema["type"]
        schema["type"] = [types, "null"] if isinstance(types, str) else [*types, "null"]
    return schema


def _value_schema(field: Field, definitions: dict[str, Any]) -> dict[str, Any]:
    if field.type == "composite":
        return _object_schema(field.fields, definitions)
    if field.type == "tuple":
        return _tuple_schema(field.fields, definitions)
    return dict(_SCALARS[field.type])


def _tuple_schema(fields: tuple[Field, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    # Each field stands in two places; writing it out in both would double with every level.
    schema = _object_schema(fields, definitions)
    properties: dict[str, Any] = schema["properties"]
    for name, field_schema in properties.items():
        key = str(len(definitions))
        definitions[key] = field_schema
        properties[name] = {"$ref": f"#/$defs/{key}"}
    needed = [index for index, field in enumerate(fields, 1) if not field.is_optional]
    schema["type"] = ["object", "array"]
    if fields:
        schema["prefixItems"] = list(properties.values())
        schema["minItems"] = max(needed, default=0)
    return schema


_SCALARS: Final[dict[str, dict[str, Any]]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "long": {"type": "integer"},
    "double": {"type": "number"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "pattern": _DATETIME},
}
