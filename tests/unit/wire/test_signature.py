"""The grammar of ``accepts`` and ``returns``."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.errors import SignatureError
from dash_interop.wire.signature import MAX_DEPTH, Field, Signature, parse
from tests.support.signatures import signatures

TYPE = "a type (bool, int, double, long, string, datetime, tuple or composite)"


def composite(*fields, **options):
    return Field("x", "composite", fields, **options)


@pytest.mark.parametrize(
    "text, fields",
    [
        ("", []),
        (" \n", []),
        (None, []),
        ("Int a, Int? b", [Field("a", "int"), Field("b", "int", is_optional=True)]),
        (
            "string name, string[]? titles (all of them)",
            [Field("name", "string"), Field("titles", "string", (), True, True, "all of them")],
        ),
        (
            "tuple: { string name, int age } personalDetails",
            [Field("personalDetails", "tuple", (Field("name", "string"), Field("age", "int")))],
        ),
        (
            "composite: { string first, string? middle } x",
            [composite(Field("first", "string"), Field("middle", "string", is_optional=True))],
        ),
        (
            "composite:{long n}[]?x",
            [composite(Field("n", "long"), is_array=True, is_optional=True)],
        ),
        ("COMPOSITE :\t{ }x", [composite()]),
        ("bool\nstring", [Field("string", "bool")]),
        ("double [ ] ? price-1.a$", [Field("price-1.a$", "double", (), True, True)]),
        ("datetime größe", [Field("größe", "datetime")]),
        ("int a(b (c), {d}?)", [Field("a", "int", description="b (c), {d}?")]),
        ("int a (  ), int b()", [Field("a", "int"), Field("b", "int")]),
        ("int a( x\ny )", [Field("a", "int", description="x\ny")]),
    ],
)
def test_text_is_read_as_fields(text, fields):
    assert parse(text) == Signature(tuple(fields))


@pytest.mark.parametrize(
    "text, usual",
    [
        ("", ""),
        ("Int a,Int?b", "int a, int? b"),
        ("string [] ? a ( all )", "string[]? a (all)"),
        ("tuple:{int a,composite:{}b}[]c", "tuple: { int a, composite: {} b }[] c"),
    ],
)
def test_signature_is_written_in_its_usual_form(text, usual):
    assert str(parse(text)) == usual


@given(signatures())
@settings(deadline=None, database=None)
def test_what_is_written_reads_the_same(signature):
    assert parse(str(signature)) == signature


@pytest.mark.parametrize(
    "text, problem, position",
    [
        ("int", "expected a name, found the end", 3),
        ("int ", "expected a name, found the end", 4),
        (",", f"expected {TYPE}, found ','", 0),
        ("int a,", f"expected {TYPE}, found the end", 6),
        ("int a,, int b", f"expected {TYPE}, found ','", 6),
        ("integer a", f"expected {TYPE}, found 'integer'", 0),
        ("int a, object b", f"expected {TYPE}, found 'object'", 7),
        ("x" * 31, f"expected {TYPE}, found '{'x' * 30}...'", 0),
        ("int a b", "expected a description, ',' or the end, found 'b'", 6),
        ("int a (x) b", "expected ',' or the end, found 'b'", 10),
        ("int a)", "expected a description, ',' or the end, found ')'", 5),
        ("int a}", "expected a description, ',' or the end, found '}'", 5),
        ("int a (x))", "expected ',' or the end, found ')'", 9),
        ("int a (x (y)", "expected ')' after the description, found the end", 12),
        ("int (x)", "expected a name, found '('", 4),
        ("int[ a", "expected ']', found 'a'", 5),
        ("int[][] a", "expected a name, found '['", 5),
        ("string?[] a", "expected a name, found '['", 7),
        ("int?? a", "expected a name, found '?'", 4),
        ("int: a", "expected a name, found ':'", 3),
        ("composite {int a} b", "expected ':', found '{'", 10),
        ("composite: a", "expected '{', found 'a'", 11),
        ("tuple: {int a", "expected a description, ',' or '}', found the end", 13),
        ("tuple: {int a (x) b} c", "expected ',' or '}', found 'b'", 18),
        ("tuple: {int a,} c", f"expected {TYPE}, found '}}'", 14),
        ("tuple: {int a}", "expected a name, found the end", 14),
        ("int a, string a", "'a' is named twice", 14),
        ("int a, int b, int b", "'b' is named twice", 18),
        ("composite: {int a, int a} b", "'a' is named twice", 23),
    ],
)
def test_malformed_text_is_refused_with_what_is_wrong_and_where(text, problem, position):
    with pytest.raises(SignatureError) as caught:
        parse(text)
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.problem, error.position, error.text) == (problem, position, text)
    assert str(error) == f"{problem} at character {position + 1}"


def test_one_name_may_stand_in_different_places():
    assert str(parse("int a, composite: { int a } b")) == "int a, composite: { int a } b"


def nested(levels):
    return "tuple: {" * levels + "int a" + "} a" * levels


def test_nesting_has_a_bound():
    assert str(parse(nested(MAX_DEPTH))).count("{") == MAX_DEPTH
    for levels in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(SignatureError) as caught:
            parse(nested(levels))
        position = (MAX_DEPTH + 1) * len("tuple: {") - 1
        assert str(caught.value) == f"nested deeper than 32 at character {position + 1}"


PIECES = st.sampled_from(
    ["int", "String", "tuple", "composite", ":", "{", "}", "[", "]", "?", "(", ")", ",", " ", "a"]
)


@given(st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=40))
@settings(max_examples=500, deadline=None, database=None)
def test_any_text_is_read_or_refused_with_a_place_in_it(text):
    try:
        signature = parse(text)
    except SignatureError as error:
        assert 0 <= error.position <= len(text)
        assert error.text == text
    else:
        assert parse(str(signature)) == signature


@given(signatures(at_least=1), st.data())
@settings(deadline=None, database=None)
def test_a_signature_with_a_stray_character_is_refused(signature, data):
    stray = data.draw(st.sampled_from(["{", "}", "[", ":", ","]))
    for text in (f"{stray}{signature}", f"{signature}{stray}"):
        with pytest.raises(SignatureError) as caught:
            parse(text)
        assert 0 <= caught.value.position <= len(text)


def test_the_error_survives_the_way_to_another_process():
    error = pickle.loads(pickle.dumps(SignatureError("wrong", "text", 2)))
    assert (str(error), error.text, error.position) == ("wrong at character 3", "text", 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Field("", "int"),
        lambda: Field("a b", "int"),
        lambda: Field("a,", "int"),
        lambda: Field("a", "Int"),
        lambda: Field("a", "object"),
        lambda: Field("a", "int", (Field("b", "int"),)),
        lambda: Field("a", "int", description=" b"),
        lambda: Field("a", "int", description="b)"),
        lambda: Field("a", "int", description=")("),
        lambda: Field("a", "int", description="(b"),
        lambda: composite(Field("b", "int"), Field("b", "string")),
        lambda: Signature((Field("b", "int"), Field("b", "string"))),
    ],
)
def test_what_could_not_be_read_again_cannot_be_made(make):
    with pytest.raises(ValueError, match=r"not a|one name"):
        make()
