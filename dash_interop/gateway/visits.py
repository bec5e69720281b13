"""A connection at the gateway's port before its handshake and after its end, for the log."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode
from websockets.protocol import State

from ..transport.sockets import AcceptedSocket
from .admission import Lobby
from .hub import LOGIN_TIMEOUT
from .notices import Notices, network_of

__all__ = ["Visit", "address_of", "reason_of_end", "socket_logger"]

_LONGEST_METHOD: Final = 16
_ORDINARY: Final = (CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY)

socket_logger = logging.getLogger(f"{__name__}.socket")
"""The library's. Below this level it repeats frames, with the tokens and secrets in them."""
socket_logger.setLevel(logging.ERROR)
# Some versions write a traceback when a stranger's request is malformed, which is not our fault.
socket_logger.addFilter(lambda record: record.msg != "opening handshake failed")


class Visit(AcceptedSocket):
    """
    A connection that waits in the lobby until somebody logs in over it. It answers each request and
    says in the log why there was no handshake: the library itself cuts the connection, without an
    answer, when a request has a body, and in some versions when its method is not GET.

    Args:
        notices: Where it says so.
        visits: Those that have not ended, which it adds itself to.
        lobby: Where it waits.
    """

    def __init__(
        self,
        notices: Notices,
        visits: set[Visit],
        lobby: Lobby[Visit],
        *args: Any,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self._notices = notices
        self._visits = visits
        self._lobby = lobby
        self._has_begun = False

    @property
    def has_opened(self) -> bool:
        """Whether the handshake has been answered."""
        return self.protocol.state is not State.CONNECTING

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._visits.add(self)
        oldest = self._lobby.enter(self, network_of(address_of(self)))
        if oldest is not None:
            oldest.make_room()

    def make_room(self) -> None:
        """End it, as it has waited for a login for longer than others."""
        if self.protocol.state is State.OPEN:
            self.protocol.fail(LOGIN_TIMEOUT, "Others wait to log in")
            self.send_data()
            self.transport.close()
        else:
            self._notices.tell(address_of(self), "disconnected for others in the handshake")
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            method, is_request, _ = data[:_LONGEST_METHOD].partition(b" ")
            if is_request and method.isalpha() and method.isupper() and method != b"GET":
                self._refuse(method.decode())
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lobby.leave(self)
        self._visits.discard(self)
        if self.request is None and self._has_begun and self.protocol.handshake_exc is not None:
            reason: BaseException = self.protocol.handshake_exc
            reason = reason.__cause__ or reason
            self._notices.tell(address_of(self), f"sent no proper request: {reason}")

    def _refuse(self, method: str) -> None:
        words = f"A gateway answers GET, and not {method}"
        response = self.protocol.reject(HTTPStatus.METHOD_NOT_ALLOWED, f"{words}\n")
        response.headers["Allow"] = "GET"
        # What follows of the request is read and dropped.
        self.protocol.send_response(response)
        self._notices.tell(address_of(self), f"refused with 405: {words}", logging.INFO)


def address_of(socket: ServerConnection) -> str:
    """The address of the other end; behind a proxy, that of the proxy."""
    address = socket.remote_address
    return str(address[0]) if address else ""


def reason_of_end(socket: ServerConnection) -> str | None:
    """Why we closed a connection that is over, in words; ``None`` when it ended by itself."""
    protocol = socket.protocol
    close = protocol.close_sent
    if close is None or protocol.close_rcvd_then_sent or close.code in _ORDINARY:
        return None
    return f"disconnected with {close.code}: {close.reason or 'no reason'}"
