"""
The language of the expressions that say who may see a method or a peer, and what they mean; who
sees whom is decided in ``agm/member.py``.

``$name`` is a field of the other side's identity, ``#name`` of the own side's; ``'text'`` and
numbers are literals. ``==`` and ``!=`` compare, ``?`` matches the whole left text against the
regular expression on its right (RE2, so in linear time). ``&&`` and ``||`` have one precedence and
are read from left to right; parentheses group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from .patterns import HAS_RE2, compiled

__all__ = ["Restriction", "RestrictionError", "parse"]

Identity: TypeAlias = Mapping[str, Any]
_Value: TypeAlias = Callable[[Identity, Identity], Any]

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<field>[$\#][A-Za-z_][\w.-]*)
      | (?P<text>'[^']*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<operator>==|!=|&&|\|\||\?|\(|\))
    )""",
    re.VERBOSE,
)
_MAX_DEPTH: Final = 20
_restrictions: Final[WeakValueDictionary[str, Restriction]] = WeakValueDictionary()
"""Those that are held, by their texts."""
_NOT_INSTALLED: Final = (
    "needs google-re2, which is not installed where the gateway runs "
    '(pip install "dash_interop[restrictions]")'
)


class Restriction:
    """An expression that was read; one object as long as anybody holds that of a text."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: _Value) -> None:
        self._value = value

    def __call__(self, own: Identity, other: Identity) -> bool:
        """Whether it holds for the own and the other side's identity."""
        return self._value(own, other) is True


class RestrictionError(ValueError):
    """The expression cannot be read; the text names the position."""


def parse(text: str) -> Restriction:
    """Read an expression once, so that it can be checked often.

    Raises:
        RestrictionError: Malformed, nested deeper than 20, with a bad regular expression, or with
            any where ``google-re2`` is not installed.
    """
    restriction = _restrictions.get(text)
    if restriction is None:
        restriction = _restrictions[text] = Restriction(_Parser(text).parse())
    return restriction


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._tokenize())
        self._next = 0

    def parse(self) -> _Value:
        value = self._expression(0)
        if self._peek() is not None:
            raise self._error("an operator or the end")
        return value

    def _tokenize(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        end = len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None or match.lastgroup is None:
                raise RestrictionError(f"unexpected character at position {position}")
            yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)
            position = match.end()

    def _peek(self) -> str | None:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else None

    def _error(self, expected: str) -> RestrictionError:
        done = self._next >= len(self._tokens)
        position = len(self._text) if done else self._tokens[self._next][2]
        return RestrictionError(f"expected {expected} at position {position}")

    def _expression(self, depth: int) -> _Value:
        if depth > _MAX_DEPTH:
            raise RestrictionError("nested too deeply")
        left = self._comparison(depth)
        while (operator := self._peek()) in ("&&", "||"):
            self._next += 1
            left = _logical(operator, left, self._comparison(depth))
        return left

    def _comparison(self, depth: int) -> _Value:
        left = self._operand(depth)
        operator = self._peek()
        if operator not in ("==", "!=", "?"):
            return left
        position = self._tokens[self._next][2]
        self._next += 1
        right = self._operand(depth)
        if operator == "?":
            if not HAS_RE2:
                raise RestrictionError(f"'?' at position {position} {_NOT_INSTALLED}")
            pattern = self._literal_pattern()
            return _matches(left, right if pattern is None else lambda own, other: pattern)
        wanted = operator == "=="
        return lambda own, other: (left(own, other) == right(own, other)) is wanted

    def _literal_pattern(self) -> Any:
        """
        A regular expression that was given as a text, compiled for good. Bad ones are refused now
        rather than never matched.
        """
        kind, token, position = self._tokens[self._next - 1]
        if kind != "text":
            return None
        pattern = compiled(token[1:-1])
        if pattern is None:
            raise RestrictionError(f"malformed or too large expression at position {position}")
        return pattern

    def _operand(self, depth: int) -> _Value:
        if self._next >= len(self._tokens):
            raise self._error("a field, a text, a number or '('")
        kind, token, _ = self._tokens[self._next]
        if token == "(":
            self._next += 1
            inner = self._expression(depth + 1)
            if self._peek() != ")":
                raise self._error("')'")
            self._next += 1
            return inner
        if kind == "operator":
            raise self._error("a field, a text, a number or '('")
        self._next += 1
        return _operand(kind, token)


def _operand(kind: str, token: str) -> _Value:
    if kind == "field":
        name = token[1:]
        if token[0] == "$":
            return lambda own, other: other.get(name)
        return lambda own, other: own.get(name)
    literal = token[1:-1] if kind == "text" else float(token)
    return lambda own, other: literal


def _logical(operator: str | None, left: _Value, right: _Value) -> _Value:
    if operator == "&&":
        return lambda own, other: left(own, other) is True and right(own, other) is True
    return lambda own, other: left(own, other) is True or right(own, other) is True


def _matches(left: _Value, right: _Value) -> _Value:
    def matches(own: Identity, other: Identity) -> bool:
        pattern, text = right(own, other), left(own, other)
        if isinstance(pattern, str):
            pattern = compiled(pattern)
        elif not hasattr(pattern, "fullmatch"):
            return False
        if pattern is None or not isinstance(text, str):
            return False
        return pattern.fullmatch(text) is not None

    return matches
