"""Every way in which the promise can be broken is found, and none where it was kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak.answers import Request
from tests.soak.promise import Outcome, Seen, faults

KEPT = Seen(
    failing=frozenset({5, 6}),
    written=[1, 1, 5],
    called=[5, 1, 1],
    acknowledged=[2, 6, 7, 8],
    noted=[2, 6, 8],
    outcomes=[
        Outcome("Sum", 3, returned=3),
        Outcome("Sum", 5, error="it raised"),
        Outcome("Grow", 4, error="no answer"),
    ],
    requests=[
        Request("change.n_clicks", 1, "fine"),
        Request("invoke.result", 1, "fine"),
        Request("invoke.result", 1, "reset"),
        Request("invoke.result", 5, "slow"),
        Request("note.invoke", 2, "fine"),
        Request("note.invoke", 6, "fine"),
        Request("note.invoke", 7, "401"),
        Request("note.invoke", 8, "cut"),
        Request("sum.invoke", 3, "slow"),
        Request("sum.invoke", 5, "fine"),
        Request("grow.invoke", 4, "login page"),
    ],
    said_lost=2,
)

BROKEN = {
    "0 calls with 1 instead of 2": replace(KEPT, called=[5]),
    "2 calls with 5 instead of 1": replace(KEPT, called=[5, 5, 1, 1]),
    "1 calls with 9 instead of 0": replace(KEPT, called=[5, 1, 1, 9]),
    "3 results with 1 instead of 2": replace(
        KEPT, requests=[*KEPT.requests, Request("invoke.result", 1, "fine")]
    ),
    "0 results with 5 instead of 1": replace(
        KEPT, requests=[each for each in KEPT.requests if each.prop != "invoke.result"]
    ),
    "0 void invocations with 9 instead of 1": replace(
        KEPT, acknowledged=[*KEPT.acknowledged, 9], said_lost=9
    ),
    "2 void invocations with 7 instead of 1": replace(
        KEPT, requests=[*KEPT.requests, Request("note.invoke", 7, "fine")]
    ),
    "2 runs of the void handler with 2 instead of 1": replace(KEPT, noted=[2, 2, 6, 8]),
    "1 void invocations did not run, and the console knows of 0": replace(KEPT, said_lost=0),
    "2 runs of Sum with 3 instead of 1": replace(
        KEPT, requests=[*KEPT.requests, Request("sum.invoke", 3, "fine")]
    ),
    "0 runs of Grow with 9 instead of 1": replace(
        KEPT, outcomes=[*KEPT.outcomes, Outcome("Grow", 9, returned=9)]
    ),
    "Sum 3 failed: no result": replace(
        KEPT, outcomes=[*KEPT.outcomes[1:], Outcome("Sum", 3, error="no result")]
    ),
    "Sum 3 returned 4": replace(KEPT, outcomes=[*KEPT.outcomes[1:], Outcome("Sum", 3, returned=4)]),
    "Sum was withdrawn": replace(KEPT, gone=["Sum"]),
    "stuck: Sum 3": replace(KEPT, stuck=["Sum 3"]),
}


def test_there_are_no_faults_where_only_bad_answers_and_handlers_that_raise_were_felt() -> None:
    assert faults(KEPT) == []


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_lost_or_happens_twice_is_a_fault(fault: str) -> None:
    assert fault in faults(BROKEN[fault])


@pytest.mark.parametrize("number", [3, 5])
def test_an_invocation_whose_caller_was_told_nothing_is_a_fault(number: int) -> None:
    outcomes = [outcome for outcome in KEPT.outcomes if outcome.number != number]
    assert faults(replace(KEPT, outcomes=outcomes)) == [f"1 runs of Sum with {number} instead of 0"]
