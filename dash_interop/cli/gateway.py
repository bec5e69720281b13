"""``dash-interop gateway``."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from .. import settings
from ..gateway.config import GatewayConfig
from ..gateway.origins import LOOPBACK, OriginPolicy, is_loopback_host

if TYPE_CHECKING:
    from ..gateway.server import Gateway

__all__ = ["gateway"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=settings.DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 picks a free one.",
)
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help="File with the secret that Dash apps sign their tokens with.  [default: the secret "
    "that this user's processes share on this machine]",
)
@click.option(
    "--no-auth",
    is_flag=True,
    help="For development, on this machine only: believe any login, and let its own pages connect.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin connect, such as https://app.example.com; loopback for all that "
    "this machine serves to itself. Repeatable. Without it, no page may connect.",
)
@click.option(
    "--max-size",
    default=GatewayConfig().max_size,
    show_default=True,
    type=click.IntRange(1024),
    help="Longest frame, in bytes.",
)
@click.option(
    "--max-connections",
    default=GatewayConfig().max_connections,
    show_default=True,
    type=click.IntRange(1),
    help="Connections over which somebody is logged in. A tenth is for the servers of apps alone.",
)
@click.option(
    "--connections-per-user",
    default=GatewayConfig().limits.connections_per_user,
    show_default=True,
    type=click.IntRange(1),
    help="How many of them one user may have.",
)
@click.option(
    "--outboxes-size",
    default=GatewayConfig().outboxes_size,
    show_default=True,
    type=click.IntRange(1024),
    help="Bytes that may wait for all who read slowly. When more does, those furthest behind are "
    "disconnected.",
)
@click.option(
    "--rate",
    metavar="FRAMES",
    default=GatewayConfig().frame_rate,
    show_default=True,
    type=click.FloatRange(1),
    help="Frames in a second of each connection. Who sends faster is read more slowly, and "
    "disconnected when that goes on.",
)
@click.option(
    "--rate-per-user",
    metavar="FRAMES",
    default=GatewayConfig().user_frame_rate,
    show_default=True,
    type=click.FloatRange(1),
    help="The same of all connections of a user.",
)
@click.option(
    "--drain",
    metavar="SECONDS",
    default=GatewayConfig().drain,
    show_default=True,
    type=click.FloatRange(0),
    help="How long calls under way may take to end when the gateway is stopped. Connections are "
    "closed then, and clients come back to its successor. A second signal ends it at once.",
)
@click.option(
    "--max-session",
    metavar="SECONDS",
    default=float("inf"),
    type=click.FloatRange(1),
    help="How long a page stays logged in before its Dash server is asked again who it is.  "
    "[default: as long as it is connected]",
)
@click.option(
    "--channels",
    metavar="CHANNELS",
    help="The channels that every user has: names with colours, such as Red=#d32f2f,Sales=navy, "
    "a JSON file, or none.  [env: DASH_INTEROP_CHANNELS; default: Red, Orange, Yellow, Green, "
    "Cyan, Blue, Purple, Pink]",
)
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(("debug", "info", "warning", "error"), case_sensitive=False),
    help="What is in the log on stderr. warning: which peers were refused or disconnected, and "
    "why; info: which log in and leave, too.",
)
def gateway(
    host: str,
    port: int,
    secret_file: Path | None,
    no_auth: bool,
    origins: tuple[str, ...],
    max_size: int,
    max_connections: int,
    connections_per_user: int,
    outboxes_size: int,
    rate: float,
    rate_per_user: float,
    drain: float,
    max_session: float,
    channels: str | None,
    log_level: str,
) -> None:
    """Run a gateway for Dash apps, web pages and other Glue42 / io.Connect clients.

    \b
    Examples:
      dash-interop gateway --no-auth
      dash-interop gateway --host 0.0.0.0 --secret-file /etc/interop/secret \\
          --allow-origin https://apps.example.com
    """
    if no_auth:
        _check_open_door(host, secret_file, origins)
    # Loaded here: help, and a refusal of what was typed, need not wait for it.
    from ..gateway.auth import OpenDoor, TokenAuthority, read_secret, runtime_secret
    from ..gateway.channels import read_channels
    from ..gateway.descriptors import make_room
    from ..gateway.server import Gateway
    from ..transport.loop import new_event_loop

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=log_level.upper())
    outbox_size = max(GatewayConfig().outbox_size, 2 * max_size)
    config = GatewayConfig(
        host=host,
        port=port,
        max_connections=max_connections,
        outboxes_size=max(outboxes_size, outbox_size),
        frame_rate=rate,
        user_frame_rate=rate_per_user,
        limits=structs.replace(
            GatewayConfig().limits,
            connections=max_connections - max_connections // 10,
            connections_per_user=connections_per_user,
            session_seconds=max_session,
        ),
        max_size=max_size,
        outbox_size=outbox_size,
        drain=drain,
        channels=read_channels(settings.channels(channels)),
    )
    policy = OriginPolicy([LOOPBACK] if no_auth else origins)
    secret = read_secret(secret_file) if secret_file else runtime_secret()
    make_room(config.max_connections + config.max_waiting)
    authority = OpenDoor(secret) if no_auth else TokenAuthority(secret)
    loop = new_event_loop()
    try:
        loop.run_until_complete(_run(Gateway(config, authority, policy), secret))
    finally:
        loop.close()


def _check_open_door(host: str, secret_file: Path | None, origins: tuple[str, ...]) -> None:
    if secret_file is not None or origins:
        raise click.UsageError("--no-auth does not go with --secret-file or --allow-origin")
    if not is_loopback_host(host):
        raise click.UsageError(
            f"--no-auth does not go with --host {host}: whoever believes anybody listens on this "
            "machine only, at 127.0.0.1, ::1 or localhost"
        )
    click.echo(
        "warning: --no-auth is for development: any program of this machine, and any page that "
        "it serves, can log in as anybody",
        err=True,
    )


async def _run(gateway: Gateway, secret: str) -> None:
    signals: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, signals.put_nowait, None)
        except NotImplementedError:  # Windows: Ctrl-C only
            signal.signal(
                number, lambda _number, _frame: loop.call_soon_threadsafe(signals.put_nowait, None)
            )
    async with gateway:
        _announce(gateway, secret)
        click.echo(f"gateway listening on {gateway.url}")
        await signals.get()
        draining = asyncio.ensure_future(gateway.drain())
        again = asyncio.ensure_future(signals.get())
        await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            gateway.abort()
        again.cancel()
        await draining


def _announce(gateway: Gateway, secret: str) -> None:
    """Let the processes of this user find it, where they look for one with its port and secret."""
    from ..gateway.auth import runtime_directory
    from ..gateway.hosting import announce
    from ..gateway.place import Place

    try:
        place = Place(runtime_directory(), gateway.port, secret)
        # One that is at another address of this machine cannot be found, and has no place to take.
        if gateway.is_local and place.take(is_kept=True):
            announce(place, gateway)
    except OSError as error:
        logging.getLogger(__name__).info("processes of this user have to name it: %s", error)
