"""Every setting of a gateway, with its unit and default."""

from __future__ import annotations

from msgspec import Struct

from ..router.contexts.channels import DEFAULT_CHANNELS, Channel
from ..router.limits import Limits
from ..settings import DEFAULT_PORT
from .pace import Rate, Rates

__all__ = ["GatewayConfig"]


class GatewayConfig(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        host: Address to listen on.
        port: TCP port; 0 picks a free one.
        max_connections: Connections over which somebody is logged in; more are refused with 503.
            ``limits`` has how many of them users may have, together and each.
        max_waiting: Connections over which nobody has logged in yet, those in the handshake
            included. When there are more, that which has waited longest is closed with
            ``LOGIN_TIMEOUT``, of the address that has most.
        max_waiting_per_address: The same of one address, or of one /64 network of IPv6.
        login_size: Longest frame before the first login, in bytes; a longer one closes with 1009,
            as soon as it begins.
        login_frames: Frames before the first login; one more closes with ``LOGIN_TIMEOUT``.
        max_size: Longest frame that is accepted, in bytes; a longer one closes with 1009. Peers are
            told it when they log in, and ours send no longer ones. What is relayed may become a
            little longer, which readers have to accept.
        outbox_size: Bytes that may wait for one reader. A reader further behind is disconnected
            with ``SLOW_READER``, also where a single long frame is the reason.
        outboxes_size: Bytes that may wait for all readers together. When more does, readers are
            disconnected in the same way, those furthest behind first.
        frame_rate: Frames in a second of one connection. Whoever sends faster is read more slowly.
        byte_rate: The same in bytes.
        user_frame_rate: Frames in a second of all connections of one user.
        user_byte_rate: The same in bytes.
        rate_patience: Seconds for which a connection may be slowed at a stretch; then it is closed
            with ``TOO_FAST``.
        open_timeout: Seconds for the WebSocket handshake.
        login_timeout: Seconds from the handshake to the first successful hello.
        ping_interval: Seconds without a byte from the other end, and without one that it makes room
            for, after which it is sent a WebSocket ping.
        ping_timeout: Seconds to wait for any of these before the connection counts as dead.
        close_timeout: Seconds for the closing handshake.
        drain: Seconds that calls under way get to end when the gateway stops.
        channels: Contexts that every user has from the first login on.
        limits: Bounds of the router.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    max_connections: int = 10_000
    max_waiting: int = 2_000
    max_waiting_per_address: int = 1_000
    login_size: int = 128 * 1024
    login_frames: int = 16
    max_size: int = 16 * 1024 * 1024
    outbox_size: int = 32 * 1024 * 1024
    outboxes_size: int = 256 * 1024 * 1024
    frame_rate: float = 100_000.0
    byte_rate: float = 256.0 * 1024 * 1024
    user_frame_rate: float = 400_000.0
    user_byte_rate: float = 1024.0 * 1024 * 1024
    rate_patience: float = 30.0
    open_timeout: float = 10.0
    login_timeout: float = 10.0
    ping_interval: float = 15.0
    ping_timeout: float = 15.0
    close_timeout: float = 2.0
    drain: float = 5.0
    channels: tuple[Channel, ...] = DEFAULT_CHANNELS
    limits: Limits = Limits()

    @property
    def rates(self) -> Rates:
        """How fast one may send."""
        return Rates(
            Rate(self.frame_rate, self.byte_rate),
            Rate(self.user_frame_rate, self.user_byte_rate),
            self.rate_patience,
        )
