"""Which values fit a signature, in words and as JSON Schema."""

import copy
import json
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dash_interop.wire.signature import MAX_DEPTH, parse
from dash_interop.wire.signature_values import json_schema, problems
from tests.support.signatures import signatures, values_near

ORDERS = "composite: { string name, double[]? prices, tuple: { int x, int? y } at }[] orders"
DATES = [
    "2024-02-29",
    "2024-02-29T23:59",
    "2024-02-29 23:59:59",
    "2024-02-29T23:59:59.123456",
    "2024-02-29T23:59:59Z",
    "2024-02-29T23:59:59.1+01:00",
    "2024-02-29T23:59:59-0130",
    "+010000-01-01T00:00:00.000Z",
    "#T42_DATE#1700000000000",
    "#T42_DATE#-1",
]
NO_DATES = [
    "",
    "today",
    "2024-13-01",
    "2024-1-1",
    "2024-02-29T24:00",
    "2024-02-29\n",
    "x2024-02-29",
]
NO_DATES += ["#T42_DATE#", "#T42_DATE#1x", "2024-02-29T", "٢٠٢٤-02-29"]


VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "signatures.json").read_text(encoding="utf-8")
)


def of_json_schema(signature, value):
    return Draft202012Validator(json_schema(signature)).is_valid(value)


@pytest.mark.parametrize(
    "accepts, value",
    [
        ("", {"a": 1}),
        ("int a", {"a": 1, "more": object()}),
        ("int a, long b", {"a": 2.0, "b": -(2**70)}),
        ("double a, double b", {"a": 1, "b": 1.5}),
        ("bool a, string b", {"a": False, "b": ""}),
        ("int? a, string[]? b, composite: {int c}? d", {}),
        ("int? a, string[]? b, composite: {int c}? d", {"a": None, "b": None, "d": None}),
        ("int[] a", {"a": []}),
        ("int[] a", {"a": (1, 2)}),
        ("datetime[] a", {"a": DATES}),
        ("datetime[] a", {"a": [date(2024, 2, 29), datetime.now(timezone.utc)]}),
        (ORDERS, {"orders": [{"name": "x", "prices": [1, 2.5], "at": {"x": 1}}]}),
        (ORDERS, {"orders": [{"name": "x", "at": [1]}, {"name": "y", "at": (1, 2, "more")}]}),
        ("composite: {} a, tuple: {} b, tuple: {} c", {"a": {"x": 1}, "b": {}, "c": [1]}),
        ("tuple: {int? x, int y} a", {"a": [None, 1]}),
    ],
)
def test_value_that_fits_has_no_problems(accepts, value):
    assert problems(parse(accepts), value) == []


@pytest.mark.parametrize(
    "accepts, value, expected",
    [
        ("int a", {}, ["a is missing"]),
        ("int a, int b", {"b": 1.5}, ["a is missing", "b has to be an int, not a double"]),
        ("int a", {"a": "1"}, ["a has to be an int, not a string"]),
        ("int a", {"a": True}, ["a has to be an int, not a bool"]),
        ("int a", {"a": None}, ["a has to be an int, not None"]),
        ("int? a", {"a": "1"}, ["a has to be an int, not a string"]),
        ("long a", {"a": float("inf")}, ["a has to be an int, not a double"]),
        ("double a", {"a": Decimal(1)}, ["a has to be a double, not a Decimal"]),
        ("bool a", {"a": 1}, ["a has to be a bool, not an int"]),
        ("string a", {"a": 2.0}, ["a has to be a string, not an int"]),
        ("string a", {"a": date(2024, 1, 1)}, ["a has to be a string, not a datetime"]),
        ("datetime a", {"a": 5}, ["a has to be a datetime, not an int"]),
        ("int[] a", {"a": 1}, ["a has to be a list, not an int"]),
        ("int[] a", {"a": [1, "2"]}, ["a[1] has to be an int, not a string"]),
        ("int[] a", {"a": [None]}, ["a[0] has to be an int, not None"]),
        ("int[]? a", {"a": {}}, ["a has to be a list, not a dict"]),
        ("composite: {int b} a", {"a": [1]}, ["a has to be a dict, not a list"]),
        ("tuple: {int b} a", {"a": 1}, ["a has to be a dict or a list, not an int"]),
        (ORDERS, {"orders": [{"name": "x", "at": []}]}, ["orders[0].at[0] (x) is missing"]),
        ("tuple: {int b} a", {"a": {"b": ""}}, ["a.b has to be an int, not a string"]),
        ("tuple: {int b} a", {"a": [""]}, ["a[0] has to be an int, not a string"]),
        (
            ORDERS,
            {"orders": [{"name": "x", "at": [1]}, {"at": [1], "prices": [1, "2"]}]},
            ["orders[1].name is missing", "orders[1].prices[1] has to be a double, not a string"],
        ),
    ],
)  # fmt: skip
def test_problem_names_the_field_and_what_it_has_to_be(accepts, value, expected):
    assert problems(parse(accepts), value) == [f"argument {problem}" for problem in expected]


