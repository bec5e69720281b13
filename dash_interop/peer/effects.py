"""What a peer's brain asks its shell to do."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from ..errors import InteropError
from .queue import Invocation

__all__ = ["Emit", "PeerEffect", "Run", "Settle", "Stop", "Transmit"]


class Transmit(Struct, frozen=True, gc=False):
    """Send ``frame`` to the gateway, in the order of the effects."""

    frame: bytes


class Settle(Struct, frozen=True):
    """The request that ``token`` stands for has ended, with a value or an error."""

    token: Any
    value: Any = None
    error: InteropError | None = None


class Run(Struct, frozen=True):
    """Run the handler of an invocation and answer it."""

    invocation: Invocation


class Stop(Struct, frozen=True):
    """The time of a running invocation is up; its answer will be dropped."""

    invocation: Invocation


class Emit(Struct, frozen=True):
    """Tell the listeners of ``source``, in the order of the effects."""

    source: Any
    event: str
    arguments: tuple[Any, ...] = ()


PeerEffect: TypeAlias = Transmit | Settle | Run | Stop | Emit
