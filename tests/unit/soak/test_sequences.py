"""Sequences are the same for one seed, hold all that may happen, and can be made shorter."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import get_args

from tests.soak.answers import ANSWERS
from tests.soak.reduction import reduced
from tests.soak.sequences import Answer, Change, Pause, Sequence, Step, Void, sequence_of
from tests.support.apps_changing import CHANGES

SEEDS = range(300)


def test_a_seed_always_makes_the_same_sequence() -> None:
    assert [sequence_of(seed) for seed in SEEDS] == [sequence_of(seed) for seed in SEEDS]


def test_seeds_make_different_sequences() -> None:
    assert len({sequence_of(seed) for seed in SEEDS}) == len(SEEDS)


def test_everything_happens_in_some_sequence() -> None:
    steps = [step for seed in SEEDS for step in sequence_of(seed).steps]
    assert {type(step) for step in steps} == set(get_args(Step))
    assert {step.name for step in steps if isinstance(step, Change)} == set(CHANGES)
    assert {step.name for step in steps if isinstance(step, Answer)} == set(ANSWERS)
    assert any(sequence_of(seed).failing for seed in SEEDS)
    assert {sequence_of(seed).slowdown for seed in SEEDS} == {1, 5}


def test_no_number_is_of_two_steps() -> None:
    for seed in SEEDS:
        used = Counter(
            number
            for step in sequence_of(seed).steps
            for number in {*getattr(step, "numbers", ()), getattr(step, "number", None)} - {None}
        )
        assert set(used.values()) <= {1}


def test_what_is_left_of_a_sequence_are_the_steps_that_fail() -> None:
    guilty = (Void((1, 2)), Change("wrap"))
    steps = (Pause(1), guilty[0], Pause(2), Answer("cut"), guilty[1], Pause(3))
    sequence = Sequence(steps, frozenset({2}))

    def fails(fewer: Sequence) -> bool:
        return set(guilty) <= set(fewer.steps)

    assert reduced(sequence, fails) == replace(sequence, steps=guilty)


def test_a_sequence_that_does_not_fail_again_stays_whole() -> None:
    sequence = sequence_of(1)
    assert reduced(sequence, lambda fewer: False) == sequence
