"""A WebSocket as a connection: the only place that knows how the library sends and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from websockets.asyncio.connection import Connection as Socket
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from ..errors import ProtocolError

__all__ = ["WebSocketConnection"]

_UNSUPPORTED_DATA = 1003


class WebSocketConnection:
    """
    Args:
        socket: An open WebSocket, of a client or a server. Its write limit has to be above what
            may wait for a slow reader, or waiting for one would block its pings and its end.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    async def frames(self) -> AsyncIterator[str]:
        try:
            async for frame in self._socket:
                if isinstance(frame, bytes):
                    reason = "Binary frames are not part of the protocol"
                    raise ProtocolError(reason, _UNSUPPORTED_DATA)
                yield frame
        except ConnectionClosed:
            return

    def send(self, frames: Sequence[bytes]) -> None:
        socket = self._socket
        if socket.state is not State.OPEN:
            return
        protocol = socket.protocol
        for frame in frames:
            protocol.send_text(frame)
        socket.transport.write(b"".join(protocol.data_to_send()))

    @property
    def backlog(self) -> int:
        return self._socket.transport.get_write_buffer_size()

    async def flush(self) -> None:
        try:
            await (await self._socket.ping())
        except ConnectionClosed:
            return

    async def close(self, code: int, reason: str) -> None:
        socket = self._socket
        # A socket that is ending already is only waited for: to close one that is gone would fail.
        if socket.state is State.OPEN:
            await socket.close(code, reason)
        else:
            await socket.wait_closed()

    def abort(self) -> None:
        self._socket.transport.abort()

    async def wait_closed(self) -> None:
        await self._socket.wait_closed()
