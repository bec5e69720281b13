"""How the parts of a brain, the router's or a peer's, know the time and say what is to be done."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Turn"]

Effect = TypeVar("Effect")


class Turn(Generic[Effect]):
    """
    What the parts of a brain share while it handles one message, tick or question.

    The shell gives the time at the beginning; the parts read it, and add effects in the order in
    which the shell has to carry them out; the shell takes them at the end.

    Attributes:
        now: The time of what is being handled, in seconds of any monotonic clock.
        effects: What the shell has not taken yet.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.effects: list[Effect] = []

    def take(self) -> list[Effect]:
        """The effects since the last time; the shell has to carry them out."""
        effects, self.effects = self.effects, []
        return effects
