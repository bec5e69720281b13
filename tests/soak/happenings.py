"""What may happen to a gateway and its peers, and a random order of it for each seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

__all__ = [
    "MORTAL",
    "PEERS",
    "Call",
    "CloseSubscription",
    "Cut",
    "Happenings",
    "KillGateway",
    "KillPeer",
    "Pause",
    "Push",
    "Register",
    "Settle",
    "Stall",
    "Step",
    "Subscribe",
    "Unregister",
    "happenings_of",
]

PEERS = ("a", "b", "c")
"""Those whose connections can be cut; each calls, answers, publishes and subscribes."""

MORTAL = "m"
"""A process that answers, and can be killed."""

METHODS = (0, 1)
"""What each peer may offer; the mortal one offers the first of them all the time."""

KINDS = ("quick", "quick", "slow", "failing", "given up")


@dataclass(frozen=True)
class Register:
    peer: str
    method: int


@dataclass(frozen=True)
class Unregister:
    peer: str
    method: int


@dataclass(frozen=True)
class Call:
    """
    Calls of one method in a burst; they may be under way during the steps that follow. Those that
    are given up are cancelled by their caller soon after they were made.
    """

    caller: str
    callee: str
    method: int
    kind: str
    count: int


@dataclass(frozen=True)
class Subscribe:
    subscriber: str
    publisher: str


@dataclass(frozen=True)
class CloseSubscription:
    """The oldest that there is."""


@dataclass(frozen=True)
class Push:
    publisher: str
    count: int


@dataclass(frozen=True)
class Cut:
    """The connection of a peer breaks, at both ends."""

    peer: str


@dataclass(frozen=True)
class Stall:
    """Nothing passes over the connection of a peer for a while."""

    peer: str
    milliseconds: int


@dataclass(frozen=True)
class KillPeer:
    """SIGKILL for the mortal one, and another one in its place."""


@dataclass(frozen=True)
class KillGateway:
    """SIGKILL for the gateway, and another one in its place."""


@dataclass(frozen=True)
class Pause:
    milliseconds: int


@dataclass(frozen=True)
class Settle:
    """Wait until everything is as it should be, and nothing under way."""


Step: TypeAlias = (
    Register
    | Unregister
    | Call
    | Subscribe
    | CloseSubscription
    | Push
    | Cut
    | Stall
    | KillPeer
    | KillGateway
    | Pause
    | Settle
)


@dataclass(frozen=True)
class Happenings:
    """Some steps, in their order; whoever carries them out settles at the end."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(f"  {step}" for step in self.steps)


def happenings_of(seed: int) -> Happenings:
    """Those of a seed, always the same."""
    return _Maker(Random(f"happenings {seed}")).make()


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._offered = {(peer, 0) for peer in PEERS}

    def make(self) -> Happenings:
        makers: dict[Callable[[], Step], float] = {
            self._call: 8,
            self._register: 2,
            lambda: Subscribe(self._peer(), self._peer()): 3,
            CloseSubscription: 1,
            lambda: Push(self._peer(), self._random.choice((1, 5, 40))): 4,
            lambda: Cut(self._peer()): 1.5,
            lambda: Stall(self._peer(), self._random.choice((10, 100, 300))): 1.5,
            KillPeer: 0.3,
            KillGateway: 0.3,
            lambda: Pause(self._random.choice((1, 10, 40))): 2,
            Settle: 1,
        }
        count = self._random.randint(6, 18)
        chosen = self._random.choices(list(makers), list(makers.values()), k=count)
        return Happenings(tuple(make() for make in chosen))

    def _peer(self) -> str:
        return self._random.choice(PEERS)

    def _register(self) -> Step:
        offer = (self._peer(), self._random.choice(METHODS))
        if offer in self._offered:
            self._offered.remove(offer)
            return Unregister(*offer)
        self._offered.add(offer)
        return Register(*offer)

    def _call(self) -> Step:
        callee, method = self._random.choice([*sorted(self._offered), (MORTAL, 0)])
        kind = self._random.choice(KINDS)
        count = self._random.choice((1, 1, 3, 20)) if kind != "slow" else 2
        return Call(self._peer(), callee, method, kind, count)
