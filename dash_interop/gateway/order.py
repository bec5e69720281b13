"""What a process that starts the shared gateway says to it, and what it hears back."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["FAILED", "PORTS_TAKEN", "RUNS", "Order"]

RUNS: Final = 0
FAILED: Final = 1
PORTS_TAKEN: Final = 3
"""Exit codes of the process that was started: a gateway runs, this one or another; or why none."""


class Order(NamedTuple):
    """
    All that the gateway takes over, as JSON on stdin: it has neither the environment nor the
    working directory of the process that starts it.

    Attributes:
        directory: The runtime directory.
        first_port: The first of the ports to listen on.
        ports: How many there are.
        secret: What it checks logins with.
        channels: Those of each user, as JSON has them.
        first_seconds: How long the first connection may take to come.
        idle_seconds: How long it goes on after the last connection.
    """

    directory: str
    first_port: int
    ports: int
    secret: str
    channels: Any
    first_seconds: float = 30.0
    idle_seconds: float = 10.0
