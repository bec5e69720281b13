"""What asks the demo to end."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

__all__ = ["Ending"]


class Ending:
    """
    Whether Ctrl-C or SIGTERM has come, from ``__enter__`` to ``__exit__``.

    An exception could be raised where Python ignores it, such as in a ``__del__``; the demo would
    then run on. So the signal leaves a mark, and the demo looks at it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Ending:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
