"""What type hints say of the arguments and the result of a handler."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest
from typing_extensions import NotRequired, TypedDict

from dash_interop.wire.hints import OF_DATA, signature_of
from dash_interop.wire.signature import MAX_DEPTH, parse

if TYPE_CHECKING:
    from nowhere import Missing  # pyright: ignore[reportMissingImports]


class Person(TypedDict):
    first: str
    middle: NotRequired[str]


@dataclass
class Point:
    x: float
    y: float = 0.0
    labels: list[str] = field(default_factory=list)


class Order(msgspec.Struct, rename="camel"):
    buyer_of: Person
    points: list[Point]
    due: date | None


class Plain(TypedDict):
    pass


class Node(TypedDict):
    left: Node | None
    right: Node | None


class AsList(msgspec.Struct, array_like=True):
    x: int


Odd = TypedDict("Odd", {"two words": int})

PERSON = "composite: { string first, string? middle }"
POINT = "composite: { double x, double? y, string[]? labels }"


def f_scalars(a: bool, b: int, c: float, d: str, e: datetime, f: date): ...
def f_defaults(a: int, b: int = 0, *, c: int | None = None): ...
def f_optional(a: int | None, b: list[int] | None, c: Annotated[str, "x"]): ...
def f_lists(a: list[str], b: list[Point]): ...
def f_structures(a: Person, b: Point, c: Plain): ...
def f_struct(a: Order | None): ...
def f_other_names(a: int, caller, *rest: int, **more: int): ...
def f_unicode(größe: int): ...
def f_all(args: dict[str, Any]): ...
def f_all_and_more(args: Person, caller, offset: int): ...
def f_no_hint(a: int, b): ...
def f_dict(a: dict[str, int]): ...
def f_any(a: Any): ...
def f_bare_list(a: list): ...
def f_nested_list(a: list[list[int]]): ...
def f_list_of_optional(a: list[int | None]): ...
def f_union(a: int | str): ...
def f_none(a: None): ...
def f_literal(a: Literal["x"]): ...
def f_bytes(a: bytes): ...
def f_tuple(a: tuple[int, str]): ...
def f_callable(a: Callable[..., int]): ...
def f_recursive(a: Node): ...
def f_as_list(a: AsList): ...
def f_odd(a: Odd): ...
def f_positional(a: int, /): ...
def f_unresolvable(a: int, b: Missing): ...
def f_nothing(): ...


@pytest.mark.parametrize(
    "function, accepts",
    [
        (f_scalars, "bool a, int b, double c, string d, datetime e, datetime f"),
        (f_defaults, "int a, int? b, int? c"),
        (f_optional, "int? a, int[]? b, string c"),
        (f_lists, f"string[] a, {POINT}[] b"),
        (f_structures, f"{PERSON} a, {POINT} b, composite: {{}} c"),
        (
            f_struct,
            f"composite: {{ {PERSON} buyerOf, {POINT}[] points, datetime? due }}? a",
        ),
        (f_other_names, "int a"),
        (f_unicode, "int größe"),
    ],
)
def test_arguments(function, accepts):
    assert signature_of(function) == (accepts, None)


@pytest.mark.parametrize(
    "function",
    [
        *(f_all, f_all_and_more, f_no_hint, f_dict, f_any, f_bare_list, f_nested_list),
        *(f_list_of_optional, f_union, f_none, f_literal, f_bytes, f_tuple, f_callable),
        *(f_recursive, f_as_list, f_odd, f_positional, f_unresolvable, f_nothing),
    ],
)
def test_arguments_that_cannot_be_described_have_no_signature(function):
    assert signature_of(function) == (None, None)


def test_structures_nested_too_deeply_have_no_signature():
    structure: Any = int
    for level in range(MAX_DEPTH + 1):
        structure = make_dataclass(f"Level{level}", [("a", structure)])
        if level == MAX_DEPTH - 1:
            text, _ = signature_of(takes(structure))
            assert str(parse(text)) == text
    assert signature_of(takes(structure)) == (None, None)


def takes(structure):
    def function(a): ...

    function.__annotations__ = {"a": structure}
    return function


def r_int() -> int: ...
def r_list() -> list[float]: ...
def r_optional() -> str | None: ...
def r_typed_dict() -> Person: ...
def r_dataclass() -> Point: ...
def r_struct() -> AsList: ...
def r_optional_dict() -> Person | None: ...
def r_list_of_dicts() -> list[Person]: ...
def r_none() -> None: ...
def r_dict() -> dict[str, int]: ...
def r_any() -> Any: ...
def r_missing() -> Missing: ...
def r_plain() -> Plain: ...
async def r_async() -> int: ...


@pytest.mark.parametrize(
    "function, returns",
    [
        (r_int, "int _value"),
        (r_list, "double[] _value"),
        (r_optional, "string? _value"),
        (r_typed_dict, "string first, string? middle"),
        (r_dataclass, "double x, double? y, string[]? labels"),
        (r_struct, None),
        (r_optional_dict, "string? first, string? middle"),
        (r_list_of_dicts, f"{PERSON}[] _value"),
        (r_none, None),
        (r_dict, None),
        (r_any, None),
        (r_missing, None),
        (r_plain, None),
        (r_async, "int _value"),
        (f_no_hint, None),
    ],
)
def test_result(function, returns):
    assert signature_of(function) == (None, returns)


def test_arguments_and_result_are_independent():
    def add(a: int, b: int = 0) -> dict[str, int]: ...
    def total(args: dict[str, Any]) -> float: ...

    assert signature_of(add) == ("int a, int? b", None)
    assert signature_of(total) == (None, "double _value")


def test_method_is_read_without_its_instance():
    class Desk:
        def quote(self, symbol: str) -> float: ...

    assert signature_of(Desk().quote) == ("string symbol", "double _value")


def test_wrapper_shows_what_it_wraps():
    @functools.wraps(f_defaults)
    def wrapper(*args, **kwargs): ...

    assert signature_of(wrapper) == ("int a, int? b, int? c", None)


@pytest.mark.parametrize("function", [print, dict, functools.partial(f_defaults, 1), 5, None])
def test_what_has_no_hints_has_no_signature(function):
    assert signature_of(function) == (None, None)


@pytest.mark.parametrize(
    "function", [f_scalars, f_defaults, f_structures, f_struct, r_dataclass, r_list_of_dicts]
)
def test_signatures_can_be_read_again(function):
    for text in signature_of(function):
        assert str(parse(text)) == (text or "")


def test_names_that_are_special_for_data():
    def take(caller: int, server: dict, sequence: int) -> None: ...

    accepts, _ = signature_of(take, special=OF_DATA, ignoring={"sequence"})
    assert accepts == "int caller"

    def take_all(data: dict, price: float) -> None: ...

    assert signature_of(take_all, special=OF_DATA) == (None, None)
