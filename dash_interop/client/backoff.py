"""How long to wait before the next attempt to connect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import random

__all__ = ["delays"]

FIRST_DELAY = 0.1
LONGEST_DELAY = 1.5
"""Short enough that everything is there again soon after the gateway is."""


def delays(randomness: Callable[[], float] = random) -> Iterator[float]:
    """Seconds, for ever: twice as long each time, spread so that peers do not come back at once."""
    delay = FIRST_DELAY
    while True:
        yield delay * (0.5 + randomness() / 2)
        delay = min(2 * delay, LONGEST_DELAY)
