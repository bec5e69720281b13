"""The soak of the shared gateway, short: fewer processes and rounds."""

from __future__ import annotations

import pytest

from tests.soak.embedded import carried_out


@pytest.mark.parametrize("seed", [1, 2])
def test_there_is_always_one_gateway(seed: int) -> None:
    # How long it takes on a machine that does much else is no subject of a test.
    done = carried_out(seed, processes=8, stops=(5.0,), longest_absence=10.0)
    assert done.faults == []
