"""How much of a gateway one connection and one user get: in a turn of the loop, and in a second."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

__all__ = ["Bucket", "Pace", "Rate", "Rates", "Sender"]

SHARE: Final = 4096
"""What is handled of one connection before others have their turn, where one is a reader to whom
something is sent."""

FRAME_COST: Final = 16
"""What a frame takes beside what it has others be sent."""

LONGEST_PAUSE: Final = 1.0
"""Seconds for which a sender is slowed at a time, so that the end of its connection is noticed."""


class Rate(Struct, frozen=True):
    """
    Attributes:
        frames: Frames in a second.
        size: Bytes in a second.
    """

    frames: float
    size: float


class Rates(Struct, frozen=True):
    """
    Attributes:
        connection: Of each connection.
        user: Of each user's connections together.
        patience: Seconds for which a sender may be slowed at a stretch; then it is disconnected.
    """

    connection: Rate
    user: Rate
    patience: float


class Bucket:
    """
    A token bucket that may go into debt: what has come is handled, and paid for afterwards.

    Args:
        rate: Tokens in a second; as many are there at first, and never more.
        now: Time, in seconds of any monotonic clock.
    """

    __slots__ = ("_rate", "_time", "_tokens")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = self._tokens = rate
        self._time = now

    def take(self, tokens: float, now: float) -> float:
        """Take tokens; returns the seconds until what is missing has come in."""
        refilled = self._tokens + (now - self._time) * self._rate
        self._tokens = min(refilled, self._rate) - tokens
        self._time = now
        return max(0.0, -self._tokens / self._rate)


class Pace:
    """What one connection or one user sends, against its rate."""

    __slots__ = ("__weakref__", "_frames", "_size")

    def __init__(self, rate: Rate, now: float) -> None:
        self._frames = Bucket(rate.frames, now)
        self._size = Bucket(rate.size, now)

    def ahead(self, frames: int, size: int, now: float) -> float:
        """Seconds by which whoever has sent this, too, is ahead."""
        return max(self._frames.take(frames, now), self._size.take(size, now))


class Sender:
    """
    What comes over one connection: how much of it is handled in a turn of the loop, and how it is
    slowed when it comes too fast.

    Args:
        rates: How fast it may come.
        user: The pace of the user, which its other connections share.
        now: Time, in seconds of any monotonic clock.
    """

    __slots__ = ("_frames", "_left", "_pace", "_patience", "_size", "_slowed", "_user")

    def __init__(self, rates: Rates, user: Pace, now: float) -> None:
        self._pace = Pace(rates.connection, now)
        self._user = user
        self._patience = rates.patience
        self._slowed = 0.0
        """Seconds for which it was slowed since it was last in time."""
        self._left = SHARE
        self._frames = self._size = 0
        """Of this turn."""

    @property
    def is_out_of_patience(self) -> bool:
        """Whether it was slowed for longer than it may be."""
        return self._slowed > self._patience

    def handled(self, size: int, sent: int) -> bool:
        """
        Count a frame; whether the turn is over.

        Args:
            size: Its bytes.
            sent: How many readers were sent something because of it.
        """
        self._frames += 1
        self._size += size
        self._left -= FRAME_COST + sent
        return self._left <= 0

    def rest(self, now: float) -> tuple[float, bool]:
        """
        End the turn.

        Returns:
            Seconds to pause before the next, 0 where others only have theirs; and whether it was in
            time up to now.
        """
        frames, size = self._frames, self._size
        self._left, self._frames, self._size = SHARE, 0, 0
        ahead = max(self._pace.ahead(frames, size, now), self._user.ahead(frames, size, now))
        if not ahead:
            self._slowed = 0.0
            return 0.0, False
        is_first = not self._slowed
        pause = min(ahead, LONGEST_PAUSE)
        self._slowed += pause
        return pause, is_first
