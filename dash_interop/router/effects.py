"""What the router asks its shell to do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from msgspec import Struct

from ..wire.envelope import Outbound

__all__ = ["Audience", "ConnectionId", "FanOut", "RouterEffect", "Send"]

ConnectionId: TypeAlias = Hashable
"""How the shell names a connection; opaque to the router."""

Audience: TypeAlias = tuple[tuple[ConnectionId, tuple[bytes, ...]], ...]
"""
Connections, each of them once, with the heads of the frames that go there. It stays the same object
as long as nobody joins or leaves, so that the shell can tell by it who gets several in a row.
"""


class Send(Struct, frozen=True, gc=False):
    """Send ``message`` over ``connection``, in the order of the effects."""

    connection: ConnectionId
    message: Outbound


class FanOut(Struct, frozen=True, gc=False):
    """
    Send one frame for each head in ``audience``: the head and then ``tail``, as UTF-8 text.

    Encoded once, as a message to many is the same for all of them but for its beginning.
    """

    audience: Audience
    tail: bytes


RouterEffect: TypeAlias = Send | FanOut
