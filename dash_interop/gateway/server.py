"""The gateway on a port of its own: who may open a WebSocket there, and plain HTTP."""

from __future__ import annotations

import asyncio
import errno
import hmac
import logging
import secrets
import socket
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from ipaddress import ip_address
from time import time
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from ..errors import ConfigError
from ..router.agm.domain import Agm
from ..router.bus import Bus
from ..router.contexts.channels import Channel
from ..router.contexts.domain import Contexts
from ..router.domain import MakeDomain
from ..router.metrics import Metrics
from ..router.principals import Remote
from ..router.router import Router
from ..transport.websocket import WebSocketConnection
from .admission import Lobby
from .auth import TokenAuthority
from .config import GatewayConfig
from .hub import Hub
from .login_log import LoginLog
from .notices import Notices
from .origins import OriginPolicy
from .paths import END_PATH, HTTP_PATHS, IDENTITY_PATH
from .visits import Visit, address_of, reason_of_end, socket_logger

__all__ = ["Gateway", "domains"]

_MISTAKES = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.UPGRADE_REQUIRED)
"""Statuses for those who ask with plain HTTP, such as a browser or a load balancer's check."""

logger = logging.getLogger(__name__)


def domains(channels: Sequence[Channel] = ()) -> tuple[MakeDomain, ...]:
    """What peers of a gateway may join."""
    return (Agm, Bus, partial(Contexts, channels=channels), Metrics)


