"""Fewer steps that fail as well, for people who look for the fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.soak.sequences import Sequence


def reduced(sequence: Sequence, fails: Callable[[Sequence], bool]) -> Sequence:
    """Take steps away, the last ones first, as long as what is left still fails."""
    present = sequence
    for index in reversed(range(len(sequence.steps))):
        steps = present.steps
        fewer = replace(present, steps=steps[:index] + steps[index + 1 :])
        if fails(fewer):
            present = fewer
    return present
