"""What a peer's brain asks its shell to do; domains may have more, with a shell of their own."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..errors import InteropError

__all__ = ["Emit", "PeerEffect", "Settle", "Transmit"]


class PeerEffect(Struct, frozen=True):
    """Something to do; what was asked for first is done first."""


class Transmit(PeerEffect, frozen=True, gc=False):
    """Send ``frame`` to the gateway."""

    frame: bytes


class Settle(PeerEffect, frozen=True):
    """The request that ``token`` stands for has ended, with a value or an error."""

    token: Any
    value: Any = None
    error: InteropError | None = None


class Emit(PeerEffect, frozen=True):
    """Tell the listeners of ``source``."""

    source: Any
    event: str
    arguments: tuple[Any, ...] = ()