class Gateway:
    """
    A gateway that listens from ``async with`` on.

    Args:
        config: Address, sizes, times and limits.
        authority: Who may log in.
        origins: Which pages may connect.
        instance: Lets whoever knows it, and the secret, ask this gateway to end.

    Attributes:
        proofs: How often it was asked to prove that it knows the secret.
        asked_to_end: Set when it was asked to end.

    Raises:
        ConfigError: On entry, when the address cannot be listened on.

    Example:
        ::

            authority = TokenAuthority(runtime_secret())
            async with Gateway(GatewayConfig(port=0), authority, OriginPolicy()) as gateway:
                print(gateway.url)
    """

    def __init__(
        self,
        config: GatewayConfig,
        authority: TokenAuthority,
        origins: OriginPolicy,
        instance: str | None = None,
    ) -> None:
        self._config = config
        self._authority = authority
        self._origins = origins
        self._notices = Notices()
        router = Router(
            authority,
            domains(config.channels),
            node=secrets.token_hex(4),
            limits=config.limits,
            version=version("dash_interop"),
            max_size=config.max_size,
        )
        self._hub = Hub(router, config, LoginLog(self._notices))
        self._lobby: Lobby[Visit] = Lobby(config.max_waiting, config.max_waiting_per_address)
        self._server: Server | None = None
        self._visits: set[Visit] = set()
        self._port = config.port
        self._instance = instance
        self.proofs = 0
        self.asked_to_end = asyncio.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def is_local(self) -> bool:
        """Whether it listens on 127.0.0.1, among other addresses or alone."""
        return self._config.host in ("127.0.0.1", "localhost", "0.0.0.0", "")

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._hub.connections

    @property
    def url(self) -> str:
        host = self._config.host
        return f"ws://{f'[{host}]' if ':' in host else host}:{self._port}"

    def descriptors(self) -> list[int]:
        """The file descriptors of its sockets, listening and connected."""
        if self._server is None:
            return []
        connected = [
            connection.transport.get_extra_info("socket") for connection in self._server.connections
        ]
        return [socket.fileno() for socket in (*self._server.sockets, *connected)]

    def counters(self) -> dict[str, int]:
        return self._hub.counters()

    async def __aenter__(self) -> Gateway:
        config = self._config
        visit: Any = partial(Visit, self._notices, self._visits, self._lobby)
        try:
            starting: Any = serve(
                self._serve,
                **_address(config.host, config.port),
                process_request=self._check_request,
                process_response=self._note_response,
                create_connection=visit,
                compression=None,
                max_size=None,
                open_timeout=config.open_timeout,
                ping_interval=config.ping_interval,
                ping_timeout=config.ping_timeout,
                close_timeout=config.close_timeout,
                server_header=None,
                logger=socket_logger,
            )
            self._server = server = cast(Server, await starting)
        except (OSError, OverflowError, UnicodeError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            reason = "the port is taken" if taken else error
            raise ConfigError(f"cannot listen on {config.host}:{config.port}: {reason}") from error
        self._port = next(iter(server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        await self._stop(0)
        self.abort()
        await self._server.wait_closed()
        self._hub.close()
        self._notices.close()
        logger.info("stopped: %s", self.counters())

    async def stop_listening(self) -> None:
        """Let no more connections in; the port is free then."""
        assert self._server is not None
        self._server.close(close_connections=False)
        # The library does it in a task.
        await asyncio.sleep(0)

    async def drain(self) -> None:
        """
        Listen no more, let the calls under way end, at most ``drain`` seconds, take on no others,
        and close all connections so that their clients come back.
        """
        cut = await self._stop(self._config.drain)
        if cut:
            logger.warning("%d calls did not end within %g s", cut, self._config.drain)

    def abort(self) -> None:
        """Cut all connections."""
        for visit in list(self._visits):
            visit.transport.abort()

    async def _stop(self, seconds: float) -> int:
        assert self._server is not None
        await self.stop_listening()
        # Who says nothing keeps nobody waiting.
        for visit in list(self._visits):
            if not visit.has_opened:
                visit.transport.abort()
        return await self._hub.drain(seconds)

    def _check_request(self, socket: ServerConnection, request: Request) -> Response | None:
        # Not by urlsplit, which refuses some of what strangers send.
        path, _, query = request.path.partition("?")
        if path == IDENTITY_PATH:
            self.proofs += 1
            nonce = parse_qs(query).get("nonce", [""])[0]
            return socket.respond(HTTPStatus.OK, self._authority.prove(nonce, self._port))
        if path == END_PATH and self._may_end(parse_qs(query).get("proof", [""])[0]):
            self.asked_to_end.set()
            return socket.respond(HTTPStatus.OK, "ends")
        if path.startswith(HTTP_PATHS) and "Upgrade" not in request.headers:
            return socket.respond(HTTPStatus.NOT_FOUND, "A gateway has nothing at this path\n")
        if self._hub.logged_in >= self._config.max_connections:
            return socket.respond(
                HTTPStatus.SERVICE_UNAVAILABLE, f"Too many connections: {self._hub.logged_in}\n"
            )
        refusal = self._origins.refusal(request.headers.get_all("Origin"))
        if refusal is not None:
            return socket.respond(HTTPStatus.FORBIDDEN, refusal + "\n")
        return None

    def _may_end(self, proof: str) -> bool:
        if self._instance is None:
            return False
        expected = self._authority.prove_end(self._instance, self._port)
        return hmac.compare_digest(proof.encode(), expected.encode())

    def _note_response(
        self, socket: ServerConnection, request: Request, response: Response
    ) -> None:
        """Write refusals into the log, those of the library, too."""
        status = response.status_code
        if status >= HTTPStatus.BAD_REQUEST:
            level = logging.INFO if status in _MISTAKES else logging.WARNING
            reason = bytes(response.body).decode().partition("\n")[0]
            self._notices.tell(address_of(socket), f"refused with {status}: {reason}", level)

    async def _serve(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Visit)
        remote = _remote(socket)
        leave_lobby = partial(self._lobby.leave, socket)
        who = await self._hub.converse(WebSocketConnection(socket), remote, leave_lobby)
        reason = reason_of_end(socket)
        if reason is not None:
            self._notices.tell(remote.machine, reason if who is None else f"{who} {reason}")
        elif who is not None:
            logger.info("%s: %s left", remote.machine, who)


def _address(host: str, port: int) -> dict[str, Any]:
    """
    Where to listen. For an address, a socket of our own: resolving a name makes uvloop start
    threads, and a child that is forked afterwards crashes in waiting for them when it exits.
    """
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return {"host": host, "port": port}
    return {"sock": socket.create_server((host, port), family=family)}


def _remote(socket: ServerConnection) -> Remote:
    request = socket.request
    assert request is not None
    return Remote(address_of(socket), request.headers.get("Origin"), time())
