"""Every setting of a gateway, with its unit and default."""

from __future__ import annotations

from msgspec import Struct

from ..router.contexts.channels import DEFAULT_CHANNELS, Channel
from ..router.limits import Limits
from ..settings import DEFAULT_PORT

__all__ = ["GatewayConfig"]


class GatewayConfig(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        host: Address to listen on.
        port: TCP port; 0 picks a free one.
        max_connections: Open connections; more are refused with 503.
        login_size: Longest frame before the first login, in characters; a longer one closes with
            1009.
        max_size: Longest frame that is accepted, in bytes; a longer one closes with 1009. Peers are
            told it when they log in, and ours send no longer ones. What is relayed may become a
            little longer, which readers have to accept.
        outbox_size: Bytes that may wait for one reader. A reader further behind is disconnected
            with ``SLOW_READER``, also where a single long frame is the reason.
        open_timeout: Seconds for the WebSocket handshake.
        login_timeout: Seconds from the handshake to the first successful hello.
        ping_interval: Seconds between WebSocket pings.
        ping_timeout: Seconds to wait for a pong before the connection counts as dead.
        close_timeout: Seconds for the closing handshake.
        drain: Seconds that calls under way get to end when the gateway stops.
        channels: Contexts that every user has from the first login on.
        limits: Bounds of the router.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    max_connections: int = 10_000
    login_size: int = 128 * 1024
    max_size: int = 16 * 1024 * 1024
    outbox_size: int = 32 * 1024 * 1024
    open_timeout: float = 10.0
    login_timeout: float = 10.0
    ping_interval: float = 15.0
    ping_timeout: float = 15.0
    close_timeout: float = 2.0
    drain: float = 5.0
    channels: tuple[Channel, ...] = DEFAULT_CHANNELS
    limits: Limits = Limits()
