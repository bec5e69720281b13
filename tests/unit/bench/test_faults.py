"""What one peer takes from the others, measured once, and little of it."""

from __future__ import annotations

import asyncio

from tests.bench.faults import FIGURES, ROWS, Plan, measure
from tests.bench.trees import PRESENT, present_tree


def test_a_fault_is_measured_while_others_call_each_other() -> None:
    said: list[str] = []
    plan = Plan(is_quick=True, rows=("15-100",))
    measured = asyncio.run(measure({PRESENT: present_tree()}, plan, said.append))
    assert said[-1].startswith("15-100, present tree: others' p99 ")
    figures = measured["15-100: 50 peers of one user join at once"][PRESENT]
    assert figures.keys() <= FIGURES.keys()
    assert figures["failed"] == 0
    # Each of them hears its answer, and of each of the others.
    assert figures["frames"] == 50 * 50
    assert 0 < figures["p50_idle_ms"] <= figures["p99_idle_ms"]
    assert 0 < figures["mb_before"] <= figures["mb_most"]


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
