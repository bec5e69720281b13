"""What may happen to a page, and a random order of it for each seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tests.soak.answers import ANSWERS, FINE
from tests.support.apps_changing import CHANGES

FIRST_NUMBER = 1_000
"""Numbers tell writes and invocations apart; clicks count from 1 on."""
PLACES = ("first", "last")


@dataclass(frozen=True)
class Void:
    """Invocations of the void method, in a burst."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """Invocations of the method that returns a result, in a burst."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Write:
    """Values written to the ``MethodInvoke`` in one turn; a number may come again."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """A callback that changes the layout, and its end."""

    name: str


@dataclass(frozen=True)
class Bring:
    """A callback that makes all components anew, the ``MethodInvoke`` with a value; and its end."""

    number: int


@dataclass(frozen=True)
class Order:
    """A callback that writes a value and changes the layout; and its end."""

    number: int
    name: str
    place: str
    """Where the value is among its outputs: one of ``PLACES``."""


@dataclass(frozen=True)
class Grow:
    """An invocation whose handler changes the layout, and its end."""

    number: int
    name: str


@dataclass(frozen=True)
class Answer:
    """How the Dash server answers from now on."""

    name: str


@dataclass(frozen=True)
class Pause:
    """Time for what is under way to get somewhere else."""

    milliseconds: int


Step: TypeAlias = Void | Call | Write | Change | Bring | Order | Grow | Answer | Pause


@dataclass(frozen=True)
class Sequence:
    steps: tuple[Step, ...]
    failing: frozenset[int]
    """Numbers whose handlers raise."""
    slowdown: int = 1
    """How many times slower than the machine the page is: turns of Dash's renderer take longer."""

    def __str__(self) -> str:
        lines = [f"  {step}" for step in self.steps]
        lines += [f"  handlers raise with {sorted(self.failing)}"] if self.failing else []
        lines += [f"  the page is {self.slowdown} times slower"] if self.slowdown > 1 else []
        return "\n".join(lines)


def sequence_of(seed: int) -> Sequence:
    """The sequence of a seed, always the same."""
    return _Maker(Random(seed)).make()


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = FIRST_NUMBER
        self._failing: set[int] = set()

    def make(self) -> Sequence:
        makers: dict[Callable[[], Step], int] = {
            lambda: Void(self._numbers()): 4,
            lambda: Call(self._numbers()): 4,
            lambda: Write(self._written()): 4,
            lambda: Change(self._change()): 5,
            lambda: Bring(self._number()): 1,
            lambda: Order(self._number(), self._change(), self._random.choice(PLACES)): 2,
            lambda: Grow(self._number(), self._change()): 2,
            lambda: Answer(self._random.choice(list(ANSWERS))): 2,
            lambda: Answer(FINE): 2,
            lambda: Pause(self._random.choice((5, 20, 50, 120))): 3,
        }
        chosen = self._random.choices(
            list(makers), list(makers.values()), k=self._random.randint(6, 16)
        )
        steps = tuple(make() for make in chosen)
        slowdown = self._random.choice((1, 1, 1, 5))
        return Sequence(steps, frozenset(self._failing), slowdown)

    def _change(self) -> str:
        return self._random.choice(list(CHANGES))

    def _number(self) -> int:
        self._last += 1
        if self._random.random() < 0.1:
            self._failing.add(self._last)
        return self._last

    def _numbers(self) -> tuple[int, ...]:
        return tuple(self._number() for _ in range(self._random.choice((1, 1, 1, 2, 3, 8))))

    def _written(self) -> tuple[int, ...]:
        numbers = self._numbers()
        return numbers * 2 if self._random.random() < 0.2 else numbers
