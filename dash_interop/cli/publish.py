"""``dash-interop publish``: lines of stdin as a stream, or on a channel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from ..errors import RegistrationError
from ..wire.definitions import MethodDefinition, read_definition
from ..wire.history import History
from .arguments import decode_object
from .channels import publish_on
from .completing import complete_channels
from .connecting import joining, tell_outages
from .output import as_json_text, complain
from .parameters import PATIENCE, read_kept, read_text

if TYPE_CHECKING:
    from ..client.publishing import SubscriptionRequest
    from ..client.sync import InteropClient

__all__ = ["publish"]

_OF_STREAMS = {
    "field": "--branch",
    "wait": "--wait",
    "history": "--history",
    "accepts": "--accepts",
    "returns": "--returns",
    "description": "--description",
}


def _checked(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Look at what belongs together before anything is connected."""

    @wraps(function)
    def check(name: str | None, channel: str | None, **options: Any) -> int | None:
        if channel is None:
            return function(name=_stream_name(name), channel=None, data=None, **options)
        given = [flag for option, flag in _OF_STREAMS.items() if options[option]]
        if given:
            raise click.UsageError(f"{given[0]} is for streams, and not for a channel")
        return function(name="", channel=channel, data=_data(name), **options)

    return check


def _stream_name(name: str | None) -> str:
    if name is None:
        raise click.UsageError("Missing argument 'NAME'.")
    try:
        return read_definition(name).name
    except RegistrationError as error:
        raise click.BadParameter(str(error), param_hint="'NAME'") from None


def _data(text: str | None) -> dict[str, Any] | None:
    try:
        return None if text is None else decode_object(text.encode())
    except ValueError as error:
        raise click.BadParameter(f"{text:.40}: {error}", param_hint="'NAME'") from None


@click.command()
@click.argument("name", callback=read_text, required=False)
@click.option(
    "--channel",
    metavar="NAME",
    callback=read_text,
    shell_complete=complete_channels,
    help="Publish on this channel, instead of a stream.",
)
@click.option(
    "--branch",
    "field",
    metavar="KEY",
    callback=read_text,
    help="Send a line only to those who subscribed with the same value of this key.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    default=0.0,
    show_default=True,
    type=PATIENCE,
    help="Longest wait for a first subscriber before a line is read; 0 does not wait.",
)
@click.option(
    "--history",
    metavar="N[:KEY]",
    callback=read_kept,
    help="Keep the last N lines of each branch for those who come later, or come back; with KEY, "
    "the newest line of each value of this key, of at most N values.",
)
@click.option("--accepts", metavar="SIGNATURE", help="Of the arguments, such as 'string symbol'.")
@click.option("--returns", metavar="SIGNATURE", help="Of the data.")
@click.option("--description", metavar="TEXT", help="For people.")
@_checked
@joining
def publish(
    interop: InteropClient,
    name: str,
    channel: str | None,
    data: dict[str, Any] | None,
    field: str | None,
    wait: float,
    history: History,
    accepts: str | None,
    returns: str | None,
    description: str | None,
) -> int:
    """Publish a stream of the JSON objects on stdin, one a line, until its end; or on a channel.

    Lines are read no faster than the gateway takes them, and not during an outage. With --branch
    symbol, a subscriber with symbol=VOD gets the lines with {"symbol": "VOD"}, a subscriber without
    a symbol gets all of them, and a line without a symbol goes to everybody.

    With --history, subscribers of this library get what was kept first; to others it is an ordinary
    stream.

    A line that is not a JSON object, or lacks the KEY of --history, is left out and named on
    stderr; the command then ends with 1, as it does when nobody subscribed within --wait.

    With --channel, each line sets keys of the data of the channel; or write the one object in the
    place of NAME. It ends with 1 when there is no such channel.

    \b
    Examples:
      tail -f prices.jsonl | dash-interop publish Prices --branch symbol
      tail -f prices.jsonl | dash-interop publish Prices --history 1000:symbol
      echo '{"text": "Closing in ten minutes"}' | dash-interop publish News --wait 60
      dash-interop publish --channel Red '{"symbol": "VOD"}'
    """
    tell_outages(interop)
    if channel is not None:
        return publish_on(interop, channel, data)
    definition = MethodDefinition(
        name=name, accepts=accepts, returns=returns, description=description
    )
    subscribed = Event()
    stream = interop.create_stream(
        definition,
        subscription_request_handler=None if field is None else _accepting(field),
        subscription_added_handler=_setting(subscribed),
        history=history,
    )
    if wait and not subscribed.wait(wait):
        complain(f"nobody subscribed to {name} within {wait:g} s")
        return 1
    connection = Connection(interop)
    code = 0
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            data = decode_object(line)
            connection.wait()
            stream.push(data, None if field is None else _branches(data, field))
        except ValueError as error:
            if line.strip():
                complain(f"line {number} is left out: {error}")
                code = 1
    stream.flush()
    stream.close()
    return code


class Connection:
    """Waits while the connection is lost."""

    def __init__(self, interop: InteropClient) -> None:
        self._interop = interop
        self._changed = Event()
        interop.on_state_changed(_setting(self._changed))

    def wait(self) -> None:
        while self._interop.state != "connected":
            self._changed.wait()
            self._changed.clear()


def _setting(event: Event) -> Callable[[Any], None]:
    return lambda _: event.set()


def _accepting(field: str) -> Callable[[SubscriptionRequest], None]:
    def accept(request: SubscriptionRequest) -> None:
        request.accept_on_branch(_key(request.arguments, field))

    return accept


def _branches(data: dict[str, Any], field: str) -> list[str] | None:
    """
    The branches that get the data: that of its value, and that of the subscribers that want all.
    ``None``, which means everybody, where the data has no value.
    """
    key = _key(data, field)
    return [key, _ALL] if key != _ALL else None


_ALL = ""


def _key(values: dict[str, Any], field: str) -> str:
    # As JSON, which is never empty.
    return as_json_text(values[field]) if field in values else _ALL
