"""
The arguments of a method or a subscription as they are typed: one by one, or all in one object.

===============  ==================================================
``key=text``     a text
``key=@file``    the text in a file
``key:=json``    any JSON: a number, ``true``, ``null``, a list, ...
``key:=@file``   the JSON in a file
``{"a": 1}``     all of them, as a JSON object
``@file``        all of them, in a file
``-``            all of them, from stdin
===============  ==================================================

One object at most, wherever it stands, and any number of single ones, which take precedence over
what the object says of the same key. The first ``=`` of a word ends its key.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click
import msgspec

__all__ = ["arguments", "decode", "decode_object"]

_EXPECTED = "expected key=text, key:=json, a JSON object, @file or -"
_LONGEST_SHOWN = 40


def _read(_: click.Context, __: click.Parameter, words: Sequence[str]) -> dict[str, Any]:
    whole: dict[str, Any] | None = None
    single: dict[str, Any] = {}
    for word in words:
        try:
            if word == "-" or word[:1] in ("@", "{", "["):
                if whole is not None:
                    raise ValueError("one object with all arguments is enough")
                whole = decode_object(_bytes_of(word))
            else:
                key, value = _read_single(word)
                if key in single:
                    raise ValueError(f"{key} is given twice")
                single[key] = value
        except ValueError as error:
            shown = word if len(word) <= _LONGEST_SHOWN else f"{word[:_LONGEST_SHOWN]}..."
            raise click.BadParameter(f"{shown}: {error}") from None
    return {**(whole or {}), **single}


arguments = click.argument("arguments", nargs=-1, callback=_read, metavar="[ARGUMENT]...")
"""The rest of a command line, as a dict."""


def decode_object(text: bytes) -> dict[str, Any]:
    """
    Raises:
        ValueError: The text is not a JSON object.
    """
    value = decode(text)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object, such as '{\"a\": 1}'")
    return cast("dict[str, Any]", value)


def _read_single(word: str) -> tuple[str, Any]:
    key, equals, value = word.partition("=")
    is_json = key.endswith(":")
    if is_json:
        key = key[:-1]
    if not equals or not key:
        raise ValueError(_EXPECTED)
    text = _bytes_of(value) if value.startswith("@") else os.fsencode(value)
    return _text(os.fsencode(key)), decode(text) if is_json else _text(text)


def _bytes_of(word: str) -> bytes:
    """What a word that names an object or a file means."""
    if word == "-":
        if sys.stdin is None:
            raise ValueError("stdin is closed")
        return sys.stdin.buffer.read()
    if not word.startswith("@"):
        return os.fsencode(word)
    try:
        return Path(word[1:]).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the file: {error.strerror}") from None


def _text(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def decode(text: bytes) -> Any:
    """
    Raises:
        ValueError: The text is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
