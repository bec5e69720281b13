"""
The expressions that say who may see a method or a peer.

``$name`` is a field of the other side's identity, ``#name`` of the own side's; ``'text'`` and
numbers are literals. ``==`` and ``!=`` compare, ``?`` matches the whole left text against the
regular expression on its right (RE2, so in linear time). ``&&`` and ``||`` have one precedence and
are read from left to right; parentheses group.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["Restriction", "RestrictionError", "parse"]

Identity: TypeAlias = Mapping[str, Any]
Restriction: TypeAlias = Callable[[Identity, Identity], bool]
"""Called with the own and the other side's identity."""
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
_MAX_PATTERN: Final = 1000
"""Characters of a regular expression."""


class RestrictionError(ValueError):
    """The expression cannot be read; the text names the position."""


def parse(text: str) -> Restriction:
    """Read an expression once, so that it can be checked often.

    Raises:
        RestrictionError: Malformed, nested deeper than 20, or with a bad regular expression.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._tokenize())
        self._next = 0

    def parse(self) -> Restriction:
        value = self._expression(0)
        if self._peek() is not None:
            raise self._error("an operator or the end")
        return lambda own, other: value(own, other) is True

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
        self._next += 1
        right = self._operand(depth)
        if operator == "?":
            self._literal_pattern()
            return _matches(left, right)
        wanted = operator == "=="
        return lambda own, other: (left(own, other) == right(own, other)) is wanted

    def _literal_pattern(self) -> None:
        """Refuse a bad regular expression now rather than never match it."""
        kind, token, position = self._tokens[self._next - 1]
        if kind == "text" and _compiled(token[1:-1]) is None:
            raise RestrictionError(f"malformed regular expression at position {position}")

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
        if not isinstance(pattern, str) or not isinstance(text, str):
            return False
        compiled = _compiled(pattern)
        return compiled is not None and compiled.fullmatch(text) is not None

    return matches


def _quiet_options() -> Any:
    # RE2 would write every bad pattern, a stranger's text, to stderr.
    options: Any = re2.Options()
    options.log_errors = False
    return options


_OPTIONS: Final = _quiet_options()
_compile: Final[Any] = cast(Any, re2).compile


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    """A compiled regular expression; ``None`` when it is malformed or too long."""
    if len(pattern) > _MAX_PATTERN:
        return None
    try:
        return _compile(pattern, _OPTIONS)
    except cast(Any, re2).error:
        return None
