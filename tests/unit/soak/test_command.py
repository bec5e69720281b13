"""The command line of the soak."""

from __future__ import annotations

import pytest

from tests.soak.__main__ import parse_options, report
from tests.soak.answers import Request
from tests.soak.promise import Seen


def test_two_hundred_sequences_of_a_new_seed_are_carried_out() -> None:
    options = parse_options([])
    assert (options.sequences, options.times, options.reduce) == (200, 1, False)
    assert (options.writers, options.minutes, options.only) == (100, 30.0, None)
    assert len({parse_options([]).seed for _ in range(20)}) > 1


def test_a_seed_is_repeated() -> None:
    options = parse_options(["--seed", "7", "--sequences", "1", "--times", "20", "--reduce"])
    assert (options.seed, options.sequences, options.times) == (7, 1, 20)
    assert options.reduce


@pytest.mark.parametrize("option", ["--sequences", "--times", "--writers"])
@pytest.mark.parametrize("number", ["0", "-1", "some"])
def test_numbers_of_nothing_are_refused(
    option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options([option, number])
    assert option in capsys.readouterr().err


def test_a_report_says_what_was_asked_for_and_what_went_wrong() -> None:
    seen = Seen(requests=[Request("note.invoke", 1001, "cut")])
    text = report(seen, ["1 calls with 1002 instead of 2"])
    assert "note.invoke 1001: cut" in text
    assert "1 calls with 1002 instead of 2" in text
