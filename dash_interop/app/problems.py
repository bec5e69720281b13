"""
What pages tell their Dash server when they cannot connect, or cannot offer a method: a line in its
log, where the people who run the app look first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from .routes import current_app, question_of, request_of, route

__all__ = ["PROBLEM_ROUTE", "LineAllowance", "printable"]

PROBLEM_ROUTE = "_dash-interop/problem"

LONGEST_TEXT = 500
LINES = 30
LINES_SECONDS = 60.0

logger = logging.getLogger(__name__)


class LineAllowance:
    """
    How many lines pages may still write: anybody who reaches the server can have one written.

    Args:
        lines: How many in each span of time.
        seconds: Length of the span.
        clock: The time in seconds, of any monotonic clock.
    """

    def __init__(
        self, lines: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lines = lines
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._taken = 0

    def take(self) -> int:
        """Take a line: how many were left, this one included; 0 when it may not be written."""
        with self._lock:
            now = self._clock()
            if now - self._began >= self._seconds:
                self._began, self._taken = now, 0
            self._taken = min(self._taken + 1, self._lines + 1)
            return self._lines + 1 - self._taken


def printable(text: Any) -> str:
    """The text as one line: nothing in it starts a line of its own, or controls a terminal."""
    short = str(text or "")[:LONGEST_TEXT]
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in short)


_allowance = LineAllowance(LINES, LINES_SECONDS)


@route(PROBLEM_ROUTE)
def problem() -> dict[str, Any]:
    """Take ``component`` and ``message`` down; the answer is empty."""
    request = request_of(current_app(PROBLEM_ROUTE))
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        # The browser says that the page is from another site.
        return {}
    left = _allowance.take()
    if left > 0:
        told = question_of(request)
        component = printable(told.get("component"))
        logger.warning("a page reports: %s: %s", component, printable(told.get("message")))
    if left == 1:
        logger.warning("no more reports of pages are logged for up to %.0f s", LINES_SECONDS)
    return {}
