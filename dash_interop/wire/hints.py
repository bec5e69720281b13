"""
The signatures that Python's type hints imply.

=========================================  =======================================
hint                                       type
=========================================  =======================================
``bool``, ``int``, ``float``, ``str``      ``bool``, ``int``, ``double``, ``string``
``datetime``, ``date``                     ``datetime``
``list[X]``                                ``X[]``
``X | None``, or a default                 ``X?``
``TypedDict``, dataclass, msgspec Struct   ``composite: {...}``
=========================================  =======================================

Any other hint, a missing hint and a hint that cannot be evaluated have no type. Where one part has
no type, there is no signature at all: a wrong one would refuse good values.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Sequence
from inspect import Parameter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect as types

from .signature import MAX_DEPTH, Field, Signature

__all__ = ["OF_DATA", "OF_INVOCATIONS", "OF_MESSAGES", "SpecialNames", "signature_of"]


class SpecialNames(NamedTuple):
    """Parameters of a handler that are not named after what it is called with."""

    whole: str
    """Gets the whole dict."""
    sender: str
    """Gets the instance that the dict comes from, or the version of a message."""


OF_INVOCATIONS: Final = SpecialNames("args", "caller")
OF_DATA: Final = SpecialNames("data", "server")
OF_MESSAGES: Final = SpecialNames("data", "version")

_Structure: typing.TypeAlias = types.TypedDictType | types.DataclassType | types.StructType

_SCALARS: Final[dict[type[types.Type], str]] = {
    types.BoolType: "bool",
    types.IntType: "int",
    types.FloatType: "double",
    types.StrType: "string",
    types.DateTimeType: "datetime",
    types.DateType: "datetime",
}

_UNRESOLVABLE: Final = (AttributeError, NameError, SyntaxError, TypeError, ValueError)
"""Raised for a hint that is text and cannot be evaluated, and for what is not a hint at all."""


class _Undescribable(Exception):
    """A hint that no signature stands for."""


def signature_of(
    function: Callable[..., Any],
    *,
    special: SpecialNames = OF_INVOCATIONS,
    ignoring: Collection[str] = (),
    is_pair: bool = False,
) -> tuple[str | None, str | None]:
    """
    Read the ``accepts`` and ``returns`` of a handler from its type hints.

    Args:
        function: A function or method, ``async`` or not. Parameters of the kind ``*name`` and
            ``**name`` and the one of the sender are not arguments; with the one that gets all of
            them, nothing is known about them.
        special: Names of those two.
        ignoring: Names of more parameters that are not arguments.
        is_pair: Whether the result is the first of two things that the function returns.

    Returns:
        ``accepts`` and ``returns``, each ``None`` where the hints do not say it. A result that is
        no dict is called ``_value``, as it is on the wire.

    Example:
        ::

            def add(a: int, b: int = 0) -> float: ...

            signature_of(add)  # ("int a, int? b", "double _value")
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
        hints = typing.get_type_hints(function)
    except _UNRESOLVABLE:
        return None, None
    arguments = [parameter for parameter in parameters if parameter.name not in ignoring]
    returned = hints.get("return", inspect.Signature.empty)
    if is_pair:
        returned = _first_of_two(returned)
    accepted = _text(lambda: _accepted(arguments, hints, special))
    return accepted, _text(lambda: _returned(returned))


def _text(fields: Callable[[], list[Field]]) -> str | None:
    try:
        return str(Signature(tuple(fields()))) or None
    except (_Undescribable, *_UNRESOLVABLE):
        return None


def _accepted(
    parameters: Sequence[Parameter], hints: dict[str, Any], special: SpecialNames
) -> list[Field]:
    arguments = [
        parameter
        for parameter in parameters
        if parameter.name != special.sender
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
    if any(parameter.name == special.whole for parameter in arguments):
        raise _Undescribable
    return [_argument(parameter, hints) for parameter in arguments]


def _argument(parameter: Parameter, hints: dict[str, Any]) -> Field:
    by_name = parameter.kind is not Parameter.POSITIONAL_ONLY
    if parameter.name not in hints or not by_name:
        raise _Undescribable
    info = types.type_info(hints[parameter.name])
    return _field(parameter.name, info, parameter.default is not Parameter.empty)


def _first_of_two(hint: Any) -> Any:
    if typing.get_origin(hint) is not tuple:
        return inspect.Signature.empty
    return typing.get_args(hint)[0]


def _returned(hint: Any) -> list[Field]:
    if hint is inspect.Signature.empty:
        return []
    info, is_optional = _without_none(types.type_info(hint))
    if not isinstance(info, _Structure):
        return [_field("_value", info, is_optional)]
    fields = _structure_fields(info, 0)
    # The result None arrives as the empty dict.
    return [_optional(field) for field in fields] if is_optional else fields


def _optional(field: Field) -> Field:
    return msgspec.structs.replace(field, is_optional=True)


def _field(name: str, info: types.Type, is_optional: bool, depth: int = 0) -> Field:
    info, may_be_none = _without_none(info)
    is_array = isinstance(info, types.ListType)
    if isinstance(info, types.ListType):
        info = info.item_type
    is_optional = is_optional or may_be_none
    if isinstance(info, _Structure):
        fields = tuple(_structure_fields(info, depth))
        return Field(name, "composite", fields, is_array, is_optional)
    if type(info) not in _SCALARS:
        raise _Undescribable
    return Field(name, _SCALARS[type(info)], (), is_array, is_optional)


def _structure_fields(structure: _Structure, depth: int) -> list[Field]:
    # A structure that is part of itself would have no end.
    if depth >= MAX_DEPTH or _is_list(structure):
        raise _Undescribable
    return [
        _field(field.encode_name, field.type, not field.required, depth + 1)
        for field in structure.fields
    ]


def _is_list(structure: _Structure) -> bool:
    return isinstance(structure, types.StructType) and structure.array_like


def _without_none(info: types.Type) -> tuple[types.Type, bool]:
    if not isinstance(info, types.UnionType):
        return info, False
    others = [one for one in info.types if not isinstance(one, types.NoneType)]
    if len(others) != 1:
        raise _Undescribable
    return others[0], True
