"""Happenings of one seed after the other, to a gateway and its peers; what broke a promise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from tests.soak.company import Company
from tests.soak.happenings import Happenings, happenings_of
from tests.soak.kept_promise import broken
from tests.soak.reduction import reduced

__all__ = ["faults_of", "soak_companies"]

Say = Callable[[str], None]

TOLD_EVERY = 20
"""Sequences between two lines about how far it is."""


def soak_companies(first: int, count: int, is_to_reduce: bool, say: Say) -> list[int]:
    """
    Args:
        first: Seed of the first sequence; the next ones follow it.
        count: How many.
        is_to_reduce: Whether to look for fewer steps that fail, too.
        say: Told how far it is, and what went wrong.

    Returns:
        The seeds of those that broke a promise.
    """
    failed: list[int] = []
    seeds = iter(range(first, first + count))
    begun = time.monotonic()

    def tell(seed: int) -> None:
        done = seed - first + 1
        if done % TOLD_EVERY == 0 or done == count:
            seconds = time.monotonic() - begun
            say(f"gateway: {done} of {count}, {len(failed)} failed, {seconds:.0f} s")

    # After a fault nobody knows what state they are in: another company takes their place.
    while (found := asyncio.run(_until_one_fails(seeds, tell))) is not None:
        seed, faults = found
        failed.append(seed)
        happenings = happenings_of(seed)
        say("\n".join([f"seed {seed}:", str(happenings), "faults:", *faults]))
        say(f"  again: make soak ARGS='--only gateway --seed {seed} --sequences 1 --reduce'")
        if is_to_reduce:
            few = reduced(happenings, lambda fewer: bool(asyncio.run(faults_of(fewer))))
            say(f"{len(few.steps)} of these steps suffice:\n{few}")
    return failed


async def faults_of(happenings: Happenings) -> list[str]:
    """How these break a promise, with a company of their own; empty where they do not."""
    async with Company() as company:
        return broken(await company.carry_out(happenings))


async def _until_one_fails(
    seeds: Iterator[int], tell: Callable[[int], None]
) -> tuple[int, list[str]] | None:
    """The first that fails, and why; ``None`` when there are no more."""
    async with Company() as company:
        for seed in seeds:
            found = broken(await company.carry_out(happenings_of(seed)))
            tell(seed)
            if found:
                return seed, found
    return None
