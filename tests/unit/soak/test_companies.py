"""A gateway process and its peers, as the soak has them, for a short time."""

from __future__ import annotations

from random import SystemRandom

import pytest

from tests.soak.companies import soak_companies

SEQUENCES = 5
"""Among the first of them a peer and the gateway are killed."""


@pytest.mark.parametrize("first", [0, None], ids=["the same", "others each time"])
def test_no_promise_is_broken_whatever_happens_to_a_gateway(first: int | None) -> None:
    # Not as a parameter: workers have to find the same tests.
    seed = SystemRandom().randrange(1_000_000) if first is None else first
    said: list[str] = []
    assert soak_companies(seed, SEQUENCES, False, said.append) == [], "\n".join(said)
    assert said[-1].startswith(f"gateway: {SEQUENCES} of {SEQUENCES}, 0 failed")
