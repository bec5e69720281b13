"""Signatures, and values for them, as Hypothesis strategies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dash_interop.wire.signature import Field, Signature

__all__ = ["signatures", "values_near"]

SCALARS = ["bool", "int", "double", "long", "string", "datetime"]

_names = st.sampled_from(["a", "b", "name", "_value", "$x", "x-1", "a/b", "a~b", "%25", "ä", "0"])
_descriptions = st.sampled_from(["", "all of them", "a (b) c", "?, {}[]:", "ünï\n\\"])


def _fields(types: SearchStrategy[tuple[str, Any]], at_least: int = 0) -> SearchStrategy[Any]:
    def make(name: str, type_: tuple[str, Any], array: bool, optional: bool, said: str) -> Field:
        return Field(name, *type_, array, optional, said)

    field = st.builds(make, _names, types, st.booleans(), st.booleans(), _descriptions)
    fields = st.lists(field, min_size=at_least, max_size=4, unique_by=lambda one: one.name)
    return fields.map(tuple)


_types = st.recursive(
    st.tuples(st.sampled_from(SCALARS), st.just(())),
    lambda types: st.tuples(st.sampled_from(["tuple", "composite"]), _fields(types)),
    max_leaves=8,
)


def signatures(at_least: int = 0) -> SearchStrategy[Signature]:
    """Signatures with a number of fields, nested a few levels deep."""
    return _fields(_types, at_least).map(Signature)


_dates = (
    st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat)
    | st.dates().map(date.isoformat)
    | st.integers(-(10**15), 10**15).map("#T42_DATE#{}".format)
)
_any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -3.0, 1e300])
    | st.text(max_size=5)
    | _dates,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=6,
)
_good: dict[str, SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": st.integers() | st.integers(-9, 9).map(float),
    "long": st.integers(),
    "double": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "string": st.text(max_size=5),
    "datetime": _dates,
}


def values_near(signature: Signature, wrong: bool = True) -> SearchStrategy[Any]:
    """JSON values that fit a signature; with ``wrong`` a part here and there does not."""
    return _dicts(signature.fields, wrong)


def _dicts(fields: tuple[Field, ...], wrong: bool) -> SearchStrategy[Any]:
    required = {one.name: _of_field(one, wrong) for one in fields if not one.is_optional}
    optional = {one.name: _of_field(one, wrong) for one in fields if one.is_optional}
    if wrong:
        required, optional = {}, required | optional
    return st.fixed_dictionaries(required, optional=optional)


def _of_field(field: Field, wrong: bool) -> SearchStrategy[Any]:
    value = _of_type(field, wrong)
    value = st.lists(value, max_size=3) if field.is_array else value
    value = st.none() | value if field.is_optional else value
    return value | value | value | _any if wrong else value


def _of_type(field: Field, wrong: bool) -> SearchStrategy[Any]:
    if field.type in _good:
        return _good[field.type]
    value = _dicts(field.fields, wrong)
    if field.type == "tuple":
        value |= st.tuples(*(_of_field(one, wrong) for one in field.fields)).map(list)
        value |= st.lists(_any, max_size=3) if wrong else st.nothing()
    return value
