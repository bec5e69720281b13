"""To be the shared gateway: on the first free port, for as long as somebody needs it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version

from ..errors import ConfigError
from ..router.contexts.channels import Channel
from .auth import TokenAuthority
from .config import GatewayConfig
from .origins import LOOPBACK, OriginPolicy
from .place import Place, State
from .probing import ADDRESS
from .server import Gateway

__all__ = ["announce", "hosted", "until_idle"]

CLOSE_SECONDS = 0.5
"""For the closing handshake."""

TICK_SECONDS = 0.25
TICKS_TO_REFRESH = 4 * 3600

logger = logging.getLogger(__name__)


@asynccontextmanager
async def hosted(
    place: Place, ports: Iterable[int], secret: str, channels: tuple[Channel, ...]
) -> AsyncGenerator[Gateway]:
    """
    Run the gateway of a place that this process has taken, and say where it is. The port of the one
    before it comes first, so that clients find it where they look. When it was asked to end, the
    calls under way may do so first.

    Raises:
        ConfigError: Other programs hold all the ports.
    """
    before = place.state()
    ports = list(ports)
    ports.sort(key=lambda port: before is None or port != before.port)
    instance = secrets.token_urlsafe(16)
    gateway = await _opened(ports, TokenAuthority(secret), channels, instance)
    try:
        announce(place, gateway, instance)
        logger.info("hosting the shared gateway at %s", gateway.url)
        yield gateway
    finally:
        if gateway.asked_to_end.is_set():
            await gateway.stop_listening()
            # Who needs a gateway gets another one, while the calls under way end here.
            place.leave()
            await gateway.drain()
        await gateway.__aexit__(None, None, None)


async def _opened(
    ports: list[int], authority: TokenAuthority, channels: tuple[Channel, ...], instance: str
) -> Gateway:
    for port in ports:
        config = GatewayConfig(
            host=ADDRESS,
            port=port,
            channels=channels,
            close_timeout=CLOSE_SECONDS,
        )
        gateway = Gateway(config, authority, OriginPolicy([LOOPBACK]), instance)
        try:
            return await gateway.__aenter__()
        except ConfigError as error:
            logger.info("%s", error)
    raise ConfigError(f"other programs hold the ports {min(ports)} to {max(ports)}")


def announce(place: Place, gateway: Gateway, instance: str = "") -> None:
    """Say how the gateway of a place that this process has taken is reached."""
    place.tell(State(os.getpid(), gateway.port, instance, version("dash_interop")))


async def until_idle(
    gateway: Gateway, place: Place, first_seconds: float, idle_seconds: float
) -> None:
    """
    Wait until nobody needs the gateway any more, it is asked to end, or its place is gone.

    Args:
        gateway: It runs.
        place: Where it is found.
        first_seconds: How long the first connection may take to come.
        idle_seconds: How long another one may take, once all are gone.
    """
    # Counted, not by the clock: when the process was stopped for long, those who wait come first.
    left, proofs, ticks = first_seconds, gateway.proofs, 0
    while left > 0 and place.is_ours() and not gateway.asked_to_end.is_set():
        ticks += 1
        if ticks % TICKS_TO_REFRESH == 0:
            place.refresh()
        if gateway.connections:
            left = idle_seconds
        elif gateway.proofs != proofs:
            # Whoever asks is about to connect.
            left, proofs = max(left, idle_seconds), gateway.proofs
        else:
            left -= TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
