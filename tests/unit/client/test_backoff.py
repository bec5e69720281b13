"""How long to wait before the next attempt to connect."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.client.backoff import FIRST_DELAY, LONGEST_DELAY, delays


def first(count, randomness):
    return list(islice(delays(randomness), count))


def test_delay_doubles_up_to_the_longest():
    assert first(7, lambda: 1.0) == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5])


def test_delay_is_halved_at_most():
    assert first(6, lambda: 0.0) == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.75, 0.75])


def test_delays_go_on_for_ever():
    assert first(10_000, lambda: 1.0)[-1] == LONGEST_DELAY


def test_each_delay_is_spread_anew():
    numbers = iter([0.0, 0.5, 1.0])
    assert list(islice(delays(lambda: next(numbers)), 3)) == pytest.approx([0.05, 0.15, 0.4])


@settings(deadline=None, database=None, derandomize=True)
@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30))
def test_delay_is_within_its_bounds_whatever_the_randomness(numbers):
    source = iter(numbers)
    for delay in islice(delays(lambda: next(source)), len(numbers)):
        assert FIRST_DELAY / 2 <= delay <= LONGEST_DELAY


def test_peers_do_not_come_back_at_once_by_default():
    assert len({next(delays()) for _ in range(50)}) > 1
