"""What is asked of a context: to be told of it, to read it, to write it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from .deadlines import Timer

__all__ = ["Reading", "Watch", "Write"]


class Watch:
    """
    A subscription to a context.

    Attributes:
        name: The context.
        owner: Hears ``change(ContextChange)``, and ``failed(error)`` when it ends by a failure.
        has_value: Whether it was told of a value that is still there.
    """

    def __init__(self, name: str, owner: Any) -> None:
        self.name = name
        self.owner = owner
        self.has_value = False


class Reading(Struct, eq=False):
    """Somebody who wants the value once; ``token`` is settled with it and its version."""

    token: Any
    timer: Timer


class Write:
    """
    Args:
        token: Settled when the gateway has written, or with an error.
        delta: What is written, in the form in which it travels; ``None`` destroys the context.
        if_version: The version that the context has to have; 0 for none; ``None`` for any.
        creates: Whether it makes a context that is not there.
        number: Grows with each write.

    Attributes:
        found_nothing: Whether there was no such context, and the gateway was asked to be sure.
    """

    def __init__(
        self,
        token: Any,
        delta: dict[str, Any] | None,
        if_version: int | None,
        creates: bool,
        number: int,
    ) -> None:
        self.token = token
        self.delta = delta
        self.if_version = if_version
        self.creates = creates
        self.number = number
        self.found_nothing = False
        self.timer: Timer | None = None
        self.is_settled = False

    def __lt__(self, other: Write) -> bool:
        return self.number < other.number
