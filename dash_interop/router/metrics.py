"""The domain ``metrics``: clients of this family join and report; nobody reads it here."""

from __future__ import annotations

from typing import Any

from ..wire.login import Join
from ..wire.metrics import VOCABULARY
from .effects import Probe
from .peers import Peer
from .switchboard import Switchboard

__all__ = ["Metrics"]


class Metrics:
    vocabularies = (VOCABULARY,)

    def __init__(self, board: Switchboard) -> None:
        """Nothing is kept."""

    def arrive(self, peer: Peer) -> None:
        """Nothing is to be said."""

    def depart(self, peer: Peer) -> None:
        """Nothing is kept of it."""

    def join(self, peer: Peer, message: Join) -> bool:
        return True

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        """Nobody has to be told."""

    def handle(self, peer: Peer, message: Any) -> None:
        """Reports get no answer."""

    def passes_over(self, message: Any) -> bool:
        return True

    def heard(self, probe: Probe) -> None:
        """It never asks."""

    def end_turn(self) -> None:
        """It puts nothing off."""

    @property
    def is_busy(self) -> bool:
        return False

    def tick(self) -> None:
        """Nothing is ever due."""

    def next_deadline(self) -> float | None:
        return None

    def counters(self) -> dict[str, int]:
        return {}

    def snapshot(self) -> dict[str, Any]:
        return {}
