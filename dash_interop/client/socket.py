"""The line to the gateway: connected anew after each end, whatever ended it, until it is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from ..errors import ConfigError, ConnectionFailed, InteropError, ProtocolError
from ..transport.connection import Connection
from ..transport.outbox import Outbox
from ..transport.outboxes import Outboxes
from ..transport.websocket import open_websocket
from ..wire.codec import Codec
from ..wire.envelope import Outbound
from ..wire.login import Authentication
from .backoff import delays

__all__ = ["OpenConnection", "Socket", "SocketOwner", "open_socket"]

OUTBOX_SIZE = 256 * 1024 * 1024
"""Bytes that may wait for the gateway."""

# Times, in seconds
LOGIN_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0

OpenConnection: TypeAlias = Callable[[str], Awaitable[Connection]]
"""Opens a connection, given a URL; raises ``ConnectionFailed`` where that does not succeed."""

logger = logging.getLogger(__name__)


class SocketOwner(Protocol):
    """Who speaks over the socket, and hears of it."""

    def opened(self, authentication: Authentication) -> None:
        """Log in; the owner has to call ``Socket.logged_in`` or ``Socket.refuse``."""
        ...

    def received(self, message: Outbound) -> None: ...

    def lost(self, reason: str) -> None:
        """The connection has ended, or did not come about; another attempt follows."""
        ...


class Socket:
    """
    Args:
        ask: Says where to connect and how to log in, before each attempt.
        open_connection: Opens a connection there.
        codec: Reads what the gateway sends.
        owner: Who speaks over the socket.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[tuple[str, Authentication]]],
        open_connection: OpenConnection,
        codec: Codec,
        owner: SocketOwner,
    ) -> None:
        self._ask = ask
        self._open = open_connection
        self._codec = codec
        self._owner = owner
        self._outbox: Outbox | None = None
        self._logged_in = asyncio.Event()
        self._refusal: InteropError | None = None

    @property
    def backlog(self) -> int:
        """Bytes that were sent and have not left yet."""
        # Asked by other threads, too, while the connection may end.
        outbox = self._outbox
        return 0 if outbox is None else outbox.backlog

    def send(self, frame: bytes) -> None:
        if self._outbox is not None:
            self._outbox.send(frame)

    def write(self) -> None:
        """Hand over what was sent in this turn of the loop."""
        if self._outbox is not None:
            self._outbox.write()

    async def flush(self) -> None:
        """Wait until the gateway has read all that was sent so far."""
        if self._outbox is not None:
            await self._outbox.flush()

    def logged_in(self) -> None:
        """The gateway has let us in."""
        self._logged_in.set()

    def refuse(self, error: InteropError) -> None:
        """The gateway does not let us in: this attempt has failed."""
        self._refusal = error
        self._logged_in.set()

    async def run(self) -> None:
        """Connect, again and again, until cancelled."""
        pauses = delays()
        while True:
            reason = await self._attempt()
            if self._logged_in.is_set() and self._refusal is None:
                pauses = delays()
            self._owner.lost(reason)
            await asyncio.sleep(next(pauses))

    async def _attempt(self) -> str:
        """One connection from its beginning to its end; returns why it ended, in words."""
        self._logged_in.clear()
        self._refusal = None
        try:
            url, authentication = await self._ask()
            connection = await self._open(url)
            self._outbox = outbox = Outbox(
                connection, OUTBOX_SIZE, CLOSE_TIMEOUT, _too_slow, Outboxes(OUTBOX_SIZE)
            )
            try:
                return await self._converse(connection, authentication)
            finally:
                self._outbox = None
                outbox.close(1000, "")
                await outbox.wait_closed()
        except (ConfigError, ConnectionFailed) as error:
            return str(error)
        except ProtocolError as error:
            return f"the gateway sent what is not text: {error}"
        except Exception as error:
            logger.exception("an attempt to connect failed")
            return f"{type(error).__name__}: {error}"

    async def _converse(self, connection: Connection, authentication: Authentication) -> str:
        reading = asyncio.ensure_future(self._read(connection))
        login = asyncio.ensure_future(self._logged_in.wait())
        try:
            self._owner.opened(authentication)
            await asyncio.wait(
                (reading, login), timeout=LOGIN_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
            )
            if self._refusal is not None:
                return str(self._refusal)
            if not login.done() and not reading.done():
                return f"the gateway did not answer the login within {LOGIN_TIMEOUT:g} s"
            return await reading
        finally:
            for task in (reading, login):
                task.cancel()
            await asyncio.wait((reading, login))

    async def _read(self, connection: Connection) -> str:
        async for frame in connection.frames():
            try:
                message = self._codec.from_gateway(frame)
            except ProtocolError as error:
                # Some gateways relay what a peer of theirs got wrong; the rest goes on.
                logger.error("passed over a frame of the gateway: %s", error)
                continue
            if message is not None:
                self._owner.received(message)
        return "the connection to the gateway has ended"


async def open_socket(url: str) -> Connection:
    """
    Open a WebSocket to the gateway.

    Raises:
        ConnectionFailed: It did not come about.
    """
    return await open_websocket(url)


def _too_slow(backlog: int) -> None:
    logger.error("disconnected: the gateway did not read %d bytes in time", OUTBOX_SIZE)
