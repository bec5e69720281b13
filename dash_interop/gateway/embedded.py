"""
The gateway that the processes of one user on one machine share, when none is named.

Whoever needs it first hosts it, in a background thread; the others find it by trying the ports
and asking for a proof that it knows the same secret. When the host ends, the next process that is
asked by a page takes over, on the same port where possible.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import hmac
import logging
import os
import secrets
import socket
from enum import Enum
from time import monotonic

from .. import settings
from ..errors import ConfigError
from ..transport.loop import new_event_loop
from ..transport.threads import LongLock, Outcome, Thread
from .auth import TokenAuthority, runtime_secret
from .channels import read_channels
from .config import GatewayConfig
from .origins import OriginPolicy
from .server import IDENTITY_PATH, Gateway

__all__ = ["EmbeddedGateway", "shared_gateway"]

ADDRESS = "127.0.0.1"
PORTS = 10
"""How many ports are tried from the first one on: other programs may hold some."""

PROBE_SECONDS = 2.0
"""A busy machine may let our own gateway take that long to answer."""

MAX_PROOF = 4096
"""Bytes of an answer that are looked at."""

START_SECONDS = 10.0

logger = logging.getLogger(__name__)


class _Answer(Enum):
    OURS = "ours"
    FOREIGN = "foreign"
    NOBODY = "nobody"


class EmbeddedGateway:
    """
    Finds or hosts the shared gateway.

    Args:
        first_port: First of the ten ports to look at, ``DASH_INTEROP_PORT`` in the environment,
            else 8385.
        authority: Knows the secret; by default the one this user's processes share.
    """

    def __init__(
        self, first_port: int | None = None, authority: TokenAuthority | None = None
    ) -> None:
        self._first_port = settings.first_port(first_port)
        self._authority = authority
        self._lock = LongLock()
        self._host: _HostThread | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget_host)

    @property
    def authority(self) -> TokenAuthority:
        """
        Raises:
            ConfigError: The shared secret cannot be read.
        """
        if self._authority is None:
            self._authority = TokenAuthority(runtime_secret())
        return self._authority

    @property
    def is_host(self) -> bool:
        return self._host is not None and self._host.is_alive()

    def ensure(self) -> str:
        """
        The URL of the shared gateway, which runs when this returns. Blocks some milliseconds, and
        two seconds more for each program at one of the ports that does not answer.

        Raises:
            ConfigError: Other programs hold all ten ports, or the secret cannot be read.
        """
        with self._lock:
            if self._host is not None and self._host.is_alive():
                return self._host.url
            self._host = None
            authority = self.authority
            url, free = self._look(authority)
            if url is not None:
                return url
            return self._start(free, authority)

    def find(self) -> str | None:
        """
        The URL of the shared gateway; ``None`` when nobody hosts it. Blocks as long as ``ensure``.

        Raises:
            ConfigError: The secret cannot be read.
        """
        with self._lock:
            if self._host is not None and self._host.is_alive():
                return self._host.url
            return self._look(self.authority)[0]

    def strangers(self) -> list[int]:
        """
        Those of its ports on which something else listens: another program, or a gateway with
        another secret. Blocks as long as ``ensure``.
        """
        ports = self._ports()
        return [port for port in ports if _probe(port, self.authority) is _Answer.FOREIGN]

    def close(self) -> None:
        """Stop hosting, if this process does. Another process takes over when it is asked."""
        with self._lock:
            if self._host is not None:
                self._host.stop()
                self._host = None

    def close_at_exit(self) -> None:
        """As ``close``; a second Ctrl-C ends the wait."""
        with contextlib.suppress(KeyboardInterrupt):
            self.close()

    def _ports(self) -> range:
        return range(self._first_port, min(self._first_port + PORTS, 65536))

    def _look(self, authority: TokenAuthority) -> tuple[str | None, list[int]]:
        """The URL of the gateway, and the ports looked at before it on which nobody listens."""
        free: list[int] = []
        for port in self._ports():
            match _probe(port, authority):
                case _Answer.OURS:
                    return _url(port), free
                case _Answer.NOBODY:
                    free.append(port)
                case _Answer.FOREIGN:
                    pass
        return None, free

    def _start(self, free: list[int], authority: TokenAuthority) -> str:
        for port in free:
            try:
                host = _HostThread(port, authority)
            except ConfigError:
                # Another process was faster, or a stranger has just taken the port.
                if _probe(port, authority) is _Answer.OURS:
                    return _url(port)
                continue
            self._host = host
            logger.info("hosting the embedded gateway at %s", host.url)
            return host.url
        first, last = self._ports()[0], self._ports()[-1]
        raise ConfigError(
            f"other programs hold the ports {first} to {last}: free one, choose others with "
            "DASH_INTEROP_PORT, or name a gateway with DASH_INTEROP_GATEWAY"
        )

    def _forget_host(self) -> None:
        # A forked child has neither the thread nor a lock that anybody would release; the sockets
        # it has would keep the port, and the clients, of a gateway that is gone.
        self._lock = LongLock()
        if self._host is not None:
            self._host.close_sockets()
            self._host = None


_shared: list[EmbeddedGateway] = []


def shared_gateway() -> EmbeddedGateway:
    """One for the process, made when it is first needed."""
    if not _shared:
        gateway = EmbeddedGateway()
        # Before there is a client in this process, so that it closes after all of them.
        atexit.register(gateway.close_at_exit)
        _shared.append(gateway)
    return _shared[0]


class _HostThread:
    """A gateway on its own event loop in a daemon thread."""

    def __init__(self, port: int, authority: TokenAuthority) -> None:
        config = GatewayConfig(host=ADDRESS, port=port, channels=read_channels(settings.channels()))
        gateway = Gateway(config, authority, OriginPolicy(loopback_only=True))
        self._gateway = gateway
        self._loop = new_event_loop()
        self._stopped = asyncio.Event()
        started: Outcome[str] = Outcome()
        self._thread = Thread(lambda: self._run(gateway, started), "dash-interop-gateway")
        deadline = monotonic() + START_SECONDS

        def look() -> None:
            if monotonic() > deadline:
                raise TimeoutError(f"the gateway did not start within {START_SECONDS:g} s")

        self.url = started.result(look)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(timeout=GatewayConfig().close_timeout + 1)

    def close_sockets(self) -> None:
        """In a forked child: let go of what belongs to the parent."""
        # The loop, which nobody runs here, still owns the descriptors, and closes them at the end:
        # they have to stay, and to stand for something harmless.
        with open(os.devnull, "rb") as nothing:
            for descriptor in self._gateway.descriptors():
                with contextlib.suppress(OSError):
                    os.dup2(nothing.fileno(), descriptor)

    def _run(self, gateway: Gateway, started: Outcome[str]) -> None:
        try:
            self._loop.run_until_complete(self._host(gateway, started))
        except Exception as error:
            if started.is_known:
                logger.exception("the embedded gateway failed")
            else:
                started.fail(error)
        finally:
            self._loop.close()

    async def _host(self, gateway: Gateway, started: Outcome[str]) -> None:
        async with gateway:
            started.succeed(gateway.url)
            await self._stopped.wait()


def _url(port: int) -> str:
    return f"ws://{ADDRESS}:{port}"


def _probe(port: int, authority: TokenAuthority) -> _Answer:
    """Who listens on a port: asks for a proof of the secret, and waits for it only so long."""
    nonce = secrets.token_urlsafe(16)
    request = f"GET {IDENTITY_PATH}?nonce={nonce} HTTP/1.1\r\nHost: {ADDRESS}:{port}\r\n\r\n"
    expected = authority.prove(nonce, port).encode()
    deadline = monotonic() + PROBE_SECONDS
    answer = b""
    try:
        with socket.create_connection((ADDRESS, port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(request.encode())
            while len(answer) < MAX_PROOF and (remaining := deadline - monotonic()) > 0:
                connection.settimeout(remaining)
                received = connection.recv(MAX_PROOF)
                if not received:
                    break
                answer += received
    except ConnectionRefusedError:
        return _Answer.NOBODY
    except OSError:
        return _Answer.FOREIGN
    proof = answer.partition(b"\r\n\r\n")[2]
    return _Answer.OURS if hmac.compare_digest(proof, expected) else _Answer.FOREIGN
