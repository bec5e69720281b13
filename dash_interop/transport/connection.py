"""One end of a socket: frames in, a bounded outbox out. A faster socket layer fits behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from websockets.asyncio.connection import Connection as Socket
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from ..errors import ProtocolError

__all__ = ["SLOW_READER", "Connection"]

SLOW_READER = 4008
"""Close code for a reader that fell too far behind; it may come back."""

_UNSUPPORTED_DATA = 1003

logger = logging.getLogger(__name__)


class Connection:
    """
    Args:
        socket: An open WebSocket whose write limit is above ``outbox_size``, or waiting for a slow
            reader would block its pings and its end.
        outbox_size: Bytes that may wait for the reader at the other end.
        close_timeout: Seconds for the closing handshake; then the socket is cut.
        on_slow_reader: Called once when the reader is given up.
    """

    __slots__ = (
        "_close_timeout",
        "_closing",
        "_on_slow_reader",
        "_outbox_size",
        "_socket",
        "_waiting",
        "_waiting_size",
    )

    def __init__(
        self,
        socket: Socket,
        outbox_size: int,
        close_timeout: float,
        on_slow_reader: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._outbox_size = outbox_size
        self._close_timeout = close_timeout
        self._on_slow_reader = on_slow_reader
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._closing: asyncio.Task[None] | None = None

    async def frames(self) -> AsyncIterator[str]:
        """
        Text frames until the connection ends, whoever ends it.

        Raises:
            ProtocolError: The peer sent a binary frame.
        """
        try:
            async for frame in self._socket:
                if isinstance(frame, bytes):
                    reason = "Binary frames are not part of the protocol"
                    raise ProtocolError(reason, _UNSUPPORTED_DATA)
                yield frame
        except ConnectionClosed:
            return

    @property
    def backlog(self) -> int:
        """Bytes that were sent and have not left yet."""
        return self._waiting_size + self._socket.transport.get_write_buffer_size()

    async def flush(self) -> None:
        """Wait until the other end has read all that was sent so far, or the connection ends."""
        self._write()
        try:
            await (await self._socket.ping())
        except ConnectionClosed:
            return

    def send(self, frame: bytes) -> None:
        """Queue a text frame. All that is queued in one turn of the loop leaves in one write."""
        if self._closing is not None:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(frame)
        self._waiting_size += len(frame)
        if self._waiting_size > self._outbox_size:
            self._give_up()

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then the close frame; returns at once."""
        if self._closing is None:
            self._write()
            self._closing = asyncio.ensure_future(self._close(code, reason))

    async def wait_closed(self) -> None:
        await self._socket.wait_closed()

    async def _close(self, code: int, reason: str) -> None:
        socket = self._socket
        # One that ends already is not asked to close, which may fail when it is gone meanwhile.
        is_open = socket.state is State.OPEN
        closing = socket.close(code, reason) if is_open else socket.wait_closed()
        try:
            await asyncio.wait_for(closing, self._close_timeout)
        except asyncio.TimeoutError:
            self._socket.transport.abort()

    def _flush(self) -> None:
        if self._closing is not None:
            return
        self._write()
        if self._socket.transport.get_write_buffer_size() > self._outbox_size:
            self._give_up()

    def _give_up(self) -> None:
        self._on_slow_reader()
        self._waiting.clear()
        self.close(SLOW_READER, "Too slow in reading")

    def _write(self) -> None:
        socket = self._socket
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        if socket.state is not State.OPEN:
            return
        protocol = socket.protocol
        for frame in waiting:
            protocol.send_text(frame)
        socket.transport.write(b"".join(protocol.data_to_send()))
