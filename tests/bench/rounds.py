"""
What is made of many rounds: the order of turns, medians, and ratios.

Candidates are measured in turn, round by round, and two trees right after each other, so that
whatever disturbs the machine disturbs all of them. Which of the two comes first alternates, as the
second finds another machine than the first: warmer, or busy with what the first left behind.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = [
    "Comparison",
    "Figures",
    "Samples",
    "compare",
    "measure_in_turn",
    "medians",
    "quartiles",
    "ratios",
    "turn",
]

Figures = Mapping[str, float]
"""What one round gave, or what is made of all of them, by the names of the figures."""
Samples = dict[str, list[float]]
"""The values of each figure, round by round."""
Key = TypeVar("Key")


class Bench(Protocol):
    """Something that is running and can be measured, again and again."""

    async def measure(self) -> Figures:
        """Measure one round."""
        ...


def turn(items: Sequence[Key], number: int) -> list[Key]:
    """Return the order in round ``number``: as given, or in each second round the reverse."""
    return list(items) if number % 2 == 0 else list(reversed(items))


async def measure_in_turn(
    benches: Mapping[str, Mapping[str, Bench]], rounds: int, progress: Callable[[str], None]
) -> dict[str, dict[str, Samples]]:
    """
    Measure every candidate in every tree, round by round.

    Args:
        benches: By candidate and tree.
        rounds: How often each is measured.
        progress: Is told of each round.

    Returns:
        The samples, by candidate and tree.
    """
    samples: dict[str, dict[str, Samples]] = {
        name: {tree: {} for tree in of_trees} for name, of_trees in benches.items()
    }
    for number in range(rounds):
        for name, of_trees in benches.items():
            for tree in turn(list(of_trees), number):
                figures = await of_trees[tree].measure()
                for key, value in figures.items():
                    samples[name][tree].setdefault(key, []).append(value)
                which = name if len(of_trees) == 1 else f"{name}, {tree}"
                key, rate = next(iter(figures.items()))
                unit = key.removesuffix("_per_second").replace("_", " ")
                progress(f"round {number + 1} of {rounds}: {which}: {rate:,.0f} {unit}/s")
    return samples


def medians(samples: Samples) -> dict[str, float]:
    """Return the median of each figure over the rounds."""
    return {key: statistics.median(values) for key, values in samples.items()}


def ratios(figures: Mapping[str, Figures], name_of_reference: str) -> dict[str, dict[str, float]]:
    """Divide the figures of each other candidate by those of the reference, where there are any."""
    reference = figures.get(name_of_reference, {})
    return {
        name: {key: value / reference[key] for key, value in own.items() if reference.get(key)}
        for name, own in figures.items()
        if reference and name != name_of_reference
    }


@dataclass(frozen=True)
class Comparison:
    """One figure of the present tree beside that of the other."""

    present: float
    """Median over the rounds."""
    other: float
    ratio: float | None
    """
    How much better the present tree does, above 1, or worse, below: the median of the ratios of
    each round; ``None`` where one of the two was too small to be measured.
    """
    low: float | None
    """Half of the rounds had a ratio between this ..."""
    high: float | None
    """... and this one."""


def compare(present: Samples, other: Samples) -> dict[str, Comparison]:
    """Compare two trees round by round, figure by figure."""
    return {key: _compared(key, present[key], other[key]) for key in present}


def _compared(key: str, present: Sequence[float], other: Sequence[float]) -> Comparison:
    pairs = [(own, its) for own, its in zip(present, other, strict=True) if own and its]
    more_is_better = key.endswith("_per_second")
    gains = [own / its if more_is_better else its / own for own, its in pairs]
    low, ratio, high = quartiles(gains) if gains else (None, None, None)
    return Comparison(statistics.median(present), statistics.median(other), ratio, low, high)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return what a quarter, a half and three quarters of the values are below of."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high
