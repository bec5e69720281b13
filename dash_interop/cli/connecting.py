"""What the commands that join as a peer have in common: options, the connection and its end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import settings
from ..errors import ConfigError
from .output import complain, print_anything
from .parameters import SECONDS, read_text

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..gateway.embedded import EmbeddedGateway

__all__ = ["Login", "joining", "login_options", "printing", "tell_outages"]

_BROKEN_PIPE = 141
"""Exit code, as of a program that SIGPIPE has ended."""

_OPTIONS = (
    # Where
    click.option(
        "--url",
        metavar="URL",
        envvar=settings.GATEWAY,
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
        help=f"File with the secret of the gateway.  [default: {settings.SECRET_FILE}, or else "
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
    click.option(
        "--application",
        metavar="NAME",
        default="dash-interop",
        show_default=True,
        callback=read_text,
        help="Be seen under this name.",
    ),
)

printing = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, with all there is to know."
)
"""For commands that print what they find."""


@dataclass(frozen=True)
class Login:
    """Where to connect and as whom, as the options say."""

    url: str | None
    connect_timeout: float
    user: str | None
    secret_file: Path | None
    token: str | None
    login: str | None
    application: str

    def find(self) -> str:
        """
        The gateway's URL. A command does not start the one of this machine, unlike an app.

        Raises:
            ConfigError: No gateway is named, and the gateway of this machine does not run.
        """
        url = self.url or self.shared().find()
        if url is None:
            raise ConfigError(
                "no gateway of yours runs on this machine: open a page of a Dash app, start one "
                "with `dash-interop gateway`, or name one with --url"
            )
        return url

    def shared(self) -> EmbeddedGateway:
        """Finds the gateway of this machine."""
        # Loaded here: with a gateway that is named there is nothing to find.
        from ..gateway.auth import read_secret
        from ..gateway.embedded import EmbeddedGateway

        file = settings.secret_file(self.secret_file)
        return EmbeddedGateway(secret=read_secret(file) if file else None)

    def connect(self) -> InteropClient:
        # Loaded here: help, and a refusal of what was typed, need not wait for it.
        from ..client.sync import connect

        return connect(
            self.find(),
            application=self.application,
            user=self.user,
            token=self.token,
            secret_file=self.secret_file,
            login=self.login,
            timeout=self.connect_timeout,
        )


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, and call ``function(login, ...)``."""

    @wraps(function)
    def call(
        url: str | None,
        connect_timeout: float,
        user: str | None,
        secret_file: Path | None,
        token: str | None,
        login: str | None,
        application: str,
        **rest: Any,
    ) -> Any:
        door = Login(url, connect_timeout, user, secret_file, token, login, application)
        return function(door, **rest)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def joining(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """
    Add the options, and call ``function(interop, ...)`` with a client that is connected; it leaves
    when that returns.
    """

    @login_options
    @wraps(function)
    def join(login: Login, **rest: Any) -> int | None:
        _log_in_one_line()
        print_anything()
        try:
            with login.connect() as interop:
                return function(interop, **rest)
        except BrokenPipeError:
            return _BROKEN_PIPE

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
            # Without a reason, it is this process that leaves.
            is_lost = True
            complain(f"the connection is lost, trying to get it back: {reason}")

    interop.on_state_changed(tell)


class _OneLine(logging.Handler):
    """Shows what the client logs in one line, without the traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[1]
        reason = f": {type(error).__name__}: {error}" if error else ""
        complain(record.getMessage() + reason)


def _log_in_one_line() -> None:
    logging.getLogger("dash_interop").addHandler(_OneLine(logging.ERROR))
    # Python would write to stderr what no handler takes.
    logging.getLogger().addHandler(logging.NullHandler())
