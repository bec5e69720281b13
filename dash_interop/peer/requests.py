"""What is asked of servers."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from ..wire.definitions import MethodDefinition
from .targets import Target

__all__ = ["ServerRequest"]


class ServerRequest(Struct, frozen=True, kw_only=True):
    """
    What a caller asks of the servers of a method, or a subscriber of the publishers of a stream.

    Attributes:
        method: The method or stream, as it was named.
        arguments: As they were given.
        encoded: The same as JSON.
        target: Which servers it is for.
        wait_timeout: Longest wait for such a server, in seconds.
        response_timeout: Longest wait for the answers, in seconds.
    """

    method: MethodDefinition
    arguments: Any
    encoded: Raw
    target: Target
    wait_timeout: float
    response_timeout: float
