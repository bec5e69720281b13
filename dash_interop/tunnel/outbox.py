"""What waits until the other end takes it: first in, first out, and no more than a bound."""

from __future__ import annotations

from itertools import islice
from typing import Final

from ..errors import Overloaded
from .frames import Frame, Request

__all__ = ["MOST_WAITING", "Outbox"]

MOST_WAITING: Final = 10_000
"""The most messages and requests that wait for the other end, or for somebody who listens."""


class Outbox:
    def __init__(self) -> None:
        # In their order. A frame is known by its number, so that one from the middle can be taken
        # back.
        self._frames: dict[int, Frame] = {}
        self._requests: dict[str, int] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._frames)

    def check_room(self) -> None:
        """
        Raises:
            Overloaded: Too many wait already.
        """
        if len(self._frames) >= MOST_WAITING:
            raise Overloaded(f"Overloaded: {MOST_WAITING} messages wait for the other side already")

    def add(self, frame: Frame) -> None:
        self._count += 1
        self._frames[self._count] = frame
        if isinstance(frame, Request):
            self._requests[frame.request_id] = self._count

    def take(self, most: int) -> list[Frame]:
        """Those that have waited longest."""
        frames = [self._frames.pop(number) for number in list(islice(self._frames, most))]
        for frame in frames:
            if isinstance(frame, Request):
                del self._requests[frame.request_id]
        return frames

    def holds(self, request_id: str) -> bool:
        return request_id in self._requests

    def withdraw(self, request_id: str) -> bool:
        """Take a request back; returns whether it still waited."""
        number = self._requests.pop(request_id, None)
        if number is not None:
            del self._frames[number]
        return number is not None

    def clear(self) -> None:
        self._frames.clear()
        self._requests.clear()
