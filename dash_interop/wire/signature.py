"""
The grammar of ``accepts`` and ``returns``: text to fields and back.

::

    signature   = [ field *( "," field ) ]
    field       = type [ "[" "]" ] [ "?" ] name [ "(" description ")" ]
    type        = "bool" | "int" | "double" | "long" | "string" | "datetime"
                | ( "tuple" | "composite" ) ":" "{" signature "}"

Types are written in any case; white space may stand anywhere between two parts. ``[]`` makes an
array of it, ``?`` makes it optional. A name is any run of characters but white space and
``,{}()[]?:``. A description is any text whose parentheses are in pairs; white space around it does
not count, and ``()`` is the same as leaving the description away.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from ..errors import SignatureError

__all__ = ["MAX_DEPTH", "Field", "Signature", "parse"]

MAX_DEPTH: Final = 32
"""How deep tuples and composites may be nested."""

_NESTED: Final = ("tuple", "composite")
_TYPES: Final = ("bool", "int", "double", "long", "string", "datetime", *_NESTED)
_TYPE_NAMES: Final = f"a type ({', '.join(_TYPES[:-1])} or {_TYPES[-1]})"

_NAME: Final = re.compile(r"[^\s,{}()\[\]?:]+")
_TOKEN: Final = re.compile(rf"{_NAME.pattern}|[,{{}}()\[\]?:]")
_LONGEST_QUOTE: Final = 30
"""Characters of the text that an error repeats."""


class Field(Struct, frozen=True):
    """
    One parameter of a method, one part of its result, or one field of a tuple or composite.

    Attributes:
        name: What it is called in the dict of arguments.
        type: ``bool``, ``int``, ``double``, ``long``, ``string``, ``datetime``, ``tuple`` or
            ``composite``.
        fields: What a tuple or composite consists of; empty when it may be anything, and for all
            other types.
        is_array: Whether it is a list of values of the type.
        is_optional: Whether it may be absent or ``None``; an array as a whole.
        description: What it is, in words; ``""`` when nobody said.

    Raises:
        ValueError: It cannot be written as text that reads the same.
    """

    name: str
    type: str
    fields: tuple[Field, ...] = ()
    is_array: bool = False
    is_optional: bool = False
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"not a name: {self.name!r}")
        if self.type not in _TYPES or (self.fields and self.type not in _NESTED):
            raise ValueError(f"not a type: {self.type!r} with {len(self.fields)} fields")
        if self.description != self.description.strip() or not _is_paired(self.description):
            raise ValueError(f"not a description: {self.description!r}")
        _refuse_repetition(self.fields)

    def __str__(self) -> str:
        array = "[]" if self.is_array else ""
        optional = "?" if self.is_optional else ""
        description = f" ({self.description})" if self.description else ""
        return f"{self._type_text()}{array}{optional} {self.name}{description}"

    def _type_text(self) -> str:
        if self.type not in _NESTED:
            return self.type
        inner = f" {_joined(self.fields)} " if self.fields else ""
        return f"{self.type}: {{{inner}}}"


class Signature(Struct, frozen=True):
    """
    What a method accepts, or what it returns. ``str()`` gives the text in its usual form, which
    reads as an equal signature.

    Attributes:
        fields: The fields of the dict of arguments, or of the result. If empty, every dict
            fits.

    Raises:
        ValueError: Two fields have one name.
    """

    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        _refuse_repetition(self.fields)

    def __str__(self) -> str:
        return _joined(self.fields)


def parse(text: str | None) -> Signature:
    """
    Read the ``accepts`` or ``returns`` of a method.

    Args:
        text: The signature. When it is empty, blank or ``None``, every dict fits.

    Raises:
        SignatureError: It does not follow the grammar, has one name twice in one place, or is
            nested deeper than ``MAX_DEPTH``. The error says where.
    """
    return _Parser(text or "").signature()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._token = ""
        """The token to be read next; empty at the end of the text."""
        self._start = self._end = 0
        """Where it begins and ends."""
        self._advance()

    def signature(self) -> Signature:
        if not self._token:
            return Signature()
        fields = self._fields(0)
        if self._token:
            raise self._error(_what_follows(fields[-1], "the end"))
        return Signature(fields)

    def _fields(self, depth: int) -> tuple[Field, ...]:
        fields = [self._field(set(), depth)]
        names = {fields[0].name}
        while self._accept(","):
            fields.append(self._field(names, depth))
            names.add(fields[-1].name)
        return tuple(fields)

    def _field(self, taken: set[str], depth: int) -> Field:
        type_ = self._type()
        fields = self._nested(depth + 1) if type_ in _NESTED else ()
        is_array = self._accept("[")
        if is_array:
            self._expect("]")
        is_optional = self._accept("?")
        name = self._name(taken)
        return Field(name, type_, fields, is_array, is_optional, self._description())

    def _type(self) -> str:
        type_ = self._token.lower()
        if type_ not in _TYPES:
            raise self._error(_TYPE_NAMES)
        self._advance()
        return type_

    def _nested(self, depth: int) -> tuple[Field, ...]:
        self._expect(":")
        if depth > MAX_DEPTH:
            raise SignatureError(f"nested deeper than {MAX_DEPTH}", self._text, self._start)
        self._expect("{")
        if self._accept("}"):
            return ()
        fields = self._fields(depth)
        if not self._accept("}"):
            raise self._error(_what_follows(fields[-1], "'}'"))
        return fields

    def _name(self, taken: set[str]) -> str:
        name = self._token
        if not _NAME.fullmatch(name):
            raise self._error("a name")
        if name in taken:
            raise SignatureError(f"{_quoted(name)} is named twice", self._text, self._start)
        self._advance()
        return name

    def _description(self) -> str:
        if self._token != "(":
            return ""
        start = self._end
        end = _closing(self._text, start)
        if end is None:
            self._start, self._token = len(self._text), ""
            raise self._error("')' after the description")
        self._end = end + 1
        self._advance()
        return self._text[start:end].strip()

    def _accept(self, token: str) -> bool:
        if self._token != token:
            return False
        self._advance()
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._error(f"'{token}'")

    def _advance(self) -> None:
        # Every character but white space is a token or part of one.
        match = _TOKEN.search(self._text, self._end)
        self._token = match[0] if match else ""
        self._start, self._end = match.span() if match else 2 * (len(self._text),)

    def _error(self, expected: str) -> SignatureError:
        found = _quoted(self._token) if self._token else "the end"
        return SignatureError(f"expected {expected}, found {found}", self._text, self._start)


def _what_follows(field: Field, end: str) -> str:
    return f"',' or {end}" if field.description else f"a description, ',' or {end}"


def _closing(text: str, start: int) -> int | None:
    """Where the parenthesis closes that was opened just before ``start``."""
    depth = 1
    for match in re.compile(r"[()]").finditer(text, start):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return None


def _is_paired(description: str) -> bool:
    return _closing(f"{description})", 0) == len(description)


def _refuse_repetition(fields: tuple[Field, ...]) -> None:
    if len({field.name for field in fields}) < len(fields):
        raise ValueError("two fields have one name")


def _joined(fields: tuple[Field, ...]) -> str:
    return ", ".join(map(str, fields))


def _quoted(token: str) -> str:
    return f"'{token}'" if len(token) <= _LONGEST_QUOTE else f"'{token[:_LONGEST_QUOTE]}...'"
