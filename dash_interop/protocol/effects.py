"""What a brain asks its shell to do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from msgspec import Struct

from ..errors import InteropError
from .messages import Outbound
from .queue import Invocation

ConnectionId: TypeAlias = Hashable
"""How the shell names a connection; opaque to the brain."""


class Send(Struct, frozen=True, gc=False):
    """The router's: send ``message`` over ``connection``, in the order of the effects."""

    connection: ConnectionId
    message: Outbound


class Transmit(Struct, frozen=True, gc=False):
    """A peer's: send ``frame`` to the gateway, in the order of the effects."""

    frame: bytes


class Settle(Struct, frozen=True):
    """A peer's: the request that ``token`` stands for has ended, with a value or an error."""

    token: Any
    value: Any = None
    error: InteropError | None = None


class Run(Struct, frozen=True):
    """A peer's: run the handler of an invocation and answer it."""

    invocation: Invocation


class Stop(Struct, frozen=True):
    """A peer's: the time of a running invocation is up; its answer will be dropped."""

    invocation: Invocation


class Emit(Struct, frozen=True):
    """A peer's: tell the listeners of ``source``, in the order of the effects."""

    source: Any
    event: str
    arguments: tuple[Any, ...] = ()


PeerEffect: TypeAlias = Transmit | Settle | Run | Stop | Emit
