"""The expressions that say who may see what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.router.restrictions import RestrictionError, parse

OWN = {"role": "clerk", "desk": 7, "flag": True}
OTHER = {"role": "admin", "desk": 7, "name": "abc", "dotted.name-x": "y", "big": 2**70}


@pytest.mark.parametrize(
    "text, holds",
    [
        ("$role == 'admin'", True),
        ("#role == 'admin'", False),
        ("#role=='clerk'", True),
        ("'a' == 'a'", True),
        ("$desk == #desk", True),
        ("$desk == 7", True),
        ("$desk == 7.0", True),
        ("$desk == -7", False),
        ("$desk == '7'", False),
        ("$role != 'admin'", False),
        ("$missing == #missing", True),
        ("$missing == ''", False),
        ("$missing != 'x'", True),
        ("$dotted.name-x == 'y'", True),
        ("  ( $role == 'admin' )  ", True),
        ("$name == 'it is ''", None),
        # One precedence, from left to right.
        ("1 == 1 || 1 == 2 && 1 == 2", False),
        ("1 == 1 || (1 == 2 && 1 == 2)", True),
        ("1 == 2 && 1 == 1 || 1 == 1", True),
        # Only what is true counts as such.
        ("#flag", True),
        ("$role", False),
        ("1", False),
        ("$role && #flag", False),
        ("$role || #flag", True),
        ("(1 == 1) == #flag", True),
    ],
)
def test_expression(text, holds):
    if holds is None:
        with pytest.raises(RestrictionError):
            parse(text)
    else:
        assert parse(text)(OWN, OTHER) is holds


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "expected a field, a text, a number or '(' at position 0"),
        ("$role ==", "expected a field, a text, a number or '(' at position 8"),
        ("$role 'x'", "expected an operator or the end at position 6"),
        ("$role == == 1", "expected a field, a text, a number or '(' at position 9"),
        ("($role == 1", "expected ')' at position 11"),
        ("$role == 1)", "expected an operator or the end at position 10"),
        ("1 == 2 == 3", "expected an operator or the end at position 7"),
        ("$role = 1", "unexpected character at position 5"),
        ("$1 == 1", "unexpected character at position 0"),
        ("'open", "unexpected character at position 0"),
        ("$role & 1", "unexpected character at position 5"),
        ("1 == 1;", "unexpected character at position 6"),
        ("(" * 30 + "1" + ")" * 30, "nested too deeply"),
    ],
)
def test_malformed_expression_is_refused_with_its_position(text, message):
    with pytest.raises(RestrictionError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_nesting_up_to_the_bound_works():
    assert parse("(" * 20 + "1 == 1" + ")" * 20)({}, {}) is True


def test_long_chain_works():
    assert parse(" && ".join(["1==1"] * 124))({}, {}) is True


PIECES = st.sampled_from(
    ["$a", "#b", "'x'", "1", "-2.5", "==", "!=", "?", "&&", "||", "(", ")", " ", "'", "$", "&"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers())


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30),
    st.dictionaries(st.sampled_from("ab"), VALUES),
    st.dictionaries(st.sampled_from("ab"), VALUES),
)
def test_any_text_is_refused_or_says_yes_or_no(text, own, other):
    try:
        restriction = parse(text)
    except RestrictionError:
        return
    assert restriction(own, other) in (True, False)
