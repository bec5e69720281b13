"""``dash-interop contexts`` and ``dash-interop context``: what peers share."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import click

from .completing import complete_contexts
from .connecting import joining, printing, tell_outages
from .output import complain, show_json, show_table
from .parameters import Pattern, read_pattern, read_text

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.context_changes import ContextChange

__all__ = ["context", "contexts", "keys_of"]

_MOST_KEYS = 10
_MISSING = object()


@click.command()
@click.argument("pattern", callback=read_pattern, required=False, shell_complete=complete_contexts)
@printing
@joining
def contexts(interop: InteropClient, pattern: Pattern, as_json: bool) -> int:
    """List the contexts of a user: named objects that peers share.

    With PATTERN, a name that may have * and ? in it, only those of such a name; ends with 1 when
    there is none. Without --user they are those of pages of apps without users. With --json each
    has its data. Where stdout is not a terminal, the columns are separated by tabs.

    \b
    Examples:
      dash-interop contexts
      dash-interop contexts 'Order*' --json
      dash-interop contexts --user anna
    """
    names = sorted(filter(pattern.fits, interop.contexts.all()), key=str.lower)
    found = [(name, *interop.contexts.get_versioned(name)) for name in names]
    if as_json:
        show_json([{"name": name, "version": at, "data": data} for name, data, at in found])
    elif found:
        rows = [(name, "" if at is None else str(at), keys_of(data)) for name, data, at in found]
        show_table(("name", "version", "keys"), rows)
    if found:
        return 0
    complain("there are no contexts" if pattern.text is None else f"no context {pattern.text}")
    return 0 if pattern.text is None else 1


@click.command()
@click.argument("name", callback=read_text, shell_complete=complete_contexts)
@click.option("--watch", is_flag=True, help="Print each change, too, until Ctrl-C.")
@click.option(
    "--get",
    "path",
    metavar="PATH",
    callback=read_text,
    help="Only what a path leads to, such as order.price; in a list, a number.",
)
@printing
@joining
def context(
    interop: InteropClient, name: str, watch: bool, path: str | None, as_json: bool
) -> int | None:
    """Print the value of a context, as JSON.

    Ends with 1 when there is no such context, or nothing at PATH.

    With --watch the value is printed whenever somebody writes, one a line; stderr says when it is
    destroyed, and while there is none it waits. With --json a line is an object with data, delta,
    removed, updaterId, version and destroyed. Ends with 130 on Ctrl-C, as tail -f.

    \b
    Examples:
      dash-interop context Order
      dash-interop context Order --get lines.0.price
      dash-interop context Order --watch --json | jq .delta
    """
    if not watch:
        return _print_once(interop, name, path, as_json)
    tell_outages(interop)
    for change in interop.contexts.subscribe(name):
        if change.is_destroyed:
            complain(f"the context {name} was destroyed, waiting")
        if as_json:
            show_json(_describe(change), in_one_line=True)
        elif not change.is_destroyed:
            found = _at(change.data, path)
            show_json(None if found is _MISSING else found, in_one_line=True)
    return None


def keys_of(data: dict[str, Any]) -> str:
    """The top-level keys, for a table."""
    more = len(data) - _MOST_KEYS
    return ", ".join(list(data)[:_MOST_KEYS]) + (f" and {more} more" if more > 0 else "")


def _print_once(interop: InteropClient, name: str, path: str | None, as_json: bool) -> int:
    data, version = interop.contexts.get_versioned(name)
    if version == 0:
        complain(f"there is no context {name}")
        return 1
    found = _at(data, path)
    if found is _MISSING:
        complain(f"the context {name} has nothing at {path}")
        return 1
    show_json({"name": name, "version": version, "data": found} if as_json else found)
    return 0


def _at(data: dict[str, Any], path: str | None) -> Any:
    """What a path leads to, or ``_MISSING``."""
    steps = [] if path is None else path.split(".")
    return reduce(_step, steps, cast(Any, data))


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(step, _MISSING)
    if isinstance(value, list) and step.isdecimal():
        row = cast("list[Any]", value)
        return row[int(step)] if int(step) < len(row) else _MISSING
    return _MISSING


def _describe(change: ContextChange) -> dict[str, Any]:
    return {
        "data": change.data,
        "delta": change.delta,
        "removed": change.removed,
        "updaterId": change.updater_id,
        "version": change.version,
        "destroyed": change.is_destroyed,
    }
