"""What the shell completes: names of what there is, as the gateway knows them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from threading import Thread
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from .connecting import Login

if TYPE_CHECKING:
    from ..client.sync import InteropClient
    from ..wire.definitions import Method

__all__ = [
    "complete_any",
    "complete_channels",
    "complete_contexts",
    "complete_methods",
    "complete_streams",
]

PATIENCE = 1.0
"""Seconds that the shell may wait for the names."""

_SAFE = re.compile(r"[\w.:/@+][\w.:/@+-]*")
"""The shell puts a name into the command line as it is, and other peers have chosen it."""


def _completing(look: Callable[[InteropClient], Iterable[str]]) -> Callable[..., Any]:
    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        return [
            CompletionItem(name)
            for name in sorted(set(_ask(ctx.params, look)))
            if _SAFE.fullmatch(name) and name.lower().startswith(typed.lower())
        ]

    return complete


def _offered(is_wanted: Callable[[Method], bool]) -> Callable[[InteropClient], Iterable[str]]:
    return lambda interop: [each.name for each in interop.methods() if is_wanted(each)]


complete_any = _completing(_offered(lambda _: True))
complete_methods = _completing(_offered(lambda method: not method.supports_streaming))
complete_streams = _completing(_offered(lambda method: method.supports_streaming))
complete_contexts = _completing(lambda interop: interop.contexts.all())
complete_channels = _completing(lambda interop: interop.channels.all())


def _ask(options: dict[str, Any], look: Callable[[InteropClient], Iterable[str]]) -> list[str]:
    """What there is; nothing, and no message, where that cannot be found out in time."""
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
    found: list[str] = []

    def ask() -> None:
        try:
            with login.connect() as interop:
                found.extend(look(interop))
        except Exception:
            pass

    # Looking for the gateway of this machine may take longer.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return list(found)
