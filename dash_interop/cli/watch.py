"""``dash-interop watch``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from .connecting import joining, printing, tell_outages
from .discover import describe_method
from .output import name_of, show_json, show_line

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.directory import Instance
    from ..wire.definitions import Method

__all__ = ["watch"]


@dataclass(frozen=True)
class Change:
    """A server, a method of a server, or a context, comes or goes."""

    event: str
    server: Instance | None = None
    method: Method | None = None
    context: str | None = None

    @property
    def is_coming(self) -> bool:
        return self.event.endswith("_added")

    @property
    def subject(self) -> Hashable:
        """What stays the same from its coming to its going."""
        method = self.method and describe_method(self.method)
        keys = ("name", "kind", "accepts", "returns")
        peer_id = self.server and self.server["peerId"]
        return (peer_id, method and tuple(method[key] for key in keys), self.context)


@click.command()
@printing
@joining
def watch(interop: InteropClient, as_json: bool) -> None:
    """Print methods, servers and contexts as they come and go.

    First those that are there, then each change: one line each, + for what comes and - for what
    goes. With --json a line is an object with event (server_added, server_removed,
    server_method_added or server_method_removed), server and method; or with event (context_added
    or context_removed) and context.

    During an outage nobody can be seen: methods and servers go, and come again afterwards. Ends
    with 130 on Ctrl-C, as tail -f.

    \b
    Examples:
      dash-interop watch
      dash-interop watch --json | jq 'select(.event == "server_added").server.application'
    """
    tell_outages(interop)
    for change in _changes(interop):
        if as_json:
            show_json(_describe(change), in_one_line=True)
        else:
            _show(change)


def _changes(interop: InteropClient) -> Iterator[Change]:
    """Each change; what there is already comes first."""
    queue: SimpleQueue[Change] = SimpleQueue()

    def tell(event: str) -> Callable[..., None]:
        def put(server: Instance, method: Method | None = None) -> None:
            queue.put(Change(event, server, method))

        return put

    def tell_context(event: str) -> Callable[[str], None]:
        return lambda name: queue.put(Change(event, context=name))

    # Removals first, so that nothing that was shown can leave unheard. A removal of something that
    # was not shown is left out below.
    interop.on_server_method_removed(tell("server_method_removed"))
    interop.on_server_removed(tell("server_removed"))
    interop.on_server_added(tell("server_added"))
    interop.on_server_method_added(tell("server_method_added"))
    interop.contexts.on_context_removed(tell_context("context_removed"))
    interop.contexts.on_context_added(tell_context("context_added"))
    there: set[Hashable] = set()
    while True:
        change = queue.get()
        if change.is_coming or change.subject in there:
            (there.add if change.is_coming else there.discard)(change.subject)
            yield change


def _show(change: Change) -> None:
    sign, colour = ("+", "green") if change.is_coming else ("-", "red")
    server = "" if change.server is None else name_of(change.server)
    if change.context is not None:
        what = f"context {change.context}"
    elif change.method is None:
        what = f"server {server}"
    else:
        kind = "stream" if change.method.supports_streaming else "method"
        what = f"{kind} {change.method.name} at {server}"
    show_line(f"{sign} {what}", colour)


def _describe(change: Change) -> dict[str, Any]:
    if change.context is not None:
        return {"event": change.event, "context": change.context}
    described: dict[str, Any] = {"event": change.event, "server": change.server}
    if change.method is not None:
        described["method"] = describe_method(change.method)
    return described
