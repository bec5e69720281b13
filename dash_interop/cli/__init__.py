"""
The command line: ``dash-interop``, each of whose commands has a module here.

Exit codes are the same everywhere, and ``dash-interop --help`` has them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import cast

import click

from ..errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    InteropError,
    InvalidContext,
)
from .output import complain

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, and end the process. A failure is one line on stderr and an exit code."""
    try:
        code = commands.main(args=arguments, prog_name="dash-interop", standalone_mode=False)
    except click.ClickException as error:
        code = _failed(error.format_message(), 2)
    except (ConfigError, ConnectionFailed, AuthenticationFailed, InvalidContext) as error:
        code = _failed(error, 2)
    except InteropError as error:
        code = _failed(error, 1)
    except click.Abort:
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


_MODULES = {
    "channels": "channels",
    "context": "contexts",
    "contexts": "contexts",
    "demo": "demo",
    "gateway": "gateway",
    "invoke": "invoke",
    "methods": "discover",
    "offer": "offer",
    "peers": "peers",
    "publish": "publish",
    "servers": "discover",
    "status": "status",
    "subscribe": "subscribe",
    "watch": "watch",
}
"""Where each command is; the name there is the same."""


class _Commands(Mapping[str, click.Command]):
    """Each command is loaded when it is asked for: none waits for what only others need."""

    def __getitem__(self, name: str) -> click.Command:
        module = import_module(f".{_MODULES[name]}", __name__)
        return getattr(module, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


@click.group(
    # click only reads them.
    commands=cast("MutableMapping[str, click.Command]", _Commands()),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="dash_interop")
def commands() -> None:
    """Let Dash apps, web pages and Python processes work together.

    \b
    Exit codes:
      0    all went well
      1    it failed, such as an invocation at one server at least, or nobody
           offers what was asked for, or status found something wrong
      2    bad input, no gateway, or the gateway does not let us in
      130  Ctrl-C, but 0 where that is the usual end (gateway, demo, offer)
      141  nobody reads the output any more, as with "| head"
    """


def _failed(why: object, code: int) -> int:
    complain(str(why))
    return code
