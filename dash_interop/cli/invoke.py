"""``dash-interop invoke``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import InvocationError, MethodNotFound
from .addressing import addressing
from .arguments import arguments as read_arguments
from .completing import complete_methods
from .connecting import joining, printing
from .output import as_json_text, complain, name_of, show_json, show_table
from .parameters import read_name
from .progress import telling_progress

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.results import InvocationResult, ReturnValue
    from ..peer.targets import Target

__all__ = ["invoke"]


@click.command()
@click.argument("name", callback=read_name, shell_complete=complete_methods)
@read_arguments
@addressing
@printing
@click.option(
    "--progress",
    "as_lines",
    is_flag=True,
    help="Print what the handler says of its progress, a line of JSON each on stderr.  [default: "
    "a bar, where that is a terminal]",
)
@joining
def invoke(
    interop: InteropClient,
    name: str,
    arguments: dict[str, Any],
    target: Target,
    wait: float,
    timeout: float,
    as_json: bool,
    as_lines: bool,
) -> int:
    """Invoke a method, and print what it returns.

    NAME is that of the method. An ARGUMENT is one of

    \b
      key=text      a text                key=@file     the text in a file
      key:=json     a number, list, ...   key:=@file    the JSON in a file
      '{"a": 1}'    all arguments         @file         all, in a file
      -             all, from stdin

    One object with all arguments at most; single ones take precedence over it. What the method
    returns is printed as JSON. When several servers answer, a table says who returned what; with
    --json one object has it all: returned, executed_by, called_with, all_return_values and
    all_errors, as the result of a MethodInvoke.

    Ends with 1 when it failed at one server at least; stderr says at which, and why. Ctrl-C
    cancels the invocation: a handler that can be stopped is.

    \b
    Examples:
      dash-interop invoke Sum a:=37 b:=5
      dash-interop invoke Sum '{"a": 37, "b": 5}'
      dash-interop invoke Refresh --target all
      dash-interop invoke Show id=7 --target '{"application": "Trades"}'
      echo '{"a": 37, "b": 5}' | dash-interop invoke Sum - | jq .sum
    """
    try:
        with telling_progress(as_lines) as on_progress:
            result = interop.invoke(
                name,
                arguments,
                target,
                wait_timeout=wait,
                response_timeout=timeout,
                on_progress=on_progress,
            )
    except MethodNotFound as error:
        hint = "`dash-interop methods` says what is on offer, `dash-interop servers` who offers it"
        raise MethodNotFound(f"{error}; {hint}") from error
    except InvocationError as error:
        if not error.all_errors:
            raise
        return _tell_failures(name, error.all_errors)
    if as_json:
        show_json(_describe(result))
    else:
        _show(result)
    return _tell_failures(name, result.all_errors)


def _show(result: InvocationResult) -> None:
    values = result.all_return_values
    if len(values) == 1 and not result.all_errors:
        show_json(result.returned)
    else:
        show_table(("server", "instance", "returned"), map(_row, values))


def _row(value: ReturnValue) -> tuple[str, ...]:
    server = value.executed_by
    return (name_of(server), str(server.get("instance") or ""), as_json_text(value.returned))


def _describe(result: InvocationResult) -> dict[str, Any]:
    values = result.all_return_values
    return {
        "returned": result.returned,
        "executed_by": result.executed_by,
        "called_with": result.called_with,
        "all_return_values": [
            {"returned": value.returned, "executed_by": value.executed_by} for value in values
        ],
        "all_errors": result.all_errors,
    }


def _tell_failures(name: str, errors: Sequence[dict[str, Any]]) -> int:
    """One line for each server that failed; returns the exit code."""
    for error in errors:
        complain(f"{name} failed at {name_of(error['executed_by'])}: {error['message']}")
    return 1 if errors else 0
