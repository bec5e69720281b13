"""A loop that waits for nothing: when all is done, its clock jumps to the next timer."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_jumping"]

T = TypeVar("T")

PATIENCE = 10.0
"""Real seconds after which a loop that has no timer left, and hears nothing, is given up."""

MOST_TURNS = 20_000
"""Turns of a loop at one moment."""


class _Selector(selectors.DefaultSelector):
    """Has no patience for timers."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else PATIENCE)
        if timeout is None:
            assert ready, "nothing will ever happen on this loop again"
        elif not ready and timeout > 0:
            self.now += timeout
            self._turns = 0
        self._turns += 1
        assert self._turns < MOST_TURNS, "the loop is busy for ever"
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run_jumping(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run a coroutine that waits for nothing outside of this process, and for no thread; it has to
    leave no task behind, and no error that nobody was told of.
    """
    loop = _Loop()
    problems: list[Any] = []
    loop.set_exception_handler(lambda _, context: problems.append(context))
    try:
        result = loop.run_until_complete(coroutine)
        left = asyncio.all_tasks(loop)
        if left:
            # Those that were cancelled get the time to hear of it.
            _, left = loop.run_until_complete(asyncio.wait(left, timeout=1))
        assert not left, "tasks are left behind"
        assert problems == []
        return result
    finally:
        loop.close()
