"""The options of what goes to servers: which of them, and how long to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .parameters import PATIENCE, SECONDS, read_server_target

__all__ = ["addressing"]


def addressing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--target``, ``--wait`` and ``--timeout``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option(
        "--target",
        metavar="TARGET",
        default="best",
        show_default=True,
        callback=read_server_target,
        help="best (the one that registered first), all, skipMine, part of an instance as JSON "
        'such as \'{"application": "Trades"}\', or a list of these.',
    ),
    click.option(
        "--wait",
        metavar="SECONDS",
        default=0.0,
        show_default=True,
        type=PATIENCE,
        help="Longest wait for somebody to offer it; 0 does not wait.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=30.0,
        show_default=True,
        type=SECONDS,
        help="Longest wait for the answer.",
    ),
)
