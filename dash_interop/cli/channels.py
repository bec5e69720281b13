"""``dash-interop channels``, and what ``publish --channel`` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .arguments import decode_object
from .completing import complete_channels
from .connecting import joining, printing
from .contexts import keys_of
from .output import complain, show_json, show_table
from .parameters import Pattern, read_pattern

if TYPE_CHECKING:
    from ..client.sync import InteropClient

__all__ = ["channels", "publish_on"]


@click.command()
@click.argument("pattern", callback=read_pattern, required=False, shell_complete=complete_channels)
@printing
@joining
def channels(interop: InteropClient, pattern: Pattern, as_json: bool) -> int:
    """List the channels of a user.

    With PATTERN, a name that may have * and ? in it, only those of such a name; ends with 1 when
    there is none. With --json each has its meta and its data. Where stdout is not a terminal, the
    columns are separated by tabs.

    \b
    Examples:
      dash-interop channels
      dash-interop channels Red --json
    """
    found = [each for each in interop.channels.list() if pattern.fits(each["name"])]
    if as_json:
        show_json(found)
    elif found:
        rows = [
            (each["name"], str(each["meta"].get("color", "")), keys_of(each["data"]))
            for each in found
        ]
        show_table(("name", "color", "keys"), rows)
    if found:
        return 0
    complain("there are no channels" if pattern.text is None else f"no channel {pattern.text}")
    return 0 if pattern.text is None else 1


def publish_on(interop: InteropClient, channel: str, data: dict[str, Any] | None) -> int:
    """
    Publish an object on a channel, or without one each line of stdin; returns the exit code.

    Raises:
        ChannelNotFound: There is no channel of that name.
        InvalidContext: The object cannot be published.
    """
    if data is not None:
        interop.channels.publish(data, channel)
        return 0
    interop.channels.get(channel)
    code = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            if line.strip():
                interop.channels.publish(decode_object(line), channel)
        except ValueError as error:
            complain(f"line {number} is left out: {error}")
            code = 1
    return code
