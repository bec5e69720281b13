"""What a handler in a thread asks whether anybody still waits for its answer."""

from __future__ import annotations

import asyncio
from time import monotonic

from ..peer.queue import Invocation
from ..transport.threads import LOOK_SECONDS, Outcome, new_lock
from ..wire.agm import CancelReason
from .requests import check_time_limit

__all__ = ["Cancelled"]


class Cancelled:
    """
    Set when nobody waits for the answer of an invocation any longer: its caller has cancelled it,
    does not wait any longer or has left, its time is up, or this client is closed. It is asked as a
    ``threading.Event`` is, from any thread.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._lock = new_lock()
        self._told: Outcome[None] | None = None

    @property
    def reason(self) -> CancelReason | None:
        """
        ``"cancelled"``, ``"timeout"``, or ``"left"`` when the caller or this client has left;
        ``None`` while it is not set.
        """
        return self._invocation.stopped

    def is_set(self) -> bool:
        """Whether nobody waits for the answer any longer."""
        return self._invocation.stopped is not None

    def wait(self, timeout: float | None = None) -> bool:
        """
        Wait until it is set.

        Args:
            timeout: Longest wait, in seconds; ``None``: as long as it takes.

        Returns:
            Whether it is set.

        Raises:
            ValueError: ``timeout`` is not a usable number of seconds.
            RuntimeError: Called on an event loop, which would stand still: an ``async def`` handler
                is cancelled by itself.
        """
        check_time_limit(timeout)
        if _is_on_a_loop():
            raise RuntimeError(
                "wait would hold up the event loop: an async handler is cancelled by itself"
            )
        end = None if timeout is None else monotonic() + timeout
        with self._lock:
            told = self._told = self._told or Outcome()
        # It may have been set before there was anything to tell.
        while not self.is_set():
            remaining = LOOK_SECONDS if end is None else min(end - monotonic(), LOOK_SECONDS)
            if remaining <= 0:
                break
            told.wait(remaining)
        return self.is_set()

    def tell(self) -> None:
        """It is set now: wake those who wait."""
        with self._lock:
            told = self._told
        if told is not None:
            told.succeed(None)


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
