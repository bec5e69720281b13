"""
How many secrets may be tried from one address: so many at once, and then one after the other.

Tokens do not count: they cannot be guessed, and the pages behind one proxy, which come from one
address, are not to wait for a stranger among them.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from .notices import network_of

__all__ = ["Guesses"]

AT_ONCE: Final = 10
"""Guesses of an address that cost no time."""

SECONDS: Final = 1.0
"""What each further one costs."""

LONGEST: Final = 15.0
"""Seconds of the longest wait; who has not logged in for so long has been disconnected."""

ADDRESSES: Final = 1000
"""How many addresses are told apart; all others count as one."""

_OTHERS: Final = "other addresses"


class Guesses:
    """
    Args:
        clock: Any monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._forgotten_at: dict[str, float] = {}
        """When all guesses of an address will be forgotten."""

    def wait(self, address: str) -> float:
        """Seconds that a guess has to wait before it is looked at; it counts from now on."""
        now = self._clock()
        if len(self._forgotten_at) >= ADDRESSES:
            self._forget(now)
        network = self._entry(address)
        left = max(0.0, self._forgotten_at.get(network, now) - now)
        most = (AT_ONCE - 1) * SECONDS + LONGEST
        self._forgotten_at[network] = now + min(left, most) + SECONDS
        return min(max(0.0, left - (AT_ONCE - 1) * SECONDS), LONGEST)

    def was_right(self, address: str) -> None:
        """The last guess from there was none: it does not count."""
        network = self._entry(address)
        if network in self._forgotten_at:
            self._forgotten_at[network] -= SECONDS

    def _entry(self, address: str) -> str:
        network = network_of(address)
        is_told_apart = network in self._forgotten_at or len(self._forgotten_at) < ADDRESSES
        return network if is_told_apart else _OTHERS

    def _forget(self, now: float) -> None:
        for network in [each for each, at in self._forgotten_at.items() if at <= now]:
            del self._forgotten_at[network]
