"""Patterns in restrictions, where google-re2 is installed."""

import pytest

from dash_interop.router.restrictions import RestrictionError, parse

OWN = {"pattern": "a.*"}
OTHER = {"desk": 7, "name": "abc"}


@pytest.mark.parametrize(
    "text, holds",
    [
        # Matching is of the whole text.
        ("$name ? 'a.*'", True),
        ("$name ? 'b'", False),
        ("$name ? #pattern", True),
        ("$name ? 'ABC'", False),
        ("$name ? '(?i)ABC'", True),
        ("$desk ? '7'", False),
        ("$missing ? '.*'", False),
        ("$name ? $missing", False),
    ],
)
def test_pattern(text, holds):
    assert parse(text)(OWN, OTHER) is holds


def test_bad_regular_expression_is_refused():
    with pytest.raises(RestrictionError):
        parse("$name ? '('")


def test_bad_regular_expression_in_an_identity_matches_nothing():
    assert parse("$name ? #pattern")({"pattern": "("}, {"name": "("}) is False


def test_bad_regular_expression_in_an_identity_writes_nothing_to_stderr(capfd):
    parse("$name ? #pattern")({"pattern": "(unclosed"}, {"name": "("})
    assert "unclosed" not in capfd.readouterr().err


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)*b", "(.*)*(.*)*(.*)*x", "(a?){900}"])
@pytest.mark.timeout(10)
def test_regular_expressions_take_linear_time(pattern):
    restriction = parse(f"$text ? '{pattern}'")
    assert restriction({}, {"text": "a" * 20_000 + "!"}) is False
