"""
A WebSocket connection that costs the load client as little as possible.

The handshake and everything unusual go through the public sans-IO ``ClientProtocol`` of
``websockets``; whole text frames, which are all that a measured stretch consists of, are cut out
of the received bytes here. Frames are masked with the key zero, which servers have to accept and
which leaves the payload as it is, so a template can be built once and sent many times.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import WebSocketURI, parse_uri

__all__ = ["Connection", "TextHandler", "text_frame"]

TextHandler = Callable[[bytes], None]
"""Called with the payload of each text frame, UTF-8 encoded."""

OPEN_SECONDS = 10.0
"""Longest time for the opening handshake."""

WHOLE_TEXT_FRAME = 0x81
"""First byte of an unfragmented text frame without extensions (RFC 6455, section 5.2)."""


def text_frame(payload: bytes) -> bytes:
    """Build a whole masked text frame, with the masking key zero."""
    size = len(payload)
    if size < 126:
        head = bytes((WHOLE_TEXT_FRAME, 0x80 | size))
    elif size < 65536:
        head = b"\x81\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\x81\xff" + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


class Connection(asyncio.Protocol):
    """
    One WebSocket to a gateway.

    Frames given to :meth:`send` while received bytes are handled leave together, in one write.
    """

    def __init__(self, uri: WebSocketURI) -> None:
        self.handler: TextHandler = lambda payload: None
        """Receives every text frame; replace it at any time."""
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        """Done once the opening handshake succeeded."""
        self.closed: asyncio.Future[None] = loop.create_future()
        """Done when the connection ended, with an exception if it was lost."""
        self._protocol = ClientProtocol(uri)
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._outgoing: list[bytes] = []
        self._reading = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._marker = b""
        self._counted: Callable[[int], None] | None = None

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """Connect to ``url`` (``ws://host:port``) and finish the opening handshake."""
        uri = parse_uri(url)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(uri), uri.host, uri.port)
        await asyncio.wait_for(connection.opened, OPEN_SECONDS)
        return connection

    def send(self, frames: bytes) -> None:
        """Send one or more frames that :func:`text_frame` built."""
        if self._reading:
            self._outgoing.append(frames)
        elif self._transport is not None:
            self._transport.write(frames)

    async def drain(self) -> None:
        """Wait until most of what was sent has left, or the connection has ended."""
        await self._writable.wait()

    def pause(self) -> None:
        """Read no more, so that what is sent to us waits at the other end."""
        if self._transport is not None:
            cast(asyncio.Transport, self._transport).pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            cast(asyncio.Transport, self._transport).resume_reading()

    @property
    def is_open(self) -> bool:
        """Whether neither end has begun to close it."""
        return self._transport is not None and self._protocol.state is State.OPEN

    @property
    def close_code(self) -> int | None:
        """What the other end closed with, if it did so in words."""
        close = self._protocol.close_rcvd
        return None if close is None else close.code

    def count(self, marker: bytes, counted: Callable[[int], None]) -> None:
        """
        From now on only count, and cut out no frames: counting has to cost less than sending.

        Args:
            marker: Bytes that each frame to be counted has once.
            counted: Called with the number of those that came.
        """
        self._marker = marker
        self._counted = counted

    def close(self) -> None:
        """Say goodbye and close, without waiting for the answer."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._answer()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._answer()

    def data_received(self, data: bytes) -> None:
        if self._protocol.state is State.CONNECTING:
            self._shake_hands(data)
            return
        if self._counted is not None:
            received = self._received + data
            # What is left may be the beginning of a marker, and is too short for a whole one.
            self._received = received[1 - len(self._marker) :]
            self._counted(received.count(self._marker))
            return
        self._reading = True
        self._received = self._take_frames(self._received + data if self._received else data)
        self._reading = False
        if self._outgoing:
            frames = b"".join(self._outgoing)
            self._outgoing.clear()
            self.send(frames)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._writable.set()
        lost = exc or ConnectionError("the gateway closed the connection")
        for future in (self.opened, self.closed):
            if not future.done():
                future.set_exception(lost)
                future.exception()  # Whoever still waits gets it; nobody has to.

    def _take_frames(self, data: bytes) -> bytes:
        """Handle the complete frames in ``data``; return the rest."""
        start, size = 0, len(data)
        while size - start >= 2:
            body, length = start + 2, data[start + 1]
            if length == 126:
                body, length = start + 4, int.from_bytes(data[start + 2 : start + 4], "big")
            elif length == 127:
                body, length = start + 10, int.from_bytes(data[start + 2 : start + 10], "big")
            end = body + length
            if end > size:
                break
            if data[start] == WHOLE_TEXT_FRAME:
                self.handler(data[body:end])
            else:
                self._protocol.receive_data(data[start:end])
                self._answer()
            start = end
        return data[start:]

    def _shake_hands(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        if self._protocol.handshake_exc is not None:
            self.connection_lost(self._protocol.handshake_exc)
        elif self._protocol.state is State.OPEN:
            self.opened.set_result(None)

    def _answer(self) -> None:
        """Send what the protocol wants sent: the opening request, pongs, close frames."""
        for data in self._protocol.data_to_send():
            if data:
                self.send(data)
