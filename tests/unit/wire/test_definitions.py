"""Method definitions: as authors write them, as they travel, as others announce them."""

import json
import re
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.errors import RegistrationError
from dash_interop.wire.definitions import (
    MethodDefinition,
    from_wire,
    read_definition,
    read_filter,
    to_wire,
)
from tests.support.room import raw

FULL = MethodDefinition(
    name="Sum",
    accepts="double a, double? b",
    returns="double sum",
    display_name="The sum",
    description="Adds",
    object_types=["Number"],
    version=2,
    supports_streaming=True,
    flags={"colour": "red"},
)
AS_DICT = {
    "name": "Sum",
    "accepts": "double a, double? b",
    "returns": "double sum",
    "displayName": "The sum",
    "description": "Adds",
    "objectTypes": ["Number"],
    "version": 2,
    "supportsStreaming": True,
    "flags": {"colour": "red"},
}

# What authors write


def test_name_is_a_definition():
    assert read_definition("Sum") == MethodDefinition(name="Sum")


def test_dict_is_a_definition_with_keys_in_camel_case():
    assert read_definition(AS_DICT) == FULL
    assert msgspec.to_builtins(FULL) == AS_DICT


def test_any_mapping_is_a_definition():
    assert read_definition(MappingProxyType({"name": "Sum"})) == MethodDefinition(name="Sum")


@pytest.mark.parametrize("definition", [lambda a, b: a, 42, ["Sum"]])
def test_anything_else_is_refused_and_shown(definition):
    words = f"has to be a name, such as 'Sum', or a dict, and not {definition!r}"
    with pytest.raises(RegistrationError, match=re.escape(words)):
        read_definition(definition)


def test_definition_is_a_definition():
    assert read_definition(FULL) == FULL
    _, method = read(to_wire(FULL, "0"))
    assert read_definition(method) == method


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"name": 5}, r"\$\.name"),
        ({"name": "Sum", "accepts": 5}, r"\$\.accepts"),
        ({"name": "Sum", "object_types": "Number"}, r"\$\.objectTypes"),
        ({"name": "Sum", "flags": {"x": object()}}, "object"),
    ],
)
def test_definition_that_was_made_of_odd_values_is_refused_by_the_name_of_the_field(fields, words):
    with pytest.raises(RegistrationError, match=words):
        read_definition(MethodDefinition(**fields))


def test_name_may_have_1_to_256_characters():
    assert read_definition("x").name == "x"
    assert read_definition("x" * 256).name == "x" * 256
    for name in ("", "x" * 257):
        for definition in (name, {"name": name}, MethodDefinition(name=name)):
            with pytest.raises(RegistrationError, match="1 to 256 characters"):
                read_definition(definition)


@pytest.mark.parametrize(
    "definition, words",
    [
        ({}, "`name`"),
        ({"name": 5}, r"\$\.name"),
        ({"name": None}, r"\$\.name"),
        ({"name": "Sum", "accepts": 5}, r"\$\.accepts"),
        ({"name": "Sum", "returns": []}, r"\$\.returns"),
        ({"name": "Sum", "displayName": 1}, r"\$\.displayName"),
        ({"name": "Sum", "objectTypes": "Number"}, r"\$\.objectTypes"),
        ({"name": "Sum", "objectTypes": ["Number", 5]}, r"\$\.objectTypes\[1\]"),
        ({"name": "Sum", "version": "2"}, r"\$\.version"),
        ({"name": "Sum", "supportsStreaming": "yes"}, r"\$\.supportsStreaming"),
        ({"name": "Sum", "flags": []}, r"\$\.flags"),
        ({"name": "Sum", "display_name": "x"}, "display_name"),
        ({"name": "Sum", "acepts": "int a"}, "acepts"),
        (5, "and not 5"),
        (None, "and not None"),
        (["Sum"], r"and not \["),
    ],
)
def test_definition_that_is_not_usable_is_refused_by_the_name_of_the_field(definition, words):
    with pytest.raises(RegistrationError, match=words):
        read_definition(definition)


def test_filter_for_anything_is_none():
    assert read_filter(None) is None


@pytest.mark.parametrize("wanted", ["Sum", AS_DICT, FULL])
def test_filter_with_a_name_is_a_definition(wanted):
    assert read_filter(wanted) == read_definition(wanted)


def test_filter_may_lack_the_name():
    assert read_filter({}) == MethodDefinition(name="")
    assert read_filter({"objectTypes": ["Number"]}) == MethodDefinition(
        name="", object_types=["Number"]
    )


@pytest.mark.parametrize(
    "wanted, words", [({"version": "2"}, r"\$\.version"), ({"nam": "x"}, "nam"), (5, "and not 5")]
)
def test_filter_that_is_not_usable_is_refused_by_the_name_of_the_field(wanted, words):
    with pytest.raises(RegistrationError, match=words):
        read_filter(wanted)


def test_reading_a_filter_leaves_the_authors_dict_alone():
    wanted = {"version": 2}
    read_filter(wanted)
    assert wanted == {"version": 2}


