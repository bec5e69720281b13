"""Whether the other end of a connection is still there."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["Action", "Keepalive"]

LATE = 1.0
"""Seconds by which a look may be late. One that is later says nothing: this process did not run, or
the machine slept, and what has come meanwhile is not read yet."""


class Action(Enum):
    """What a look at a connection leads to."""

    WAIT = auto()
    PING = auto()
    GIVE_UP = auto()


class Keepalive:
    """
    Any byte from the other end is a sign of life, and so is each byte that goes while others wait:
    then the buffers between the two ends are full, and only the other end can make room in them. A
    pong that waits behind data does not matter as long as the data move.

    Args:
        interval: Seconds without a sign after which the other end is asked for one.
        timeout: Seconds after which it is given up when none has come.
        now: Time, in seconds of any monotonic clock.

    Attributes:
        last_sign: When there was a sign of life; the owner sets it.
        due: When to look again.
    """

    __slots__ = ("_asked", "_interval", "_left", "_timeout", "_was_behind", "due", "last_sign")

    def __init__(self, interval: float, timeout: float, now: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._asked: float | None = None
        """When the other end was asked, unless a sign has come since."""
        self._left = 0
        self._was_behind = False
        self.last_sign = now
        self.due = now + interval

    def look(self, now: float, left: int, backlog: int) -> Action:
        """
        See what there is to do.

        Args:
            now: Time, not before ``due``.
            left: Bytes that have reached the other end ever since.
            backlog: Bytes that wait to be sent or on their way.
        """
        if self._was_behind and left > self._left:
            self.last_sign = now
        self._left, self._was_behind = left, backlog > 0
        is_late = now > self.due + LATE
        if self._asked is not None and self.last_sign >= self._asked:
            self._asked = None
        if now < self.last_sign + self._interval:
            self.due = self.last_sign + self._interval
            return Action.WAIT
        if self._asked is not None and not is_late:
            return Action.GIVE_UP
        self._asked = now
        self.due = now + self._timeout
        return Action.PING
