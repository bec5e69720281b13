"""What the router asks its shell to do."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from msgspec import Struct

from ..wire.envelope import Outbound

__all__ = [
    "Audience",
    "Close",
    "ConnectionId",
    "EndTurn",
    "FanOut",
    "Probe",
    "RouterEffect",
    "Send",
]

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


class Probe(Struct, frozen=True, gc=False):
    """
    Find out when the other end of ``connection`` has read all that was sent before, and have the
    router hear it then; nothing comes of it when the connection ends.

    Attributes:
        domain: Who asks.
        key: What for.
    """

    connection: ConnectionId
    domain: str
    key: Hashable


class EndTurn(Struct, frozen=True, gc=False):
    """
    Call ``Router.end_turn`` once what has arrived by now is handled, and let others have their turn
    before: there is something to tell that can be told together, or that is a lot.
    """


class Close(Struct, frozen=True, gc=False):
    """
    Close a connection behind what was sent before; the shell says when it has ended.

    Attributes:
        code: Close code of WebSockets.
        reason: In words.
    """

    connection: ConnectionId
    code: int
    reason: str


RouterEffect: TypeAlias = Send | FanOut | Probe | Close | EndTurn
