"""
What commands print: for people on a terminal, for programs on anything else.

Much of it was said by other peers, so nothing of it reaches a terminal as a control sequence.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Any, cast

import click

__all__ = [
    "as_json_text",
    "complain",
    "name_of",
    "one_line",
    "print_anything",
    "show_json",
    "show_line",
    "show_table",
]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Line breaks, what terminals take as commands, and what turns the direction of the text."""

_UNSAFE_IN_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""The same characters, as far as JSON does not escape them."""


def print_anything() -> None:
    """Print a character that stdout cannot encode as its escape, rather than fail."""
    cast("TextIOWrapper[Any]", sys.stdout).reconfigure(errors="backslashreplace")


def one_line(text: str) -> str:
    """A text of any peer as one harmless line."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def complain(text: str) -> None:
    """One line on stderr."""
    click.echo(f"dash-interop: {one_line(text)}", err=True)


def name_of(instance: Mapping[str, Any]) -> str:
    """An instance for people: ``Calculator (anna@host)``, as far as it says so."""
    name = instance.get("application") or instance.get("instance") or instance.get("peerId")
    where = "@".join(str(instance[key]) for key in ("user", "machine") if instance.get(key))
    return f"{name} ({where})" if where else str(name)


def show_line(text: str, colour: str | None = None) -> None:
    """One line, in colour on a terminal."""
    click.echo(click.style(one_line(text), fg=colour))


def show_json(value: Any, *, in_one_line: bool = False) -> None:
    """One JSON document; indented only on a terminal."""
    if not sys.stdout.isatty():
        click.echo(as_json_text(value))
        return
    # Loaded here, as it takes time that programs need not wait.
    from rich.console import Console
    from rich.highlighter import JSONHighlighter

    text = JSONHighlighter()(as_json_text(value, indent=None if in_one_line else 2))
    Console().print(text, soft_wrap=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; elsewhere than on a terminal its cells are separated by tabs, the titles first."""
    lines = [[one_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (columns, *lines):
            click.echo("\t".join(line))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        # As a plain string, "[red]" would be a colour.
        table.add_row(*map(Text, line))
    Console().print(table)


def as_json_text(value: Any, indent: int | None = None) -> str:
    """One JSON document, harmless on a terminal, in what stdout can print."""
    is_unicode = sys.stdout.encoding.lower().startswith("utf")
    text = json.dumps(value, indent=indent, ensure_ascii=not is_unicode, default=_plain)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"JSON has no form for {type(value).__name__}")
