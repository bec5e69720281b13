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
import http.client
import logging
import os
import secrets
import threading
from concurrent.futures import Future
from enum import Enum

from ..errors import ConfigError
from .auth import TokenAuthority, runtime_secret
from .config import DEFAULT_PORT, GatewayConfig
from .loop import new_event_loop
from .origins import OriginPolicy
from .server import IDENTITY_PATH, Gateway

__all__ = ["EmbeddedGateway"]

HOST = "127.0.0.1"
PORTS = 10
"""How many ports are tried from the first one on: other programs may hold some."""

PROBE_SECONDS = 2.0
"""A busy machine may let our own gateway take that long to answer."""

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
        self._first_port = _port_from_environment() if first_port is None else first_port
        self._authority = authority
        self._lock = threading.Lock()
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
        The URL of the shared gateway, which runs when this returns. Blocks some milliseconds.

        Raises:
            ConfigError: Other programs hold all ten ports, or the secret cannot be read.
        """
        with self._lock:
            if self._host is not None and self._host.is_alive():
                return self._host.url
            self._host = None
            authority = self.authority
            return self._find() or self._start(authority)

    def close(self) -> None:
        """Stop hosting, if this process does. Another process takes over when it is asked."""
        with self._lock:
            if self._host is not None:
                self._host.stop()
                self._host = None
                atexit.unregister(self._close_at_exit)

    def _close_at_exit(self) -> None:
        # A second Ctrl-C means: at once.
        with contextlib.suppress(KeyboardInterrupt):
            self.close()

    def _ports(self) -> range:
        return range(self._first_port, min(self._first_port + PORTS, 65536))

    def _find(self) -> str | None:
        for port in self._ports():
            if self._probe(port) is _Answer.OURS:
                return f"ws://{HOST}:{port}"
        return None

    def _start(self, authority: TokenAuthority) -> str:
        for port in self._ports():
            if self._probe(port) is _Answer.FOREIGN:
                continue
            try:
                host = _HostThread(port, authority)
            except ConfigError:
                # Another process was faster, or the port has just been taken by a stranger.
                if self._probe(port) is _Answer.OURS:
                    return f"ws://{HOST}:{port}"
                continue
            self._host = host
            atexit.register(self._close_at_exit)
            logger.info("hosting the embedded gateway at %s", host.url)
            return host.url
        first, last = self._ports()[0], self._ports()[-1]
        raise ConfigError(
            f"other programs hold the ports {first} to {last}: free one, choose others with "
            "DASH_INTEROP_PORT, or name a gateway with DASH_INTEROP_GATEWAY"
        )

    def _probe(self, port: int) -> _Answer:
        nonce = secrets.token_urlsafe(16)
        connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
        try:
            connection.request("GET", f"{IDENTITY_PATH}?nonce={nonce}")
            proof = connection.getresponse().read(256).decode("ascii", "replace")
        except ConnectionRefusedError:
            return _Answer.NOBODY
        except (OSError, http.client.HTTPException):
            return _Answer.FOREIGN
        finally:
            connection.close()
        expected = self.authority.prove(nonce)
        same = hmac.compare_digest(proof.encode(), expected.encode())
        return _Answer.OURS if same else _Answer.FOREIGN

    def _forget_host(self) -> None:
        # A forked child has neither the thread nor a lock that anybody would release.
        self._lock = threading.Lock()
        self._host = None


class _HostThread:
    """A gateway on its own event loop in a daemon thread."""

    def __init__(self, port: int, authority: TokenAuthority) -> None:
        config = GatewayConfig(host=HOST, port=port)
        gateway = Gateway(config, authority, OriginPolicy(loopback_only=True))
        self._loop = new_event_loop()
        self._stopped = asyncio.Event()
        started: Future[str] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(gateway, started), name="dash-interop-gateway", daemon=True
        )
        self._thread.start()
        self.url = started.result(timeout=START_SECONDS)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(timeout=GatewayConfig().close_timeout + 1)

    def _run(self, gateway: Gateway, started: Future[str]) -> None:
        try:
            self._loop.run_until_complete(self._host(gateway, started))
        except Exception as error:
            if started.done():
                logger.exception("the embedded gateway failed")
            else:
                started.set_exception(error)
        finally:
            self._loop.close()

    async def _host(self, gateway: Gateway, started: Future[str]) -> None:
        async with gateway:
            started.set_result(gateway.url)
            await self._stopped.wait()


def _port_from_environment() -> int:
    text = os.environ.get("DASH_INTEROP_PORT", "")
    if not text:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ConfigError(f"DASH_INTEROP_PORT is not a port: {text!r}")
    return int(text)
