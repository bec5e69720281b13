"""The library's connections, made to take turns in reading and to notice who is still there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode
from websockets.protocol import State

from ..errors import ProtocolError
from .keepalive import Action, Keepalive
from .reader import FrameReader, pong
from .send_queue import unacknowledged

__all__ = ["TURN_FRAMES", "AcceptedSocket", "OpenedSocket"]

TURN_FRAMES: Final = 64
"""Frames of one connection that are read in a row; then others have their turn."""

CONTROL_COST: Final = 7
"""As many frames more one counts as that the library handles, which takes its time over each."""

TURN_BYTES: Final = 256 * 1024
"""Bytes of texts that are read in a row, and the rest of the last text."""

MOST_BEFORE_OPEN: Final = 64 * 1024
"""Bytes that may come behind a request before it is answered."""

_HEAD_ENDS = b"\r\n\r\n"
_OPCODE, _PING = 0x0F, 0x9


class _Watched(Connection):
    """
    A connection that pings when it has heard nothing, instead of always, and does not wait for
    those who read slowly: who sends over it bounds what may wait.

    Attributes:
        on_full: Called when more waits to leave than ``bound`` allows.
        written: Bytes that were handed over to leave, but for those of the library itself.
    """

    _keepalive: Keepalive | None = None
    _look: asyncio.TimerHandle | None = None
    on_full: Callable[[], None] | None = None
    written = 0

    @property
    def has_unread(self) -> bool:
        """Whether something has come that waits for its turn."""
        return False

    def start_keepalive(self) -> None:
        if self.ping_interval is not None and self.ping_timeout is not None:
            now = self.loop.time()
            self._keepalive = Keepalive(self.ping_interval, self.ping_timeout, now)
            self._look = self.loop.call_at(self._keepalive.due, self._look_after)

    def data_received(self, data: bytes) -> None:
        if self._keepalive is not None:
            self._keepalive.last_sign = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        if self.on_full is not None:
            self.on_full()

    def resume_writing(self) -> None:
        pass

    def _look_after(self) -> None:
        keepalive, now = self._keepalive, self.loop.time()
        assert keepalive is not None
        if self.has_unread:
            keepalive.last_sign = now
        backlog = self.transport.get_write_buffer_size()
        backlog += unacknowledged(self.transport.get_extra_info("socket"))
        action = keepalive.look(now, self.written - backlog, backlog)
        if action is Action.GIVE_UP:
            self._give_up()
            return
        if action is Action.PING and self.protocol.state is State.OPEN:
            self.protocol.send_ping(b"")
            self.send_data()
        self._look = self.loop.call_at(keepalive.due, self._look_after)

    def _give_up(self) -> None:
        silence = (self.ping_interval or 0) + (self.ping_timeout or 0)
        if self.protocol.state is State.OPEN:
            self.protocol.fail(CloseCode.INTERNAL_ERROR, f"No sign of life for {silence:g} s")
            self.send_data()
        # Whoever is there after all gets what was written.
        self._look = self.loop.call_later(self.close_timeout or 0, self.transport.abort)


class OpenedSocket(_Watched, ClientConnection):
    """A client's end."""


