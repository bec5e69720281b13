"""Timers of a brain that knows no clock: what is due, and when the next one is."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Final, TypeAlias

__all__ = ["Deadlines", "Timer", "time_problem"]

Action: TypeAlias = Callable[[float], None]
"""What a timer does, given the time."""

_NUMBERS: Final = (int, float)

_STALE: Final = 64
"""More cancelled timers than this, and than live ones, are cleared away."""


class Timer:
    """One action to come. Cancelling it twice, or after it fired, does no harm."""

    __slots__ = ("_deadlines", "action", "order", "when")

    def __init__(self, deadlines: Deadlines, when: float, order: int, action: Action) -> None:
        self._deadlines = deadlines
        self.when = when
        self.order = order
        self.action: Action | None = action

    def __lt__(self, other: Timer) -> bool:
        return (self.when, self.order) < (other.when, other.order)

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._deadlines.count_stale()


class Deadlines:
    """Timers by time; those of one time fire in the order in which they were made."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._made = 0
        self._stale = 0

    def __len__(self) -> int:
        return len(self._heap) - self._stale

    def at(self, when: float, action: Action) -> Timer:
        self._made += 1
        timer = Timer(self, when, self._made, action)
        heappush(self._heap, timer)
        return timer

    def next(self) -> float | None:
        """When ``fire`` has something to do; ``None`` when nothing is waited for."""
        while self._heap and self._heap[0].action is None:
            heappop(self._heap)
            self._stale -= 1
        return self._heap[0].when if self._heap else None

    def fire(self, now: float) -> None:
        """Run what is due."""
        while (when := self.next()) is not None and when <= now:
            timer = heappop(self._heap)
            action, timer.action = timer.action, None
            assert action is not None
            action(now)

    def count_stale(self) -> None:
        """Called by a timer that was cancelled."""
        self._stale += 1
        if self._stale > _STALE and self._stale * 2 > len(self._heap):
            self._heap = [timer for timer in self._heap if timer.action is not None]
            heapify(self._heap)
            self._stale = 0


def time_problem(
    name: str, value: Any, *, unit: str = "seconds", or_zero: bool = False
) -> str | None:
    """
    What is wrong with a time that somebody gave, in words; ``None`` when it can be used.

    Args:
        name: What it is called.
        value: What was given.
        unit: What it counts.
        or_zero: Whether it may be 0.
    """
    # Written for the usual case, as every invocation asks it.
    is_number = value.__class__ in _NUMBERS or isinstance(value, _NUMBERS)
    if is_number and value.__class__ is not bool and (0 < value < inf or (or_zero and value == 0)):
        return None
    if or_zero:
        return f"{name} has to be a number of {unit}, 0 or more, not {value!r}"
    return f"{name} has to be a positive number of {unit}, not {value!r}"
