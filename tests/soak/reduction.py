"""Fewer steps that fail as well, for people who look for the fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tests.soak.happenings import Happenings
from tests.soak.sequences import Sequence

__all__ = ["reduced"]

S = TypeVar("S", Sequence, Happenings)


def reduced(sequence: S, fails: Callable[[S], bool]) -> S:
    """Take steps away, the last ones first, as long as what is left still fails."""
    present = sequence
    for index in reversed(range(len(sequence.steps))):
        fewer = replace(present, steps=(*present.steps[:index], *present.steps[index + 1 :]))
        if fails(fewer):
            present = fewer
    return present
