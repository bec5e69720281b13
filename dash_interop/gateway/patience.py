"""How long somebody is waited for: by the time for which the one who waits was running itself."""

from __future__ import annotations

from time import monotonic

__all__ = ["RunningClock"]

LONGEST_STEP = 0.1
"""Seconds that pass at most between two looks; who looks later was held up for the rest."""


class RunningClock:
    """
    Counts the seconds since it was made for which this process was running, as far as it looks at
    the clock every few milliseconds: a process that was stopped, or got no processor, does not take
    others for hung because of that.
    """

    def __init__(self) -> None:
        self._looked = monotonic()
        self._seconds = 0.0

    def seconds(self) -> float:
        now = monotonic()
        self._seconds += min(now - self._looked, LONGEST_STEP)
        self._looked = now
        return self._seconds
