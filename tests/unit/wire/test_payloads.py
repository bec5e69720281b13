"""Values as they travel: to JSON and back."""

import json
import math
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from time import tzset
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from dash_interop.errors import InvalidResult
from dash_interop.wire.codec import encode
from dash_interop.wire.payloads import (
    PayloadError,
    as_object,
    copy_with_dates,
    decode_map,
    decode_object,
    decode_payload,
    encode_payload,
    result_object,
)

UTC = timezone.utc
FAST = settings(max_examples=300, deadline=None, database=None, derandomize=True)


def text_of(value):
    return bytes(encode_payload(value)).decode()


def read(text):
    return decode_payload(Raw(text.encode()))


# Dates

DATES = [
    (datetime(1970, 1, 1, tzinfo=UTC), 0),
    (datetime(2024, 2, 29, 12, 30, 15, 250_000, UTC), 1_709_209_815_250),
    (datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), -1),
    (datetime(1900, 1, 1, tzinfo=UTC), -2_208_988_800_000),
    (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000),
    (datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC), 253_402_300_799_999),
]


@pytest.mark.parametrize("moment, milliseconds", DATES)
def test_date_travels_as_marked_milliseconds_and_comes_back(moment, milliseconds):
    assert text_of(moment) == f'"#T42_DATE#{milliseconds}"'
    back = decode_payload(encode_payload(moment))
    assert back == moment
    assert back.tzinfo is UTC


def test_zone_of_a_date_becomes_utc():
    there = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2024, 1, 1, 5, 30, tzinfo=there)
    back = decode_payload(encode_payload(moment))
    assert (back, back.tzinfo) == (datetime(2024, 1, 1, tzinfo=UTC), UTC)


@pytest.fixture
def in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "JST-9")
    tzset()
    yield
    monkeypatch.undo()
    tzset()


@pytest.mark.parametrize("year", [1960, 2024])
def test_naive_date_is_local_time(in_tokyo, year):
    back = decode_payload(encode_payload(datetime(year, 6, 1, 9, 0)))
    assert back == datetime(year, 6, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("microseconds, milliseconds", [(1_999, 1), (999, 0), (-1, -1)])
def test_microseconds_of_a_date_are_cut_off(microseconds, milliseconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert text_of(moment) == f'"#T42_DATE#{milliseconds}"'


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_date_that_utc_does_not_have_is_a_payload_error(moment):
    with pytest.raises(PayloadError):
        encode_payload(moment)


def test_dates_are_found_wherever_they_are():
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    value = {"a": [moment, {"b": (moment,)}], "c": moment, "d": "text"}
    assert decode_payload(encode_payload(value)) == {**value, "a": [moment, {"b": [moment]}]}


class Stamp(datetime):
    """As the timestamps of other libraries are."""


def test_kind_of_datetime_travels_as_a_date():
    assert text_of({"at": Stamp(2024, 1, 1, tzinfo=UTC)}) == '{"at":"#T42_DATE#1704067200000"}'


@pytest.mark.parametrize(
    "text",
    [
        "#T42_DATE#",
        "#T42_DATE#x",
        "#T42_DATE#1.5",
        "#T42_DATE#1e3",
        "#T42_DATE#--1",
        "#T42_DATE#NaN",
        "#T42_DATE#253402300800000",
        "#T42_DATE#-62135596800001",
        "#T42_DATE#9" + "9" * 30,
        "#T42_DATE#" + "9" * 5000,
        "#T42_DATE#5#T42_DATE#5",
        " #T42_DATE#5",
        "#t42_date#5",
        "#T42_DATE",
    ],
    ids=lambda text: text[:24],
)
def test_text_that_only_looks_like_a_date_stays_a_text(text):
    assert read(json.dumps({"a": [text]})) == {"a": [text]}


@pytest.mark.parametrize("text", ["#T42_DATE#1_000", "#T42_DATE# 5 ", "#T42_DATE#\u0663"])
def test_text_that_no_client_writes_for_a_date_stays_a_text(text):
    assert read(json.dumps(text)) == text


def test_key_that_looks_like_a_date_stays_a_key():
    assert read('{"#T42_DATE#5":"#T42_DATE#5"}') == {
        "#T42_DATE#5": datetime(1970, 1, 1, 0, 0, 0, 5000, UTC)
    }


@FAST
@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))
def test_any_date_comes_back_to_the_millisecond(moment):
    moment = moment.replace(tzinfo=UTC)
    back = decode_payload(encode_payload([moment]))[0]
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


