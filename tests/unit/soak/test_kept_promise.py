"""What has to be true after happenings, given what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak.happenings import Happenings, KillGateway, KillPeer, happenings_of
from tests.soak.kept_promise import Ended, Handled, Seen, broken
from tests.soak.reduction import reduced

DONE = Ended(1, True, "quick", returned=1)
LOST = Ended(1, False, "quick", error="ConnectionLost: the gateway has gone")


def seen(**changes: object) -> Seen:
    """One call that went well, and data that came; with changes."""
    well = Seen(
        called=[1],
        ended=[DONE],
        handled=[Handled("a", 0, "b", 1)],
        data={1: [4, 5, 9]},
        owed={1: [4, 5]},
    )
    return replace(well, **changes)


def test_what_went_well_breaks_no_promise() -> None:
    assert broken(seen()) == []
    # A call may be lost where something happened, and handled or not.
    assert broken(seen(ended=[LOST])) == []
    assert broken(seen(ended=[replace(LOST, delivered="no")], handled=[])) == []
    failing = Ended(1, True, "failing", error="HandlerFailed: ValueError: 1 was to fail")
    assert broken(seen(ended=[failing])) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"ended": []}, "call 1 ended 0 times"),
        ({"ended": [DONE, LOST]}, "call 1 ended 2 times"),
        ({"ended": [replace(DONE, returned=2)]}, "call 1 returned 2"),
        ({"handled": []}, "call 1 succeeded and was not handled"),
        ({"ended": [replace(LOST, is_undisturbed=True)]}, "call 1 failed, and nothing had"),
        ({"ended": [replace(LOST, delivered="no")]}, "call 1 was handled, and is said not"),
        ({"handled": [Handled("a", 0, "b", 1)] * 2}, "call 1 was handled 2 times"),
        (
            {"handled": [Handled("a", 0, "b", 2), Handled("a", 0, "b", 1)]},
            "call 1 was handled after 2",
        ),
        ({"data": {1: [4, 5, 5]}}, "subscription 1 was told [4, 5, 5]"),
        ({"data": {1: [5, 4]}}, "subscription 1 was told [5, 4]"),
        ({"data": {1: [5]}}, "subscription 1 was never told [4]"),
        ({"stuck": ["a call"]}, "stuck: a call"),
        ({"left": {"calls": 3}}, "left over: 3 calls"),
    ],
)
def test_each_way_to_break_it_is_seen(changes: dict[str, object], fault: str) -> None:
    assert any(each.startswith(fault) for each in broken(seen(**changes)))


def test_handlers_of_several_callers_and_methods_need_no_common_order() -> None:
    handled = [Handled("a", 0, "b", 1), Handled("a", 1, "b", 3), Handled("a", 0, "c", 2)]
    assert broken(seen(handled=handled)) == []


def test_the_same_seed_makes_the_same_happenings_and_another_one_others() -> None:
    assert happenings_of(7) == happenings_of(7)
    assert len({str(happenings_of(seed)) for seed in range(50)}) == 50
    steps = [step for seed in range(200) for step in happenings_of(seed).steps]
    assert any(isinstance(step, KillGateway) for step in steps)
    assert any(isinstance(step, KillPeer) for step in steps)


def test_happenings_are_reduced_to_what_still_fails() -> None:
    def fails(happenings: Happenings) -> bool:
        return any(isinstance(step, KillPeer) for step in happenings.steps)

    long = next(each for each in map(happenings_of, range(1000)) if fails(each))
    assert reduced(long, fails).steps == (KillPeer(),)
