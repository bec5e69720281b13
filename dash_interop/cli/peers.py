"""``dash-interop peers``: who is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .connecting import joining, printing
from .output import complain, show_json, show_table
from .parameters import Pattern, read_pattern

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.directory import Instance

__all__ = ["describe_peer", "peers"]

_SAID = ("application", "user", "machine", "instance")


@click.command()
@click.argument("pattern", callback=read_pattern, required=False)
@printing
@joining
def peers(interop: InteropClient, pattern: Pattern, as_json: bool) -> int:
    """List who is connected, whether they offer something or not.

    With PATTERN, a name that may have * and ? in it, only applications of such a name; ends with 1
    when nobody matches. Only services are told since when a peer is connected, so the column is
    empty with --user. Where stdout is not a terminal, the columns are separated by tabs.

    \b
    Examples:
      dash-interop peers
      dash-interop peers 'Trad*'
      dash-interop peers --user anna --json
    """
    found = sorted(
        (peer for peer in interop.peers() if pattern.fits(str(peer.get("application") or ""))),
        key=lambda peer: (str(peer.get("application")).lower(), str(peer.get("user")).lower()),
    )
    if as_json:
        show_json([describe_peer(peer) for peer in found])
    elif found:
        show_table((*_SAID, "since", "methods", "streams"), map(_row, found))
    if found:
        return 0
    complain(f"nobody {'else ' if pattern.text is None else f'called {pattern.text} '}is connected")
    return 0 if pattern.text is None else 1


def describe_peer(peer: Instance) -> dict[str, Any]:
    """A peer for programs."""
    return {
        **peer,
        "since": peer.since,
        "methods": [method.name for method in peer.get_methods()],
        "streams": [stream.name for stream in peer.get_streams()],
    }


def _row(peer: Instance) -> tuple[str, ...]:
    said = (str(peer.get(key) or "") for key in _SAID)
    since = f"{peer.since.astimezone():%Y-%m-%d %H:%M:%S}" if peer.since else ""
    return (*said, since, str(len(peer.get_methods())), str(len(peer.get_streams())))
