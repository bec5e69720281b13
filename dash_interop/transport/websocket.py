"""A WebSocket as a connection: the only place that knows how the library opens, sends and ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from struct import Struct
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.protocol import Side, State

from ..errors import ConnectionFailed, ProtocolError
from .broadcast import Copy, Outgoing, texts_of
from .masks import apply_mask
from .sockets import AcceptedSocket, OpenedSocket

__all__ = ["WebSocketConnection", "open_websocket"]

# Times, in seconds
OPEN_TIMEOUT = 10.0
PING_INTERVAL = 15.0
PING_TIMEOUT = 15.0
CLOSE_TIMEOUT = 2.0

_UNSUPPORTED_DATA = 1003
_FINAL_TEXT = 0x81
_MASKED = 0x80
_SHORT, _MEDIUM, _LONG = Struct("!BB").pack, Struct("!BBH").pack, Struct("!BBQ").pack
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _header(size: int, masked: int = 0) -> bytes:
    """What comes before a text of so many bytes, and before its mask."""
    if size < 126:
        return _SHORT(_FINAL_TEXT, masked + size)
    if size < 65536:
        return _MEDIUM(_FINAL_TEXT, masked + 126, size)
    return _LONG(_FINAL_TEXT, masked + 127, size)


_HEADERS = [_header(size) for size in range(1024)]
"""Of texts as long as most are, unmasked: to look one up takes less time than to make it."""


def add_text(written: list[bytes], text: bytes, mask: bytes | None) -> None:
    """
    Add a text frame. By hand, as the library makes three objects for each.

    Args:
        written: What is going to be sent.
        text: UTF-8.
        mask: Four bytes for a frame of a client, which has to be masked; ``None`` for a server.
    """
    size = len(text)
    if mask is None:
        written.append(_HEADERS[size] if size < len(_HEADERS) else _header(size))
        written.append(text)
    else:
        written.append(_header(size, _MASKED))
        written.append(mask)
        written.append(apply_mask(text, mask))


def add_copy(written: list[bytes], copy: Copy) -> None:
    """Add what one reader gets of a broadcast, as text frames of a server."""
    if len(copy.heads) == 1:
        (head,) = copy.heads
        written.append(head.join(copy.broadcast.seams(len(head), _header)))
    else:
        for text in copy.texts():
            add_text(written, text, None)


class WebSocketConnection:
    """
    Args:
        socket: An open WebSocket, of a client or a server.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: AcceptedSocket | OpenedSocket) -> None:
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

    def limit(self, max_size: int, too_long: str) -> None:
        if isinstance(self._socket, AcceptedSocket):
            reader = self._socket.reader
            reader.max_size, reader.too_long = max_size, too_long

    def bound(
        self, size: int, on_full: Callable[[], None], on_reply: Callable[[int], None]
    ) -> None:
        socket = self._socket
        socket.transport.set_write_buffer_limits(size)
        socket.on_full = on_full
        if isinstance(socket, AcceptedSocket):
            socket.on_reply = on_reply

    def send(self, frames: Sequence[Outgoing]) -> None:
        socket = self._socket
        if socket.state is not State.OPEN:
            return
        # What the library has to say itself, such as a pong, comes first.
        written = socket.protocol.data_to_send()
        if socket.protocol.side is Side.CLIENT:
            texts = list(texts_of(frames))
            masks = secrets.token_bytes(4 * len(texts))
            for number, text in enumerate(texts):
                add_text(written, text, masks[4 * number : 4 * number + 4])
        else:
            for frame in frames:
                if isinstance(frame, Copy):
                    add_copy(written, frame)
                else:
                    add_text(written, frame, None)
        data = b"".join(written)
        socket.written += len(data)
        socket.transport.write(data)

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


async def open_websocket(url: str) -> WebSocketConnection:
    """
    Args:
        url: ``ws://`` or ``wss://``.

    Raises:
        ConnectionFailed: It did not come about; the text says why.
    """
    options: dict[str, Any] = {
        "compression": None,
        # The gateway bounds what peers send, and adds a little to it in passing it on.
        "max_size": None,
        "open_timeout": OPEN_TIMEOUT,
        "ping_interval": PING_INTERVAL,
        "ping_timeout": PING_TIMEOUT,
        "close_timeout": CLOSE_TIMEOUT,
        "create_connection": OpenedSocket,
        "user_agent_header": None,
    }
    if urlsplit(url).hostname in _LOOPBACK:
        # The proxy that leads out of this machine does not lead to it.
        options["proxy"] = None
    try:
        socket: Any = await connect(url, **options)
        return WebSocketConnection(socket)
    except InvalidURI as error:
        raise ConnectionFailed(str(error)) from error
    except (OSError, InvalidHandshake, asyncio.TimeoutError) as error:
        raise ConnectionFailed(f"cannot connect to {url}: {_words(error)}") from error


def _words(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, asyncio.TimeoutError):
        return f"no answer within {OPEN_TIMEOUT:g} s"
    return str(error) or type(error).__name__
