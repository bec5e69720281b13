"""How far an invocation is, on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import click

from .output import as_json_text, one_line

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Reading", "read_progress", "telling_progress"]

Tell: TypeAlias = Callable[[Any], None]

_WHOLE = ("of", "total", "max")
"""Names, beside ``done``, of how much there is to do."""


class Reading(NamedTuple):
    """
    What a value of progress says.

    Attributes:
        share: From 0 to 1; ``None`` where it does not say.
        text: The rest of it, in one line.
    """

    share: float | None
    text: str


@contextmanager
def telling_progress(as_lines: bool) -> Generator[Tell | None, None, None]:
    """
    Gives what is to be told each value of progress; ``None`` where nobody wants to see it.

    Args:
        as_lines: Whether each is a line of JSON, whatever stderr is.
    """
    if as_lines:
        yield lambda value: click.echo(as_json_text(value), err=True)
    elif sys.stderr.isatty():
        with _Bar() as bar:
            yield bar.show
    else:
        yield None


def read_progress(value: Any) -> Reading:
    """
    A fraction from 0 to 1; two numbers, of what is done and of all; or a dict of these (``done``
    with ``of``, ``total`` or ``max``) beside a ``text`` or ``message``. Anything else is shown as
    it is.
    """
    if isinstance(value, list):
        share = _share(*value) if len(cast("list[Any]", value)) == 2 else None
        return Reading(share, "" if share is not None else _text(value))
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        whole = next((told[name] for name in _WHOLE if name in told), 1)
        share = _share(told.get("done"), whole)
        text = told.get("text", told.get("message"))
        if text is not None:
            return Reading(share, _text(text))
        return Reading(share, "" if share is not None else _text(value))
    share = _share(value, 1)
    return Reading(share, "" if share is not None else _text(value))


def _share(done: Any, whole: Any) -> float | None:
    numbers = [_number(each) for each in (done, whole)]
    part, all_of_it = numbers
    if part is None or not all_of_it or not 0 <= part <= all_of_it:
        return None
    return part / all_of_it


def _number(value: Any) -> float | None:
    # The progress of a Dash callback is made of texts.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def _text(value: Any) -> str:
    return one_line(value if isinstance(value, str) else as_json_text(value))


class _Bar:
    """A bar that comes with the first value, and is gone at the end."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, value: Any) -> None:
        reading = read_progress(value)
        is_first = self._progress is None
        progress = self._progress = self._progress or _new_bar()
        (task,) = progress.task_ids
        if reading.share is not None:
            progress.update(task, completed=reading.share, total=1.0)
        # What says nothing of how much there is to do leaves the bar where it is.
        progress.update(task, text=reading.text, refresh=is_first)


def _new_bar() -> Progress:
    # Loaded here, as it takes time that most invocations need not wait.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    bar = Progress(
        BarColumn(),
        TaskProgressColumn(),
        # As markup, "[red]" would be a colour.
        TextColumn("{task.fields[text]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task("", total=None, text="")
    bar.start()
    return bar
