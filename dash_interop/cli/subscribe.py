"""``dash-interop subscribe``."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .addressing import addressing
from .arguments import arguments as read_arguments
from .completing import complete_streams
from .connecting import joining, printing, tell_outages
from .output import complain, name_of, show_json
from .parameters import read_name

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..peer.directory import Instance
    from ..peer.subscribing import StreamData
    from ..peer.targets import Target

__all__ = ["subscribe"]


@click.command()
@click.argument("name", callback=read_name, shell_complete=complete_streams)
@read_arguments
@addressing
@click.option("--count", type=click.IntRange(1), help="End after that many.")
@click.option("--follow", is_flag=True, help="Wait for the publisher, also when it restarts.")
@printing
@joining
def subscribe(
    interop: InteropClient,
    name: str,
    arguments: dict[str, Any],
    target: Target,
    wait: float,
    timeout: float,
    count: int | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Print what is pushed to a stream.

    NAME is that of the stream. An ARGUMENT is as for invoke: key=text, key:=json, a JSON object
    with all of them, @file or -. What is pushed is printed as one JSON object a line; with --json
    that object says data, server, private and sequence. After an outage the subscription is made
    again. What was pushed before comes first where the publisher keeps a history, and stderr says
    when that is not all; it is missed where the publisher does not.

    Ends with 0 when the publisher closes the stream or leaves, or after --count; with 1 when the
    subscription was refused; and with 130 on Ctrl-C, as tail -f. With --follow it waits for the
    publisher as long as it takes, from the beginning and whenever it is away.

    \b
    Examples:
      dash-interop subscribe Prices instrument=MSFT
      dash-interop subscribe Prices --count 1 --wait 60 --json
      dash-interop subscribe Prices --target all | jq .price
      dash-interop subscribe Prices --follow >> prices.jsonl
    """
    tell_outages(interop)
    subscription = interop.subscribe(
        name,
        arguments,
        target,
        on_waiting=lambda: _tell_absence(interop, name),
        follow=follow,
        wait_timeout=wait,
        response_timeout=timeout,
    )
    # Listeners are told in a thread, which may be later than the end of this command.
    server = subscription.server_instance
    if server is not None and subscription.recovered is False:
        _tell_gap(name, False, server)
    subscription.on_recovered(partial(_tell_gap, name))
    if subscription.state == "waiting":
        _tell_absence(interop, name)
    for data in islice(subscription, count):
        show_json(_describe(data) if as_json else data.data, in_one_line=True)


def _tell_absence(interop: InteropClient, name: str) -> None:
    # A lost connection is told already.
    if interop.state == "connected":
        complain(f"nobody publishes {name} now, waiting")


def _tell_gap(name: str, recovered: bool, server: Instance) -> None:
    if not recovered:
        complain(f"{name_of(server)} does not have all of {name} any more: some data is missing")


def _describe(data: StreamData) -> dict[str, Any]:
    return {
        "data": data.data,
        "server": data.server,
        "private": data.private,
        "sequence": data.sequence,
    }
