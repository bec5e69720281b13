"""What all commands have in common that join as a peer: their options, the connection, its end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..client.sync import InteropClient, connect
from ..errors import ConfigError
from ..gateway.auth import TokenAuthority, read_secret
from ..gateway.embedded import EmbeddedGateway
from .output import complain, print_anything
from .parameters import SECONDS, read_text

__all__ = ["joining", "tell_outages"]

_BROKEN_PIPE = 141
"""As of a program that SIGPIPE ended."""

_OPTIONS = (
    # Where
    click.option(
        "--url",
        metavar="URL",
        envvar="DASH_INTEROP_GATEWAY",
        show_envvar=True,
        callback=read_text,
        help="Of the gateway, such as ws://host:8385.  [default: the one that this user's "
        "processes share on this machine]",
    ),
    click.option(
        "--connect-timeout",
        default=5.0,
        show_default=True,
        type=SECONDS,
        metavar="SECONDS",
        help="Longest wait for the connection.",
    ),
    # As whom
    click.option(
        "--user",
        metavar="NAME",
        callback=read_text,
        help="See and act as this user.  [default: a service, which sees the peers of all users]",
    ),
    click.option(
        "--secret-file",
        type=click.Path(path_type=Path),
        help="File with the secret of the gateway.  [default: DASH_INTEROP_SECRET_FILE, or else "
        "the secret that this user's processes share on this machine]",
    ),
    click.option(
        "--token",
        metavar="TOKEN",
        callback=read_text,
        help="Log in with a token that somebody else made.",
    ),
    click.option(
        "--login",
        callback=read_text,
        metavar="NAME",
        help="Log in by name only, at a gateway with --no-auth or a Glue42 gateway.",
    ),
    # How it is printed
    click.option("--json", "as_json", is_flag=True, help="Print JSON, with all there is to know."),
)


def joining(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """
    Add the options, and call ``function(interop, as_json=..., ...)`` with a client that is
    connected; it leaves when that returns.
    """

    @wraps(function)
    def join(
        url: str | None,
        connect_timeout: float,
        user: str | None,
        secret_file: Path | None,
        token: str | None,
        login: str | None,
        **rest: Any,
    ) -> int | None:
        _log_in_one_line()
        print_anything()
        try:
            with connect(
                url or _shared(secret_file),
                application="dash-interop",
                user=user,
                token=token,
                secret_file=secret_file,
                login=login,
                timeout=connect_timeout,
            ) as interop:
                return function(interop, **rest)
        except BrokenPipeError:
            return _BROKEN_PIPE

    for option in reversed(_OPTIONS):
        join = option(join)
    return join


def tell_outages(interop: InteropClient) -> None:
    """Say on stderr when the connection is lost, and when it is back."""
    is_lost = False

    def tell(state: str) -> None:
        nonlocal is_lost
        reason = interop.connection_error
        if state == "connected" and is_lost:
            is_lost = False
            complain("the connection is back")
        elif state == "disconnected" and reason is not None and not is_lost:
            # Without a reason it is we who leave.
            is_lost = True
            complain(f"the connection is lost, trying to get it back: {reason}")

    interop.on_state_changed(tell)


def _shared(secret_file: Path | None) -> str:
    """The gateway of this machine. Unlike an app, a command does not host it if nobody does."""
    file = secret_file or os.environ.get("DASH_INTEROP_SECRET_FILE")
    authority = TokenAuthority(read_secret(file)) if file else None
    url = EmbeddedGateway(authority=authority).find()
    if url is None:
        raise ConfigError(
            "no gateway of yours runs on this machine: start one with `dash-interop gateway`, or "
            "name one with --url"
        )
    return url


class _OneLine(logging.Handler):
    """What the client has to say, without the traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


def _log_in_one_line() -> None:
    logging.getLogger("dash_interop").addHandler(_OneLine(logging.ERROR))
    # Or else Python writes to stderr what nobody handles.
    logging.getLogger().addHandler(logging.NullHandler())
