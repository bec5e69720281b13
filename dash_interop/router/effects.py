"""What the router asks its shell to do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from msgspec import Struct

from ..wire.envelope import Outbound

__all__ = ["ConnectionId", "Send"]

ConnectionId: TypeAlias = Hashable
"""How the shell names a connection; opaque to the router."""


class Send(Struct, frozen=True, gc=False):
    """Send ``message`` over ``connection``, in the order of the effects."""

    connection: ConnectionId
    message: Outbound
