"""
The shared gateway as a process of its own. ``gateway/background.py`` starts it and says on stdin
what it has to know; nothing else ties it to the process that did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .order import FAILED, PORTS_TAKEN, RUNS, Order
from .place import Place

if TYPE_CHECKING:
    from .server import Gateway

LOG_SIZE = 1_000_000
"""Bytes, after which the log begins anew; one that is full is kept."""

Tell = Callable[[int], None]
"""Says how the start has ended; only what is said first counts."""


def main() -> int:
    """Be the shared gateway, unless there is one; return the exit code."""
    order = Order(**json.load(sys.stdin))
    os.umask(0o077)
    tell = _detach()
    code = FAILED
    try:
        place = Place(Path(order.directory), order.first_port, order.secret)
        # All that takes long is loaded by the one of several that has the place.
        code = _run(place, order, tell) if place.take(is_kept=False) else RUNS
    finally:
        tell(code)
    return code


def _detach() -> Tell:
    """Go on as nobody's child; the process that was started waits to hear how the start ends."""
    if sys.platform == "win32":
        # There, processes that have ended leave nothing behind that somebody would have to collect.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return lambda code: None
    heard, told = os.pipe()
    if os.fork():
        os.close(told)
        code = os.read(heard, 1)
        os._exit(code[0] if code else FAILED)
    os.close(heard)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    def tell(code: int) -> None:
        nonlocal told
        if told >= 0:
            with suppress(BrokenPipeError):
                os.write(told, bytes([code]))
            os.close(told)
            told = -1

    return tell


def _run(place: Place, order: Order, tell: Tell) -> int:
    import logging
    from logging.handlers import RotatingFileHandler

    from ..errors import ConfigError
    from ..transport.loop import new_event_loop

    log = RotatingFileHandler(place.log, maxBytes=LOG_SIZE, backupCount=1, encoding="utf-8")
    words = "%(asctime)s %(process)d %(levelname)s %(message)s"
    logging.basicConfig(format=words, level="INFO", handlers=[log])
    logger = logging.getLogger("dash_interop.gateway")
    loop = new_event_loop()
    try:
        loop.run_until_complete(_serve(place, order, tell))
    except ConfigError as error:
        logger.error("%s", error)
        return PORTS_TAKEN
    except Exception:
        logger.exception("the shared gateway failed")
        return FAILED
    finally:
        loop.close()
    return RUNS


async def _serve(place: Place, order: Order, tell: Tell) -> None:
    import msgspec

    from ..router.contexts.channels import Channel
    from .config import GatewayConfig
    from .descriptors import make_room
    from .hosting import hosted, until_idle

    make_room(GatewayConfig().max_connections + GatewayConfig().max_waiting)
    channels = msgspec.convert(order.channels, tuple[Channel, ...])
    ports = range(order.first_port, order.first_port + order.ports)
    async with hosted(place, ports, order.secret, channels) as gateway:
        tell(RUNS)
        _end_by_signal(gateway)
        await until_idle(gateway, place, order.first_seconds, order.idle_seconds)


def _end_by_signal(gateway: Gateway) -> None:
    import asyncio

    if sys.platform == "win32":
        return
    end = gateway.asked_to_end.set
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)


if __name__ == "__main__":
    sys.exit(main())
