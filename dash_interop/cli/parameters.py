"""What the arguments and options of commands may be; anything else is bad input, before it acts."""

from __future__ import annotations

import math
import os
import sys
from typing import Any, cast

import click
import msgspec

from ..errors import InvocationError, RegistrationError
from ..protocol.definitions import read_definition
from ..protocol.targets import Target, read_target

__all__ = ["PATIENCE", "SECONDS", "read_arguments", "read_name", "read_server_target", "read_text"]

_A_DAY = 86_400.0


class Seconds(click.FloatRange):
    """A time; NaN would be within every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


SECONDS = Seconds(min=0, max=_A_DAY, min_open=True)
PATIENCE = Seconds(min=0, max=_A_DAY)


# The rest are callbacks of click: what they return is what the command gets.


def read_text(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A text that can travel: a command line may hold bytes that are none."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is no UTF-8") from None
    return value


def read_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a method or stream."""
    name = read_text(ctx, param, value)
    try:
        return None if name is None else read_definition(name).name
    except RegistrationError as error:
        raise click.BadParameter(str(error)) from None


def read_arguments(_: click.Context, __: click.Parameter, value: str) -> dict[str, Any]:
    """A JSON object; ``-`` for the one on stdin."""
    arguments = _decode(_stdin() if value == "-" else os.fsencode(value))
    if not isinstance(arguments, dict):
        raise click.BadParameter("it is no JSON object, such as '{\"a\": 1}'")
    return cast("dict[str, Any]", arguments)


def read_server_target(_: click.Context, __: click.Parameter, value: str) -> Target:
    """A word, or part of an instance as JSON, or a list of such parts."""
    target: Any = _decode(os.fsencode(value)) if value[:1] in ("{", "[") else value
    try:
        read_target(target)
    except InvocationError as error:
        raise click.BadParameter(str(error)) from None
    return target


def _stdin() -> bytes:
    if sys.stdin is None:
        raise click.BadParameter("there is no stdin to read it from")
    return sys.stdin.buffer.read()


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(str(error)) from None
    except RecursionError:
        raise click.BadParameter("it is nested too deeply") from None