# What travels


def test_definition_is_announced_with_all_it_says():
    assert to_wire(FULL, "7") == {
        "id": "7",
        "name": "Sum",
        "display_name": "The sum",
        "description": "Adds",
        "version": 2,
        "object_types": ["Number"],
        "input_signature": "double a, double? b",
        "result_signature": "double sum",
        "flags": {"streaming": True, "metadata": {"colour": "red"}},
    }


def test_what_a_definition_does_not_say_is_not_announced():
    assert to_wire(MethodDefinition(name="Sum"), 7) == {
        "id": 7,
        "name": "Sum",
        "flags": {"streaming": False, "metadata": {}},
    }


def test_method_is_read_as_it_was_announced():
    wire, method = read({**to_wire(FULL, "7"), "registration": 12})
    assert (wire.id, wire.registration) == ("7", 12)
    assert msgspec.structs.asdict(method) == msgspec.structs.asdict(FULL)


TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10),
    TEXTS,
    TEXTS,
    TEXTS,
    st.none() | st.lists(st.text("abc"), min_size=1),
    st.none() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9).filter(lambda x: x % 1 != 0),
    st.booleans(),
    st.none() | st.dictionaries(st.text("abc"), st.integers(0, 9) | st.none(), min_size=1),
)
def test_any_definition_is_read_as_it_was_announced(
    name, accepts, returns, description, object_types, version, supports_streaming, flags
):
    definition = MethodDefinition(
        name=name,
        accepts=accepts,
        returns=returns,
        description=description,
        object_types=object_types,
        version=version,
        supports_streaming=supports_streaming,
        flags=flags,
    )
    _, method = read(to_wire(definition, "0"))
    assert msgspec.structs.asdict(method) == msgspec.structs.asdict(definition)


# What other clients announce


def read(announced):
    found = from_wire(raw(announced))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "announced",
    [
        5,
        None,
        [],
        {},
        {"id": "0"},
        {"name": "Sum"},
        {"id": None, "name": "Sum"},
        {"id": 1.5, "name": "Sum"},
        {"id": True, "name": "Sum"},
        {"id": {}, "name": "Sum"},
        {"id": "0", "name": None},
        {"id": "0", "name": 5},
        {"id": "0", "name": ""},
    ],
)
def test_announcement_without_a_usable_id_or_name_is_none(announced):
    assert from_wire(raw(announced)) is None


@pytest.mark.parametrize(
    "field, values",
    [
        ("accepts", [5, "", [], None]),
        ("returns", [5, "", {}, None]),
        ("display_name", [5, "", None]),
        ("description", [False, "", None]),
        ("object_types", ["Number", {}, 5, [], None]),
        ("version", ["2", [], True, None]),
        ("flags", [5, [], {}, {"metadata": {}}, {"metadata": [1]}, {"metadata": None}, None]),
    ],
)
def test_field_of_an_announcement_that_is_not_as_expected_is_left_out(field, values):
    wire_name = {"accepts": "input_signature", "returns": "result_signature"}.get(field, field)
    for value in values:
        _, method = read({"id": "0", "name": "Sum", wire_name: value})
        assert getattr(method, field) is None, value


@pytest.mark.parametrize("streaming", [None, 0, 1, "true", [], {}])
def test_only_true_makes_a_stream(streaming):
    _, method = read({"id": "0", "name": "Sum", "flags": {"streaming": streaming}})
    assert method.supports_streaming is False


def test_fields_that_are_unknown_here_are_passed_over():
    wire, method = read({"id": 3, "name": "Sum", "restrictions": "$a == #b", "x": [1]})
    assert (wire.id, method.name) == (3, "Sum")


@pytest.mark.parametrize("registration", ["x", 1.5, [], None, True])
def test_odd_registration_hides_no_method(registration):
    wire, method = read({"id": "0", "name": "Sum", "registration": registration})
    assert (wire.registration, method.name) == (None, "Sum")


def test_nesting_that_a_gateway_relays_does_no_harm():
    for depth in (20, 500, 900):
        text = json.dumps({"id": "0", "name": "Sum"})[:-1] + f', "x": {"[" * depth}{"]" * depth}}}'
        assert from_wire(msgspec.Raw(text.encode())) is not None


# Keys that mean nothing


@pytest.mark.parametrize(
    "key, told",
    [
        ("acepts", "did you mean 'accepts'?"),
        ("display_name", "did you mean 'displayName'?"),
        ("objecttypes", "did you mean 'objectTypes'?"),
        ("handler", "known are 'name', 'accepts', 'returns'"),
    ],
)
def test_unknown_key_of_a_definition_is_told_with_what_was_meant(key, told):
    with pytest.raises(RegistrationError) as caught:
        read_definition({"name": "Sum", key: "double a"})
    assert str(caught.value).startswith(f"The definition has an unknown key {key!r}: {told}")


def test_unknown_key_of_a_filter_is_told_too():
    with pytest.raises(RegistrationError, match="did you mean 'objectTypes'?"):
        read_filter({"objectType": ["Client"]})
