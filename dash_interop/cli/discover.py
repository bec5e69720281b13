"""``dash-interop methods`` and ``dash-interop servers``: what is on offer, and by whom."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from .completing import complete_any
from .connecting import joining, printing
from .output import complain, show_json, show_table
from .parameters import Pattern, read_pattern

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.directory import Instance
    from ..wire.definitions import Method

__all__ = ["describe_method", "methods", "servers"]


@click.command()
@click.argument("pattern", callback=read_pattern, required=False, shell_complete=complete_any)
@printing
@joining
def methods(interop: InteropClient, pattern: Pattern, as_json: bool) -> int:
    """List methods and streams on offer.

    With PATTERN, a name that may have * and ? in it, only those of such a name; ends with 1 when
    nobody offers one. Where stdout is not a terminal, the columns are separated by tabs.

    \b
    Examples:
      dash-interop methods
      dash-interop methods 'Su*' --json
      dash-interop methods --url ws://host:8385 --secret-file /etc/interop/secret
    """
    found = sorted(
        (method for method in interop.methods() if pattern.fits(method.name)),
        key=lambda method: method.name.lower(),
    )
    if as_json:
        show_json([{**describe_method(each), "servers": each.get_servers()} for each in found])
    elif found:
        show_table(("name", "signature", "kind", "servers", "description"), map(_method_row, found))
    return _exit_code(pattern, bool(found))


@click.command()
@click.argument("pattern", callback=read_pattern, required=False, shell_complete=complete_any)
@printing
@joining
def servers(interop: InteropClient, pattern: Pattern, as_json: bool) -> int:
    """List who offers methods and streams.

    With PATTERN, a name that may have * and ? in it, only those who offer one of such a name; ends
    with 1 when nobody does. Where stdout is not a terminal, the columns are separated by tabs.

    \b
    Examples:
      dash-interop servers
      dash-interop servers Sum
      dash-interop servers --user anna --json
    """
    found = sorted(
        (server for server in interop.servers() if any(map(pattern.fits, _offered_by(server)))),
        key=lambda server: str(server.get("application")).lower(),
    )
    if as_json:
        show_json([_describe_server(server) for server in found])
    elif found:
        columns = ("application", "instance", "user", "machine", "methods", "streams")
        show_table(columns, map(_server_row, found))
    return _exit_code(pattern, bool(found))


def describe_method(method: Method) -> dict[str, Any]:
    """A method for programs; each key is always there."""
    return {
        "name": method.name,
        "kind": _kind(method),
        "accepts": method.accepts,
        "returns": method.returns,
        "displayName": method.display_name,
        "description": method.description,
        "objectTypes": method.object_types or [],
        "version": method.version,
        "flags": method.flags or {},
    }


def _describe_server(server: Instance) -> dict[str, Any]:
    return {
        **server,
        "methods": [method.name for method in server.get_methods()],
        "streams": [stream.name for stream in server.get_streams()],
    }


def _method_row(method: Method) -> tuple[str, ...]:
    returns = f"-> {method.returns}" if method.returns else ""
    return (
        method.name,
        f"{method.accepts or ''} {returns}".strip(),
        _kind(method),
        _applications(method.get_servers()),
        method.description or "",
    )


def _offered_by(server: Instance) -> list[str]:
    return [method.name for method in (*server.get_methods(), *server.get_streams())]


def _server_row(server: Instance) -> tuple[str, ...]:
    said = (str(server.get(key) or "") for key in ("application", "instance", "user", "machine"))
    return (*said, str(len(server.get_methods())), str(len(server.get_streams())))


def _applications(servers: list[Instance]) -> str:
    counts = Counter(str(server.get("application") or server["peerId"]) for server in servers)
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())


def _kind(method: Method) -> str:
    return "stream" if method.supports_streaming else "method"


def _exit_code(pattern: Pattern, is_there: bool) -> int:
    if is_there:
        return 0
    complain(f"nobody offers {pattern.text or 'anything'}")
    return 0 if pattern.text is None else 1
