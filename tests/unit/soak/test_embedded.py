"""The soak of the shared gateway, short: one round with fewer processes."""

from __future__ import annotations

from tests.soak.embedded import carried_out


def test_there_is_always_one_gateway() -> None:
    # How long it takes on a machine that does much else is no subject of a test.
    done = carried_out(seed=1, processes=8, stops=(5.0,), longest_absence=10.0)
    assert done.faults == []
    assert len(done.absences) == 7
