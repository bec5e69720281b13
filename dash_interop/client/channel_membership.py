"""Which channels a client has joined, and who follows it."""

from __future__ import annotations

import asyncio
from typing import Literal, TypeAlias

from .channel_subscribing import ChannelSubscriptionBase
from .engine import Engine

__all__ = ["Membership", "Mode"]

Mode: TypeAlias = Literal["single", "multi"]


class Membership:
    """
    Which channels a client has joined. All of it happens on the loop.

    Attributes:
        mode: Whether it is one at a time.
        turn: Held by who changes it after a wait, so that changes happen in their order.
        followers: Subscriptions to whatever is joined.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.mode: Mode = "single"
        self.turn = asyncio.Lock()
        self.followers: dict[ChannelSubscriptionBase, None] = {}
        self._joined: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return list(self._joined)

    def join(self, name: str) -> None:
        if name not in self._joined:
            self._change((name,) if self.mode == "single" else (*self._joined, name))

    def leave(self, name: str | None) -> None:
        self._change(tuple(each for each in self._joined if name not in (None, each)))

    def change_mode(self, mode: Mode) -> None:
        self.mode = mode
        if mode == "single":
            self._change(self._joined[-1:])

    def _change(self, joined: tuple[str, ...]) -> None:
        if joined == self._joined:
            return
        self._joined = joined
        for follower in list(self.followers):
            follower.follow(self.names)
        self._engine.listeners.tell("my_channels_changed", self.names)