@pytest.mark.parametrize(
    "values, fits",
    [([], False), ([1], False), ([None, 1], True), ([1, 1], True), ([1, 1, None, ""], True)],
)
def test_list_for_a_tuple_ends_after_its_last_required_field_at_the_earliest(values, fits):
    signature = parse("tuple: { int? x, int y, int? z } at")
    value = {"at": values}
    assert of_json_schema(signature, value) == (problems(signature, value) == []) == fits


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["accepts"])
def test_words_and_schema_are_those_that_pages_are_tested_with(vector):
    signature, value = parse(vector["accepts"]), vector["value"]
    assert json_schema(signature) == vector["schema"]
    assert problems(signature, value) == vector["problems"]
    assert of_json_schema(signature, value) == (vector["problems"] == [])


@pytest.mark.parametrize("text", NO_DATES)
def test_text_that_is_no_date_is_no_datetime(text):
    signature = parse("datetime a")
    assert problems(signature, {"a": text}) == ["argument a has to be a datetime, not a string"]
    assert not of_json_schema(signature, {"a": text})


@pytest.mark.parametrize("value, said", [(5, "an int"), ([], "a list"), (None, "None")])
def test_value_that_is_no_dict_is_a_problem(value, said):
    for accepts in ("", "int? a"):
        assert problems(parse(accepts), value) == [f"the arguments have to be a dict, not {said}"]


def test_what_a_field_is_called_can_be_chosen():
    signature = parse("double sum")
    assert problems(signature, {}, "result field") == ["result field sum is missing"]
    assert problems(signature, 5, "result field")[0].startswith("the result fields have to be")


def test_problems_are_ten_at_most():
    assert len(problems(parse("int[] a"), {"a": ["x"] * 1000})) == 10


def test_json_schema_describes_each_field():
    signature = parse(
        "string name (who), int[]? n, datetime? d, composite: { bool b }[] c, composite: {}? e"
    )
    schema = json_schema(signature)
    pattern = schema["properties"]["d"].pop("pattern")
    assert pattern.startswith("^")
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "name": {"title": "name", "description": "who", "type": "string"},
            "n": {"title": "n", "type": ["array", "null"], "items": {"type": "integer"}},
            "d": {"title": "d", "type": ["string", "null"]},
            "c": {
                "title": "c",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"b": {"title": "b", "type": "boolean"}},
                    "required": ["b"],
                },
            },
            "e": {"title": "e", "type": ["object", "null"], "properties": {}, "required": []},
        },
        "required": ["name", "c"],
    }


def test_json_schema_of_a_tuple_knows_its_two_forms():
    schema = json_schema(parse("tuple: { int x, double? y }? at"))
    items = [{"$ref": "#/$defs/0"}, {"$ref": "#/$defs/1"}]
    assert schema["properties"]["at"] == {
        "title": "at",
        "type": ["object", "array", "null"],
        "properties": dict(zip("xy", items, strict=True)),
        "required": ["x"],
        "prefixItems": items,
        "minItems": 1,
    }
    assert schema["$defs"] == {
        "0": {"title": "x", "type": "integer"},
        "1": {"title": "y", "type": ["number", "null"]},
    }


def test_json_schema_of_nested_tuples_stays_small():
    deepest = parse("tuple: {" * MAX_DEPTH + "int a" + "} a" * MAX_DEPTH)
    assert len(json.dumps(json_schema(deepest))) < 10_000


def test_schemas_share_nothing_that_a_caller_could_change():
    signature = parse("int a, datetime[] b")
    before = copy.deepcopy(json_schema(signature))
    changed = json_schema(signature)
    changed["properties"]["a"]["type"] = "string"
    changed["properties"]["b"]["items"].clear()
    assert json_schema(signature) == before


@given(signatures(), st.data())
@settings(deadline=None, database=None)
def test_json_schema_and_problems_agree(signature, data):
    value = data.draw(values_near(signature))
    assert of_json_schema(signature, value) == (problems(signature, value) == [])


@given(signatures(), st.data())
@settings(deadline=None, database=None)
def test_value_made_for_a_signature_fits(signature, data):
    assert problems(signature, data.draw(values_near(signature, wrong=False))) == []


@given(signatures())
@settings(deadline=None, database=None)
def test_json_schema_is_one(signature):
    Draft202012Validator.check_schema(json_schema(signature))