class AcceptedSocket(_Watched, ServerConnection):
    """
    A server's end. It reads the frames of its next turn when those of the last have been taken;
    meanwhile reading is paused, so that what is left waits at the other end.

    Attributes:
        reader: Reads the frames; says how long they may be.
        on_reply: Called with how many bytes of pongs were written.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.reader = FrameReader(MOST_BEFORE_OPEN)
        self.on_reply: Callable[[int], None] | None = None
        self._head_end = b""
        """The last bytes of the request so far."""
        self._early = 0
        self._is_open = False
        """Whether somebody takes texts."""
        self._is_held = self._is_next = self._is_paused = False
        """Whether it waits for its turn, has that next, and lets nothing come meanwhile."""
        self._is_over = self._has_ended = False
        """Whether what comes is dropped, and whether nothing comes any more."""
        self._texts: deque[str] = deque()
        self._broken: ProtocolError | None = None
        self._changed: asyncio.Future[None] | None = None
        """Done when there is something for whoever takes the texts."""

    @property
    def has_unread(self) -> bool:
        return self._is_held

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._receive_head(data)
            return
        if self._keepalive is not None:
            self._keepalive.last_sign = self.loop.time()
        # What comes behind the end is read and dropped.
        if not self._is_over:
            self.reader.feed(data)
            if self._texts:
                self._hold()
            elif not self._is_held:
                self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._has_ended = True
        self._wake()

    async def __aiter__(self) -> AsyncIterator[str]:
        """
        Texts, until the connection ends. Others have their turn between those of two turns.

        Raises:
            ProtocolError: Something came that breaks a rule.
        """
        self._is_open = True
        self._read()
        while True:
            while self._texts:
                yield self._texts.popleft()
            if self._broken is not None:
                raise self._broken
            if self._has_ended and not self._is_held:
                return
            self._changed = self.loop.create_future()
            if self._is_held:
                self._read_later()
            await self._changed

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        # Nobody takes what is still there.
        self._texts.clear()
        if self._broken is not None and self.protocol.state is State.OPEN:
            # An answer could not be read any more.
            self.protocol.fail(code, reason)
            self.send_data()
            await self.wait_closed()
            return
        if self._is_held:
            self._read_later()
        await super().close(code, reason)

    def _receive_head(self, data: bytes) -> None:
        """
        Let the library read the request, and keep what comes behind it: in the same piece, it would
        read all of that at once.
        """
        if self.request is None:
            known, self._head_end = self._head_end, (self._head_end + data)[-3:]
            end = (known + data).find(_HEAD_ENDS)
            cut = len(data) if end < 0 else end + len(_HEAD_ENDS) - len(known)
            super().data_received(data[:cut])
            data = data[cut:]
        self.reader.feed(data)
        self._early += len(data)
        if self._early > MOST_BEFORE_OPEN:
            self.transport.abort()

    def _read(self) -> None:
        """Read the frames of one turn."""
        self._is_held = self._is_next = False
        cost = size = 0
        pongs = bytearray()
        try:
            while cost < TURN_FRAMES and size < TURN_BYTES:
                frame = None if self._is_over else self.reader.read()
                if frame is None:
                    break
                cost += 1
                if isinstance(frame, str):
                    size += len(frame)
                    if self.protocol.close_sent is None:
                        self._texts.append(frame)
                elif frame and frame[0] & _OPCODE == _PING:
                    pongs += pong(frame)
                elif frame:
                    cost += CONTROL_COST
                    self._control(frame)
            else:
                self._hold()
        except ProtocolError as error:
            self._broken, self._is_over = error, True
        if pongs and self.protocol.state is State.OPEN:
            self.transport.write(bytes(pongs))
            if self.on_reply is not None:
                self.on_reply(len(pongs))
        if self._is_paused and not self._is_held:
            self._is_paused = False
            if not self._has_ended:
                self.transport.resume_reading()
        if self._texts or self._has_ended or self._broken is not None:
            self._wake()

    def _control(self, frame: bytes) -> None:
        """Have the library act on a close frame or a pong."""
        super().data_received(frame)
        if self.protocol.close_rcvd is not None:
            self._is_over = True

    def _hold(self) -> None:
        """Keep what has come until its turn, and let nothing else come."""
        self._is_held = True
        if not self._is_paused and not self._has_ended:
            self._is_paused = True
            self.transport.pause_reading()
        # Otherwise it is whoever takes the texts that says when they are taken.
        if not self._texts:
            self._read_later()

    def _read_later(self) -> None:
        """Have a turn, after those of others."""
        if not self._is_next:
            self._is_next = True
            self.loop.call_soon(self._read)

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
