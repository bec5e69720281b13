"""The shared gateway in a thread of an app, where it cannot be a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from time import monotonic

from ..router.contexts.channels import Channel
from ..transport.loop import new_event_loop
from ..transport.threads import Outcome, Thread
from .hosting import hosted
from .place import Place
from .server import Gateway

__all__ = ["ThreadHost"]

START_SECONDS = 10.0
STOP_SECONDS = 5.0

logger = logging.getLogger(__name__)


class ThreadHost:
    """
    A gateway on its own event loop in a daemon thread.

    Args:
        place: Where it is found; this process has taken it, and leaves it when the thread ends.
        ports: Where it may listen.
        secret: What it checks logins with.
        channels: Those of each user.

    Raises:
        ConfigError: Other programs hold all the ports.
    """

    def __init__(
        self, place: Place, ports: range, secret: str, channels: tuple[Channel, ...]
    ) -> None:
        self._place = place
        self._gateway: Gateway | None = None
        self._loop = new_event_loop()
        self._stopped = asyncio.Event()
        started: Outcome[str] = Outcome()

        async def host() -> None:
            async with hosted(place, ports, secret, channels) as gateway:
                self._gateway = gateway
                started.succeed(gateway.url)
                await self._stopped.wait()

        def run() -> None:
            try:
                self._loop.run_until_complete(host())
            except Exception as error:
                if started.is_known:
                    logger.exception("the shared gateway failed")
                else:
                    started.fail(error)
            finally:
                self._loop.close()
                place.leave()

        self._thread = Thread(run, "dash-interop-gateway")
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
            self._thread.join(timeout=STOP_SECONDS)

    def close_sockets(self) -> None:
        """In a forked child: let go of what belongs to the parent."""
        # The loop, which nobody runs here, still owns the descriptors, and closes them at the end:
        # they have to stay, and to stand for something harmless.
        with open(os.devnull, "rb") as nothing:
            for descriptor in self._gateway.descriptors() if self._gateway else ():
                with contextlib.suppress(OSError):
                    os.dup2(nothing.fileno(), descriptor)
