"""
Whatever happens to a page in whatever order, nothing is lost, runs twice or gets stuck: some of the
sequences that ``make soak`` carries out.
"""

from __future__ import annotations

import pytest

from tests.soak.promise import faults
from tests.soak.sequences import sequence_of
from tests.soak.stage import carry_out
from tests.support.browser_pages import Browser


@pytest.mark.parametrize("seed", range(6))
def test_rnd001_the_promise_is_kept(browser: Browser, seed: int) -> None:
    sequence = sequence_of(seed)
    print(f"again: make soak ARGS='--seed {seed} --sequences 1'\n{sequence}")  # noqa: T201
    seen = carry_out(browser, sequence)
    browser.allow_failing_callbacks()
    browser.allow_lost_connections()
    browser.allow_unreadable_answers()
    browser.allow_in_console(r"status of (401|503)|Gateway error")
    assert faults(seen) == []
