"""Values in the form in which they travel, beyond what the table of the documents has."""

import subprocess
import sys
from array import array
from collections import ChainMap, UserDict, UserString
from types import MappingProxyType
from typing import Any

import attrs
import msgspec
import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, Field, RootModel

from dash_interop.wire.values import PayloadError, portable_value


class Renamed(msgspec.Struct, rename="camel", tag="renamed", tag_field="kind"):
    unit_price: Any
    note: str | None | msgspec.UnsetType = msgspec.UNSET


class Pair(msgspec.Struct, array_like=True, tag=True):
    x: int
    y: Any


@attrs.define
class Point:
    x: Any


class Names(RootModel[list[str]]):
    pass


class Aliased(BaseModel):
    price: float = Field(alias="Price")


@pytest.mark.parametrize(
    "value, portable",
    [
        (Renamed(1.5), {"kind": "renamed", "unitPrice": 1.5}),
        (Renamed(1.5, None), {"kind": "renamed", "unitPrice": 1.5, "note": None}),
        ([Pair(1, 2)], [["Pair", 1, 2]]),
        (Point([Point(np.int8(1))]), {"x": [{"x": 1}]}),
        (Names(["a"]), ["a"]),
        (Aliased(Price=1.5), {"price": 1.5}),
        (UserDict({1: (2,)}), {"1": [2]}),
        (ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
        (MappingProxyType({"a": {3}}), {"a": [3]}),
        ({"a": 1, "b": 2}.keys(), ["a", "b"]),
        ({"a": 1, "b": 2}.values(), [1, 2]),
        ({"a": 1}.items(), [["a", 1]]),
        (UserString("text"), "text"),
        (array("d", [1.5]), [1.5]),
        pytest.param(memoryview(b"abcd")[::2], "YWM=", id="every second byte"),
        (bytearray(b"ab"), "YWI="),
        ({np.str_("a"): 1, np.float64(1.5): 2}, {"a": 1, "1.5": 2}),
        ({np.datetime64("2026-03-01T09:30"): 1}, {"2026-03-01T09:30": 1}),
        (np.array(5), 5),
        (np.longdouble(1.5), 1.5),
        (np.array([1.5], dtype=np.float16), [1.5]),
        (np.array([{"a": (1,)}, None], dtype=object), [{"a": [1]}, None]),
        (np.timedelta64("NaT", "s"), None),
        (np.ma.masked, None),
        (pd.DataFrame(), []),
        (pd.DataFrame({"a": []}), []),
        (pd.DataFrame({1: [1]}, index=[7]), [{"1": 1}]),
        (pd.Interval(0, 1), "(0, 1]"),
        (pd.array(["a", None], dtype="string"), ["a", None]),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_value_travels_as_what_it_holds(value, portable):
    assert portable_value(value) == portable


def test_rows_keep_every_level_of_a_named_index():
    trades = pd.DataFrame({"day": [1, 1], "side": ["buy", "sell"], "size": [5, 7]})
    assert portable_value(trades.groupby(["day", "side"]).sum()) == [
        {"day": 1, "side": "buy", "size": 5},
        {"day": 1, "side": "sell", "size": 7},
    ]


class Moody:
    """Whose every answer is an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def tolist(self) -> Any:
        raise self.error


class Lazy(UserDict[str, Any]):
    def items(self) -> Any:
        raise OSError("the file is gone")


@pytest.mark.parametrize(
    "value, words",
    [
        ({"orders": [0, 1, 2, {"price": 1j}]}, "args.orders[3].price is of type complex"),
        ({"a b": {"c": [[1j]]}}, "args['a b'].c[0][0] is of type complex"),
        ({"1": 1j}, "args['1'] is of type complex"),
        ({"a": Point(1j)}, "args.a.x is of type complex"),
        ({"a": Pair(1, 1j)}, "args.a[2] is of type complex"),
        ({"a": Renamed(1j)}, "args.a.unitPrice is of type complex"),
        (pd.DataFrame({"price": [1.5, np.inf]}), "args[1].price is a float that is inf"),
        ({"a": {"b": {None: 1}}}, "args.a.b has the key None of type NoneType"),
        ({"a": {pd.NaT: 1}}, "args.a has the key NaT of type NaTType"),
        ({"a": {"\ud800": 1}}, "args.a has the key '\\ud800', which is a text with half"),
        ({"a": Moody(RuntimeError("no device"))}, "args.a is of type Moody, whose tolist() failed"),
        ({"a": Lazy()}, "args.a is of type Lazy, whose items() failed: the file is gone"),
        ({"a": 10**400}, "args.a is an int beyond 2**53 - 1"),
        ({"a": [1, 2**60]}, "args.a[1] is an int beyond 2**53 - 1"),
        ({"a": "#T42_DATE#1e3"}, "args.a is a text that others take for a date"),
        ({"a": np.array([np.clongdouble(1)])}, "args.a[0] is of type clongdouble"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_error_names_the_way_to_what_cannot_travel(value, words):
    with pytest.raises(PayloadError) as caught:
        portable_value(value, "args")
    assert words in str(caught.value)


def test_error_of_a_value_itself_is_the_cause():
    error = RuntimeError("no device")
    with pytest.raises(PayloadError) as caught:
        portable_value({"a": [Moody(error)]})
    assert caught.value.__cause__ is error


def test_value_is_not_changed():
    value = {"a": [1, (2,)], "b": [1.5, 2.5]}
    portable = portable_value(value)
    portable["b"].append(3.5)
    portable["a"].append(3)
    assert value == {"a": [1, (2,)], "b": [1.5, 2.5]}


def test_nothing_is_imported_for_the_sake_of_values():
    program = (
        "import sys; from dash_interop import portable_value;"
        "portable_value({'a': [1, b'x', {2}]});"
        "print(sorted({'numpy', 'pandas', 'pydantic', 'dash'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
