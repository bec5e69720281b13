"""What carries text frames between two ends. Its implementations know nothing of what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from .broadcast import Outgoing

__all__ = ["Connection"]


class Connection(Protocol):
    """
    One end of a connection, which keeps the order of its frames.

    All of it is called on the loop that the connection belongs to.
    """

    def frames(self) -> AsyncIterator[str]:
        """
        Text frames until the connection ends, whoever ends it.

        Raises:
            ProtocolError: The other end sent a binary frame, or one that is too long.
        """
        ...

    def limit(self, max_size: int, too_long: str) -> None:
        """
        From now on, take no longer frames. A client's end takes all that its gateway sends.

        Args:
            max_size: Bytes.
            too_long: What is said of a longer one, in at most 120 characters of ASCII.
        """
        ...

    def bound(
        self, size: int, on_full: Callable[[], None], on_reply: Callable[[int], None]
    ) -> None:
        """
        Say what may wait to leave, the connection's own answers to pings included.

        Args:
            size: Bytes.
            on_full: Called whenever something is written and more waits.
            on_reply: Called with the bytes of such answers.
        """
        ...

    def send(self, frames: Sequence[Outgoing]) -> None:
        """Hand over text frames, in one write; nothing happens when the connection has ended."""
        ...

    @property
    def backlog(self) -> int:
        """Bytes that were handed over and have not left yet."""
        ...

    async def flush(self) -> None:
        """Wait until the other end has read all that was sent, or the connection has ended."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame after what was sent before, and wait for the end."""
        ...

    def abort(self) -> None:
        """Cut the connection, whatever is still to be sent."""
        ...

    async def wait_closed(self) -> None:
        """Wait for the end, whoever brings it about."""
        ...