# Other values of Python


@dataclass
class Order:
    symbol: str
    at: datetime


class Trade(msgspec.Struct):
    price: Decimal
    sides: set[str]


class Side(Enum):
    BUY = "buy"


class Level(IntEnum):
    HIGH = 3


class When(Enum):
    START = datetime(1970, 1, 1, tzinfo=UTC)


class Array:
    """As numpy's arrays and scalars are."""

    def __init__(self, value):
        self._value = value

    def tolist(self):
        return self._value


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value, json_text",
    [
        (None, "null"),
        (True, "true"),
        (Order("VOD", datetime(1970, 1, 1, tzinfo=UTC)), '{"symbol":"VOD","at":"#T42_DATE#0"}'),
        (Trade(Decimal("1.50"), {"buy"}), '{"price":"1.50","sides":["buy"]}'),
        (Side.BUY, '"buy"'),
        (Level.HIGH, "3"),
        ([When.START], '["#T42_DATE#0"]'),
        (Decimal("0.1"), '"0.1"'),
        (UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
        (date(2024, 1, 2), '"2024-01-02"'),
        (Array([1, 2.5, [True]]), "[1,2.5,[true]]"),
        (Array(1.5), "1.5"),
        (Array([Array(Array("deep"))]), '["deep"]'),
        (Array([datetime(1970, 1, 1, tzinfo=UTC)]), '["#T42_DATE#0"]'),
        (Array([float("nan")]), "[null]"),
        ((1, (2,)), "[1,[2]]"),
        (Point(1, 2), "[1,2]"),
        ({7}, "[7]"),
        (frozenset(["a"]), '["a"]'),
        ({1: "a", 2.5: "b"}, '{"1":"a","2.5":"b"}'),
        ({Side.BUY: 1}, '{"buy":1}'),
        (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
        (2**53 - 1, "9007199254740991"),
        (1 - 2**53, "-9007199254740991"),
        ("é\u2028\0", '"é\u2028\\u0000"'),
    ],
)
def test_value_travels_as_what_it_holds(value, json_text):
    assert text_of(value) == json_text


def test_number_that_is_missing_is_null():
    assert text_of({"a": [math.nan, 1.5]}) == '{"a":[null,1.5]}'


class Text(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


@pytest.mark.parametrize("value", [Text("a"), Whole(3), Real(1.5)])
def test_kind_of_text_or_number_travels_as_one(value):
    assert json.loads(text_of([value])) == [value]


def recursive_list():
    entries = []
    entries.append(entries)
    return entries


def recursive_dict():
    entry = {}
    entry["self"] = {"entry": entry}
    return entry


class Endless:
    def tolist(self):
        return self


@pytest.mark.parametrize("value", [recursive_list(), recursive_dict(), Endless()])
def test_value_that_holds_itself_is_a_payload_error(value):
    with pytest.raises(PayloadError, match="holds itself"):
        encode_payload(value)


@pytest.mark.parametrize(
    "value, words",
    [
        (object(), "object"),
        ({"a": [len]}, "builtin_function_or_method"),
        (Text, "type"),
        (iter([1]), "list_iterator"),
        (1j, "complex"),
        (ValueError("x"), "ValueError"),
        ({(1, 2): 3}, "key"),
        ({None: 3}, "key"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_has_no_form_in_json_is_a_payload_error_that_says_what_it_is(value, words):
    with pytest.raises(PayloadError, match=words):
        encode_payload(value)


class Broken:
    def tolist(self):
        raise RuntimeError("the array is on another device")


def test_array_that_does_not_tell_its_values_is_a_payload_error():
    with pytest.raises(PayloadError, match="on another device"):
        encode_payload(Broken())


# Objects


@pytest.mark.parametrize(
    "value, wanted",
    [
        (None, {}),
        ({}, {}),
        ({"a": None}, {"a": None}),
        (0, {"_value": 0}),
        (False, {"_value": False}),
        ("", {"_value": ""}),
        ([], {"_value": []}),
        ([{"a": 1}], {"_value": [{"a": 1}]}),
    ],
)
def test_result_becomes_the_dict_that_results_are(value, wanted):
    assert as_object(value) == wanted
    assert result_object(value) == wanted


@pytest.mark.parametrize(
    "returned, wanted",
    [
        (Order("VOD", datetime(1970, 1, 1, tzinfo=UTC)), {"symbol": "VOD", "at": "#T42_DATE#0"}),
        (Trade(Decimal("1.50"), {"buy"}), {"price": "1.50", "sides": ["buy"]}),
        (Array([1]), {"_value": [1]}),
        (math.nan, {"_value": None}),
    ],
)
def test_object_that_was_returned_is_the_dict_that_it_travels_as(returned, wanted):
    assert result_object(returned) == wanted


def test_result_that_cannot_travel_is_an_invalid_one():
    words = r"The result cannot travel: result\.a\[1\] is of type complex"
    with pytest.raises(InvalidResult, match=words):
        result_object({"a": [1, 1j]})


@pytest.mark.parametrize("text", ["null", "5", '"a"', "[]", '[{"a":1}]', "true"])
def test_what_is_no_object_is_read_as_an_empty_one(text):
    assert decode_object(Raw(text.encode())) == {}


def test_missing_object_is_read_as_an_empty_one():
    assert decode_object(UNSET) == {}
    assert decode_object(Raw()) == {}


def test_object_is_read_with_its_dates():
    assert decode_object(Raw(b'{"a":"#T42_DATE#0"}')) == {"a": datetime(1970, 1, 1, tzinfo=UTC)}


# Whatever comes over the wire


def json_values(largest):
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-largest, largest)
        | st.floats(allow_nan=False, allow_infinity=False)
        | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=20,
    )


JSON = json_values(10**20)


@FAST
@given(json_values(2**53 - 1))
def test_any_value_that_pages_hold_comes_back_as_it_was(value):
    assert decode_payload(encode_payload(value)) == value


@FAST
@given(JSON)
def test_any_json_value_is_read_as_it_was(value):
    assert read(json.dumps(value)) == value


@FAST
@given(JSON)
def test_any_json_value_is_read_alike_beside_a_date(value):
    there, beside = read(json.dumps([value, "#T42_DATE#0"]))
    assert (there, beside) == (value, datetime(1970, 1, 1, tzinfo=UTC))


HOSTILE = [
    '{"a":1e999}',
    '{"a":-1e999}',
    '{"a":' + "[" * 900 + '"#T42_DATE#5"' + "]" * 900 + "}",
    '{"a":' + "[" * 950 + "]" * 950 + "}",
    '{"a":"#T42_DATE#' + "9" * 5000 + '"}',
    '{"a":' + "9" * 5000 + "}",
]
"""A gateway relays these: they are JSON."""


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:12]}-{len(text)}")
def test_payload_of_a_stranger_is_read_or_a_payload_error(text):
    try:
        value = read(text)
    except PayloadError:
        return
    assert list(value) == ["a"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:12]}-{len(text)}")
def test_object_of_a_stranger_is_read_or_a_payload_error(text):
    try:
        value = decode_object(Raw(text.encode()))
    except PayloadError:
        return
    assert list(value) in (["a"], [])


# Values that are shared


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "#T42_DATE#0"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)


@FAST
@given(st.dictionaries(st.sampled_from("abc"), JSON))
def test_copy_with_dates_is_what_the_text_would_be_read_as(value):
    raw = Raw(encode(value))
    plain = decode_map(raw)
    copy = copy_with_dates(plain)
    assert copy == decode_payload(raw)
    assert list(copy) == list(value)
    assert plain == value


def test_copy_shares_nothing_however_deeply_it_is_nested():
    value = inner = {}
    for _ in range(5000):
        inner["a"] = [{}]
        inner = inner["a"][0]
    copy, depth = copy_with_dates(value), 0
    while copy:
        assert copy is not value and copy["a"] is not value["a"]
        copy, value, depth = copy["a"][0], value["a"][0], depth + 1
    assert depth == 5000
