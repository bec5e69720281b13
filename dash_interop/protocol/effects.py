"""What a brain asks its shell to do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from msgspec import Struct

from .messages import Outbound

ConnectionId: TypeAlias = Hashable
"""How the shell names a connection; opaque to the brain."""


class Send(Struct, frozen=True, gc=False):
    """Send ``message`` over ``connection``, in the order of the effects."""

    connection: ConnectionId
    message: Outbound


class Close(Struct, frozen=True, gc=False):
    """Close ``connection`` after what was sent before has left."""

    connection: ConnectionId
    code: int
    reason: str


Effect: TypeAlias = Send | Close
