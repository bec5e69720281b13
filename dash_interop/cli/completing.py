"""What the shell completes: names of methods and streams, as the gateway knows them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from .connecting import Login

if TYPE_CHECKING:
    from ..wire.definitions import Method

__all__ = ["complete_any", "complete_methods", "complete_streams"]

PATIENCE = 1.0
"""Seconds that the shell may wait for the names."""

_SAFE = re.compile(r"[\w.:/@+][\w.:/@+-]*")
"""The shell puts a name into the command line as it is, and other peers have chosen it."""


def _completing(is_wanted: Callable[[Method], bool]) -> Callable[..., list[CompletionItem]]:
    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        names = {method.name for method in _ask(ctx.params) if is_wanted(method)}
        return [
            CompletionItem(name)
            for name in sorted(names)
            if _SAFE.fullmatch(name) and name.lower().startswith(typed.lower())
        ]

    return complete


complete_any = _completing(lambda _: True)
complete_methods = _completing(lambda method: not method.supports_streaming)
complete_streams = _completing(lambda method: method.supports_streaming)


def _ask(options: dict[str, Any]) -> list[Method]:
    """What is on offer; nothing, and no message, where that cannot be found out in time."""
    logging.disable()
    login = Login(
        url=options.get("url"),
        connect_timeout=PATIENCE,
        user=options.get("user"),
        secret_file=options.get("secret_file"),
        token=options.get("token"),
        login=options.get("login"),
        application="dash-interop",
    )
    found: list[Method] = []

    def ask() -> None:
        try:
            with login.connect() as interop:
                found.extend(interop.methods())
        except Exception:
            pass

    # Looking for the gateway of this machine may take longer.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return list(found)
