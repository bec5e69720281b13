"""What the arguments and options of commands may be. Anything else is refused before they act."""

from __future__ import annotations

import math
import os
from fnmatch import fnmatchcase
from typing import Any

import click

from ..errors import InvocationError, RegistrationError
from ..peer.targets import Target, read_target
from ..wire.definitions import read_definition
from ..wire.history import History, read_history
from .arguments import decode

__all__ = [
    "PATIENCE",
    "SECONDS",
    "Pattern",
    "read_kept",
    "read_name",
    "read_pattern",
    "read_server_target",
    "read_text",
]

_A_DAY = 86_400.0


class Seconds(click.FloatRange):
    """A time in seconds. NaN is refused, which click takes as within every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is not a number of seconds", param, ctx)
        return seconds


SECONDS = Seconds(min=0, max=_A_DAY, min_open=True)
PATIENCE = Seconds(min=0, max=_A_DAY)


# The rest are callbacks of click: what they return is what the command gets.


def read_text(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A text that can travel: the bytes of a command line may not be UTF-8."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not UTF-8") from None
    return value


def read_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a method or stream."""
    name = read_text(ctx, param, value)
    try:
        return None if name is None else read_definition(name).name
    except RegistrationError as error:
        raise click.BadParameter(str(error)) from None


class Pattern:
    """
    A name, or one with ``*``, ``?`` and ``[...]`` as in names of files; case does not count.

    Args:
        text: The pattern; ``None`` is met by every name.
    """

    def __init__(self, text: str | None) -> None:
        self.text = text

    def fits(self, name: str) -> bool:
        if self.text is None:
            return True
        name, text = name.lower(), self.text.lower()
        return name == text or fnmatchcase(name, text)


def read_pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> Pattern:
    return Pattern(read_name(ctx, param, value))


def read_kept(ctx: click.Context, param: click.Parameter, value: str | None) -> History:
    """A number of data that are kept, and perhaps the field by which they are."""
    if value is None:
        return None
    size, colon, key = value.partition(":")
    read_text(ctx, param, key)
    try:
        history: History = {"size": int(size), "key": key} if colon else int(size)
        read_history(history)
    except RegistrationError as error:
        raise click.BadParameter(str(error)) from None
    except ValueError:
        raise click.BadParameter("it has to be a number, such as 100, or 1000:symbol") from None
    return history


def read_server_target(_: click.Context, __: click.Parameter, value: str) -> Target:
    """A word, or part of an instance as JSON, or a list of such parts."""
    try:
        target: Any = decode(os.fsencode(value)) if value[:1] in ("{", "[") else value
        read_target(target)
    except (ValueError, InvocationError) as error:
        raise click.BadParameter(str(error)) from None
    return target
