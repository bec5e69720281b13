"""
What the log says of those who connect: a bounded number of lines for each address in a minute.

Anybody who reaches the port can make the gateway refuse something, as often as they like; that must
not fill the disk that the log is on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Final

__all__ = ["Notices", "network_of"]

LINES: Final = 10
"""Lines for each address in ``SECONDS``."""

ADDRESSES: Final = 100
"""How many addresses have lines of their own in ``SECONDS``; all others share those of one."""

SECONDS: Final = 60.0

_LONGEST: Final = 300
_OTHERS: Final = "other addresses"

logger = logging.getLogger(__name__)


class Notices:
    """
    Args:
        clock: Any monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._told: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def tell(
        self,
        address: str,
        what: str,
        level: int = logging.WARNING,
        error: BaseException | None = None,
    ) -> None:
        """
        Write a line, unless that address has had its share.

        Args:
            address: Whom it is about, as the socket says; empty where it does not.
            what: What happened, in words; some of them may be those of a stranger.
            level: A level of ``logging``.
            error: An error whose traceback follows.
        """
        if not logger.isEnabledFor(level):
            return
        if self._clock() - self._began >= SECONDS:
            self.close()
        network = network_of(address)
        if network not in self._told and len(self._told) >= ADDRESSES:
            network = _OTHERS
        if self._told[network] >= LINES:
            self._left_out[network] += 1
            return
        self._told[network] += 1
        who = address or "unknown address"
        logger.log(level, "%s: %s", who, _harmless(what), exc_info=error)

    def close(self) -> None:
        """Say how much was left out, and begin anew."""
        if self._left_out:
            busiest, count = self._left_out.most_common(1)[0]
            logger.warning(
                "left out %d lines about %d addresses, %d of them about %s",
                sum(self._left_out.values()),
                len(self._left_out),
                count,
                busiest,
            )
        self._told.clear()
        self._left_out.clear()
        self._began = self._clock()


def network_of(address: str) -> str:
    """The address; for IPv6 its network, as whoever owns that has 2**64 addresses."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address or "unknown address"
    if isinstance(parsed, IPv6Address) and not parsed.is_loopback:
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


def _harmless(text: str) -> str:
    """The text as one line that is not too long, and without characters that control terminals."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}..."
