"""Eight writers of one context, as the soak has them, for a short time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.soak.writers import LIBRARIES, faults


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_writers_end_up_with_one_value(seed: int) -> None:
    ends: Counter[str] = Counter()
    assert asyncio.run(faults(seed, 25, ends)) == []
    for library in set(LIBRARIES):
        assert ends[f"{library}: written"] > 0
