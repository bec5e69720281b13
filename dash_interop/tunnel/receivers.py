"""
Who gets what arrives at one end. What nobody is there for waits until somebody is: a message for a
listener, a request for a handler or a listener.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from .frames import Incoming, Request
from .outbox import MOST_WAITING

__all__ = ["Delivery", "Receivers"]


class Delivery(Struct, frozen=True):
    """
    What receivers are to be called with.

    Attributes:
        listeners: Who gets it, as they were given; each may answer it.
        handler: Who has to answer it, alone; ``None`` where there are listeners.
    """

    frame: Incoming
    listeners: tuple[Any, ...] = ()
    handler: Any = None


class Receivers:
    """
    Receivers may be anything; whoever carries a delivery out knows how to call them.

    Attributes:
        main: The listener that others replace.
        handler: Who answers requests.
    """

    def __init__(self) -> None:
        self.main: Any = None
        self.handler: Any = None
        self._others: dict[int, Any] = {}
        self._count = 0
        self._waiting: list[Incoming] = []

    def listen(self, listener: Any) -> int:
        """A number by which it can be taken away."""
        # The same function may listen twice.
        self._count += 1
        self._others[self._count] = listener
        return self._count

    def stop(self, number: int) -> None:
        self._others.pop(number, None)

    def keep(self, frame: Incoming) -> bool:
        """Returns whether there was room for it."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(frame)
        return True

    def withdraw(self, request_id: str) -> None:
        """A request that nobody waits for any more goes to nobody."""
        self._waiting = [
            frame
            for frame in self._waiting
            if not (isinstance(frame, Request) and frame.request_id == request_id)
        ]

    @property
    def is_due(self) -> bool:
        """Whether something has waited, and has somebody to go to now."""
        if self.main is not None or self._others:
            return bool(self._waiting)
        return self.handler is not None and any(isinstance(one, Request) for one in self._waiting)

    def take(self) -> list[Delivery]:
        """What has waited, and has somebody to go to now."""
        if not self.is_due:
            return []
        listeners = tuple(
            listener for listener in (self.main, *self._others.values()) if listener is not None
        )
        taken: list[Delivery] = []
        kept: list[Incoming] = []
        for frame in self._waiting:
            if isinstance(frame, Request) and self.handler is not None:
                taken.append(Delivery(frame, handler=self.handler))
            elif listeners:
                taken.append(Delivery(frame, listeners))
            else:
                kept.append(frame)
        self._waiting = kept
        return taken

    def clear(self) -> None:
        self.main = self.handler = None
        self._others.clear()
        self._waiting.clear()
