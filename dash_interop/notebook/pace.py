"""
How often a widget may send.

A Jupyter server counts what a kernel publishes, of all widgets and outputs together. Beyond 1,000
messages a second, over three seconds, it drops them without telling anybody but the output of a
cell. So what a widget sends faster than its share of that travels together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Pace"]

MESSAGES_PER_SECOND: Final = 300
BURST: Final = 50
"""How many may be sent at once after a pause."""


class Pace:
    """
    Args:
        resume: Called in a thread of its own as soon as a message that was not admitted may be
            sent; once for all that were not admitted meanwhile.
    """

    def __init__(self, resume: Callable[[], object]) -> None:
        self._resume = resume
        self._credit = float(BURST)
        self._counted = time.monotonic()
        self._waiting: threading.Timer | None = None
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Whether one more message may be sent now; else it is told when."""
        with self._lock:
            now = time.monotonic()
            earned = (now - self._counted) * MESSAGES_PER_SECOND
            self._credit = min(BURST, self._credit + earned)
            self._counted = now
            if self._waiting is not None:
                return False
            if self._credit >= 1:
                self._credit -= 1
                return True
            seconds = (1 - self._credit) / MESSAGES_PER_SECOND
            self._waiting = threading.Timer(seconds, self._end_waiting)
            self._waiting.daemon = True
            self._waiting.start()
            return False

    def _end_waiting(self) -> None:
        with self._lock:
            self._waiting = None
        self._resume()
